"""Each peer side by side with this project, on the same work: ``python -m benchmarks``."""
