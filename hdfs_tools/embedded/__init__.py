"""The embedded store: a folder of this machine that behaves like HDFS."""

from hdfs_tools.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
