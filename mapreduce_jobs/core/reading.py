"""How a map task reads its images: those on HDFS ahead of their turn, and noting which it is at."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from hdfs_tools.record import Reference
from hdfs_tools.uri import encode_name, is_hdfs_uri

__all__ = ["Item", "noted", "read_ahead"]

_AHEAD = 4  # images read at the same time
_LARGE = 16 << 20  # bytes of an image, after which the next is not read until it is its turn


class Item(Protocol):
    """What an image's bytes can be had from."""

    def read(self) -> bytes:
        """Return the bytes."""


@dataclass(frozen=True)
class _Ahead:
    """An image that is being read."""

    reference: Reference
    data: "Future[bytes]"

    def read(self) -> bytes:
        return self.data.result()


def read_ahead(pairs: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
    """Read images on HDFS before it is their turn, a few at a time: each takes some milliseconds.

    Parameters
    ----------
    pairs : iterable of (str, Item)
        Names and record lines, which are not touched unless they refer to HDFS.

    Yields
    ------
    name : str
        As it came, in the order in which it came.
    item : Item
        What gives the bytes, or raises why not.
    """
    waiting: deque[tuple[str, Item]] = deque()
    ahead = _AHEAD
    with ThreadPoolExecutor(_AHEAD) as pool:
        for name, item in pairs:
            if isinstance(item, Reference) and is_hdfs_uri(item.location):
                item = _Ahead(item, pool.submit(item.read))
            waiting.append((name, item))
            while len(waiting) > ahead or (waiting and not isinstance(waiting[0][1], _Ahead)):
                turn = waiting.popleft()
                yield turn
                ahead = 0 if _is_large(turn[1]) else _AHEAD
        yield from waiting


def _is_large(item: Item) -> bool:
    if not isinstance(item, _Ahead) or not item.data.done() or item.data.exception():
        return False
    return len(item.data.result()) > _LARGE


def _place(item: Item) -> str:
    reference = item.reference if isinstance(item, _Ahead) else item
    if isinstance(reference, Reference) and is_hdfs_uri(reference.location):
        return reference.location
    return ""  # it lies where the job's launcher put it


def noted(
    pairs: Iterable[tuple[str, Item]], environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, Item]]:
    """Note in a file which image a task is at, for the case that it does not survive it.

    On YARN, the file ``image`` among the task's logs: name, TAB, where the image is.

    Parameters
    ----------
    pairs : iterable of (str, Item)
        Names and where the bytes are.
    environ : mapping, optional
        Environment variables.
    """
    folder = environ.get("LOG_DIRS", "").partition(",")[0]
    if not os.path.isdir(folder):
        yield from pairs
        return
    bundle = environ.get("mapreduce_map_input_file", "")
    with open(os.path.join(folder, "image"), "wb", buffering=0) as file:
        for name, item in pairs:
            place = _place(item) or bundle
            note = f"{encode_name(name)}\t{place}".encode("utf-8", "surrogateescape")
            os.pwrite(file.fileno(), note, 0)
            os.truncate(file.fileno(), len(note))
            yield name, item
        os.truncate(file.fileno(), 0)
