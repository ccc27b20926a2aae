"""The storage side of the toolkit: record lines, bundles, and the HDFS client."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdfs_tools.connecting import connect

__all__ = ["connect"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "connect":  # what is behind it takes a quarter of a second to import
        from hdfs_tools.connecting import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
