"""Inputs as users name them: paths, URIs and patterns, on this machine or on HDFS."""

import os
import posixpath
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hdfs_tools.errors import HdfsToolsError, NoMatch, NotFound
from hdfs_tools.location import Location
from mapreduce_jobs.core.job_errors import UsageError

if TYPE_CHECKING:  # it is slow to import, and only for what is on HDFS
    from hdfs_tools.copying.trees import Entry

__all__ = ["Entries", "is_stream", "named", "usage_errors", "walk"]

_LIST_FROM = 20  # files of one directory of HDFS, from which on it is listed


def named(argument: str) -> list[Location]:
    """Return what an argument names: itself, or what matches the pattern, sorted."""
    with usage_errors(argument):
        return Location.of(argument).expand()


@contextmanager
def usage_errors(argument: str) -> Iterator[None]:
    """Raise `UsageError`, which names what the user asked for, where it cannot be read."""
    try:
        yield
    except NoMatch:
        raise UsageError(f"{argument}: no file matches this pattern") from None
    except NotFound:
        raise UsageError(f"{argument}: no such file or directory") from None
    except (HdfsToolsError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{argument}: {reason}") from None


def walk(directory: Location) -> "Iterator[Entry]":
    """Iterate over the files in a directory; UsageError if it cannot be listed."""
    try:
        yield from directory.walk()
    except OSError as error:
        where = error.filename if directory.is_local else directory.text
        raise UsageError(f"{where}: cannot be listed: {error.strerror}") from None


def is_stream(location: Location) -> bool:
    """Return whether something can be read only once: a pipe, or a terminal."""
    if not location.is_local:
        return False
    try:
        mode = os.stat(location.path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


class Entries:
    """What is known of files; of many in one directory of HDFS it is asked for all at once."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._directory = ""
        self._listed: dict[str, Entry] = {}

    def of(self, uri: str) -> "Entry | None":
        """Return what is known of a file; None, or an OSError, where there is none."""
        location = Location.of_uri(uri)
        if location.is_local:
            return location.entry()
        directory = location.at(posixpath.dirname(location.path))
        self._asked[directory.text] += 1
        if self._asked[directory.text] < _LIST_FROM:
            return location.entry()
        if directory.text != self._directory:
            children = directory.tree.children("")
            self._listed = {entry.name: entry for entry in children}
            self._directory = directory.text
        return self._listed.get(posixpath.basename(location.path))
