"""HDFS over HTTP: WebHDFS."""

from hdfs_tools.webhdfs.client import WebHDFS, connect_to

__all__ = ["WebHDFS", "connect_to"]
