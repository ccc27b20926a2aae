"""The embedded store: a directory of this machine that behaves like HDFS."""

from hdfs_tools.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
