"""Pure functions on images; knows neither mrjob nor HDFS."""
