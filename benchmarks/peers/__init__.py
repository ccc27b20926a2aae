"""The peers: each a program that does a job's work without this project's way of running it."""
