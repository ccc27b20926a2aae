"""The base classes of jobs, their options and protocols."""
