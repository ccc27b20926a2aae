"""The runner of jobs on Hadoop."""
