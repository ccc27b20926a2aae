"""The runner of jobs on Spark."""
