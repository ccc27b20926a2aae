"""Runners of jobs: in one process, on all cores, on Hadoop, on Spark."""
