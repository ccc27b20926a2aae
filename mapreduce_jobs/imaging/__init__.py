"""Pure functions on images; knows neither mrjob nor HDFS."""

MAX_PIXELS = 1_000_000_000
"""Default limit of an image's size: frames × rows × columns."""
