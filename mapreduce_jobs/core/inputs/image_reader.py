"""Reading of images in a map task: ahead from HDFS, with a note of the one it is at."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from hdfs_tools.bundles.record import Record, Reference
from hdfs_tools.uri import encode_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from mapreduce_jobs.imaging.dicom.header import Beginning

__all__ = ["Item", "noted", "read_ahead"]

_AHEAD = 4  # images read at the same time
_LARGE = 16 << 20  # bytes of an image, after which the next is not read until it is its turn


@dataclass(frozen=True)
class Item:
    """An image of a task's input, and what has been read of it.

    Attributes
    ----------
    source : Record or Reference
        Where its bytes are.
    beginning : Beginning, optional
        Its format and header, where they have been read.
    data, file : Future, optional
        Its bytes, or a file object over them, that are being read.
    error : Exception, optional
        Why it cannot be read.
    seen : callable, optional
        Receives its bytes when they are read, or the exception.
    """

    source: Record | Reference
    beginning: "Beginning | None" = None
    data: "Future[bytes] | None" = None
    file: "Future[BinaryIO] | None" = None
    error: Exception | None = None
    seen: Callable[[bytes | Exception], None] | None = None

    @property
    def header(self) -> "Dataset | None":
        """Its header, where that has been read and it has one."""
        return self.beginning.header if self.beginning else None

    @property
    def location(self) -> str:
        """Where it lies, if that is on HDFS; else it is where the job's launcher put it."""
        source = self.source
        return source.location if isinstance(source, Reference) and source.is_remote else ""

    def read(self) -> bytes:
        """Return all its bytes, or raise why not."""
        if self.seen is None:
            return self._read()
        try:
            data = replace(self, error=None)._read()  # of what has a broken header, the bytes too
        except Exception as error:
            self.seen(error)
            raise self.error or error from None
        self.seen(data)
        if self.error is not None:
            raise self.error
        return data

    def _read(self) -> bytes:
        if self.error is not None:
            raise self.error
        return self.source.read() if self.data is None else self.data.result()

    def open(self) -> BinaryIO:
        """Return a file object, or raise why not; no more is read than is asked of it."""
        if self.error is not None:
            raise self.error
        if self.file is not None:
            return self.file.result()
        return self.source.open() if self.data is None else io.BytesIO(self.data.result())


def read_ahead(
    items: Iterable[tuple[str, Item]], headers: bool = False
) -> Iterator[tuple[str, Item]]:
    """Read images on HDFS before it is their turn, a few at a time: each takes some milliseconds.

    Parameters
    ----------
    items : iterable of (str, Item)
        Images by name. Those that are not on HDFS stay as they are.
    headers : bool, optional
        Whether only their first bytes are wanted, which hold the header.

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
        for name, item in items:
            if item.location and item.data is None and item.error is None:
                if headers:
                    item = replace(item, file=pool.submit(_begun, item))
                else:
                    item = replace(item, data=pool.submit(item.source.read))
            waiting.append((name, item))
            while len(waiting) > ahead or (waiting and not _is_ahead(waiting[0][1])):
                turn = waiting.popleft()
                yield turn
                ahead = 0 if _is_large(turn[1]) else _AHEAD
        yield from waiting


def _begun(item: Item) -> BinaryIO:
    """Open an image and read its first bytes, which the file object keeps."""
    file: Any = item.source.open()
    file.peek(1)
    return file


def _is_ahead(item: Item) -> bool:
    return item.data is not None or item.file is not None


def _is_large(item: Item) -> bool:
    if item.data is None or not item.data.done() or item.data.exception():
        return False
    return len(item.data.result()) > _LARGE


def noted(
    items: Iterable[tuple[str, Item]], environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, Item]]:
    """Note in a file which image a task is at, for the case that it does not survive it.

    On YARN, the file ``image`` among the task's logs: name, TAB, where the image is.

    Parameters
    ----------
    items : iterable of (str, Item)
        Images by name.
    environ : mapping, optional
        Environment variables.
    """
    directory = environ.get("LOG_DIRS", "").partition(",")[0]
    if not os.path.isdir(directory):
        yield from items
        return
    bundle = environ.get("mapreduce_map_input_file", "")
    with open(os.path.join(directory, "image"), "wb", buffering=0) as file:
        for name, item in items:
            location = item.location or bundle
            note = f"{encode_name(name)}\t{location}".encode("utf-8", "surrogateescape")
            os.pwrite(file.fileno(), note, 0)
            os.truncate(file.fileno(), len(note))
            yield name, item
        os.truncate(file.fileno(), 0)
