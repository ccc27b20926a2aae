"""The storage side of the toolkit: record lines, bundles, and (to come) the HDFS client."""

__version__ = "0.1.0"
