"""Bundles: files of record lines, which hold many images; see `hdfs_tools.bundles.record`."""

import os
import re
from collections.abc import Iterator
from typing import IO

from hdfs_tools.bundles.compressed import name_within
from hdfs_tools.errors import Changed
from hdfs_tools.location import Location
from hdfs_tools.streams import CHUNK

__all__ = [
    "bytes_between",
    "holds_records",
    "is_bundle_name",
    "lines_between",
    "open_at",
    "shorter",
]

_BUNDLE_NAME = re.compile(r".+\.bundle|part-(?:[mr]-)?\d{5,}", re.DOTALL)


def is_bundle_name(name: str) -> bool:
    """Return whether a file's name is one of record lines: ``*.bundle``, a job's ``part-00000``.

    >>> is_bundle_name("scans.bundle"), is_bundle_name("part-00000"), is_bundle_name("part-1.png")
    (True, True, False)
    """
    return _BUNDLE_NAME.fullmatch(os.path.basename(name)) is not None


def holds_records(name: str) -> bool:
    """Return whether a file's name is one of record lines, compressed by Hadoop or not.

    >>> holds_records("part-00000.gz"), holds_records("scans.bundle"), holds_records("a.gz")
    (True, True, False)
    """
    return is_bundle_name(name_within(name))


def lines_between(location: str, start: int, length: int) -> Iterator[bytes]:
    """Iterate over the lines that begin in a span of bytes, as Hadoop reads its splits.

    Spans that cover a file, whatever their borders, give every line exactly once.

    Parameters
    ----------
    location : str
        Path of a local file, or the URI of one on HDFS.
    start, length : int
        The span, in bytes.

    Yields
    ------
    bytes
        A line, with its line end; the last may reach beyond the span.

    Raises
    ------
    Changed
        The file ends before the span does.
    """
    # A line that begins at `start` follows the line end just before it.
    position = max(0, start - 1)
    with open_at(location, position) as file:
        if start:
            position += len(file.readline())
        while position < start + length:
            line = file.readline()
            if not line:
                raise shorter(location, position - start, length)
            position += len(line)
            yield line


def bytes_between(location: str, start: int, length: int, at_once: int = CHUNK) -> Iterator[bytes]:
    """Iterate over a span of bytes, some at once.

    Parameters, and what is raised, are those of `lines_between`.
    """
    position = start
    with open_at(location, start) as file:
        while position < start + length:
            piece = file.read(min(at_once, start + length - position))
            if not piece:
                raise shorter(location, position - start, length)
            position += len(piece)
            yield piece


def shorter(location: str, found: int, length: int) -> Changed:
    """Return the error for a span of a file in which there are fewer bytes than once were."""
    words = f"it became shorter while it was read: {max(0, found)} of {length} bytes are there"
    return Changed(location, words)


def open_at(location: str, start: int = 0) -> IO[bytes]:
    """Open a file for reading from a position on.

    Parameters
    ----------
    location : str
        Path of a local file, or the URI of one on HDFS.
    start : int, optional
        Position in bytes.

    Returns
    -------
    binary file
        At that position.
    """
    return Location.of_uri(location).open(start)
