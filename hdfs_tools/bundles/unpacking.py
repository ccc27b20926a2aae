"""unpack: the images of a bundle back to files, here and on HDFS."""

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, starmap
from tempfile import TemporaryDirectory

from hdfs_tools.bundles.archives import check_name
from hdfs_tools.bundles.bundle_index import Member, members, pieces_of, scanned
from hdfs_tools.bundles.compressed import is_compressed, spool
from hdfs_tools.bundles.record import Reference, parse_line
from hdfs_tools.copying.local_tree import LocalTree
from hdfs_tools.copying.transfer import Meter
from hdfs_tools.copying.trees import Entry
from hdfs_tools.errors import NotFound, TransferFailed, UnsafeName
from hdfs_tools.location import Location
from hdfs_tools.parallel import for_each
from hdfs_tools.storage import Source
from hdfs_tools.streams import IN_MEMORY

__all__ = ["unpack"]

_THREADS = 8


def unpack(
    bundle: "str | os.PathLike[str]",
    directory: "str | os.PathLike[str]",
    names: Collection[str] = (),
    meter: Meter | None = None,
) -> int:
    """Write the images of a bundle back as files, byte for byte.

    Each file appears under its name only when it is whole. One that fails does not keep the others
    from being written.

    Parameters
    ----------
    bundle : path or URI
        A file of record lines, which Hadoop may have compressed; a relative reference is relative
        to the bundle's directory.
    directory : path or URI
        Where to write. It is made if need be; files in it are not overwritten.
    names : collection of str, optional
        Which images; by default all.
    meter : Meter, optional
        Receives progress.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    TransferFailed
        Images could not be written: a record is damaged, a name would lead out of `directory`, a
        file exists already, none has a name that was asked for. Each is named.
    """
    source = Location.of(bundle)
    source.entry()
    base = os.path.dirname(source.text if source.storage else source.path)
    with ExitStack() as stack:
        if is_compressed(source.path):
            source = spool(source, stack.enter_context(TemporaryDirectory()))
        work = _Unpacking(source, base, Location.of(directory), meter or Meter())
        for_each(
            _THREADS,
            work.one,
            work.chosen(names) if names else work.all(),
            failed=lambda image, error: work.fail(image.member.name, error),
            size=lambda image: image.member.length,
        )
    if work.failures:
        raise TransferFailed(tuple(work.failures))
    return work.count


@dataclass
class _Image:
    """An image to write, with its line as long as that is in memory."""

    member: Member
    line: bytes | None = None


class _Unpacking:
    """One run of `unpack`."""

    def __init__(self, source: Location, base: str, target: Location, meter: Meter) -> None:
        self.count = 0
        self.failures: list[tuple[str, Exception]] = []
        self._source = source
        self._base = base
        self._target = target.tree
        self._meter = meter
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._target.make_directory("")

    def all(self) -> "Iterator[_Image]":
        """Iterate over all images of the bundle."""
        with self._source.open() as file:
            yield from starmap(_Image, scanned(file))

    def chosen(self, names: Collection[str]) -> "Iterator[_Image]":
        """Iterate over some images."""
        missing = set(names)
        for member in members(self._source):
            if member.name in missing:
                missing.discard(member.name)
                yield _Image(member)
        for name in sorted(missing):
            self.fail(name, NotFound(name, f"no image of {self._source.text}"))

    def one(self, image: "_Image") -> None:
        """Write an image."""
        name = image.member.name
        check_name(name)
        source: Source = partial(self._pieces, image)
        if image.member.length <= IN_MEMORY:
            source = b"".join(self._pieces(image))
        self._make_directories(os.path.dirname(name))
        self._target.write(Entry(name), source, False, True, None)
        self._meter.done(name)
        with self._lock:
            self.count += 1

    def _pieces(self, image: "_Image") -> Iterator[bytes]:
        line, image.line = image.line, None  # it may be tried again, much later
        for piece in pieces_of(self._source, image.member) if line is None else self._read(line):
            self._meter.add(len(piece))
            yield piece

    def _read(self, line: bytes) -> Iterator[bytes]:
        item = parse_line(line)
        yield (item.within(self._base) if isinstance(item, Reference) else item).read()

    def _make_directories(self, name: str) -> None:
        """Make the directories of a file; a link among them might lead out of the target."""
        if not name:
            return
        with self._lock:
            for directory in accumulate(name.split("/"), "{}/{}".format):
                if directory in self._made:
                    continue
                if isinstance(self._target, LocalTree) and os.path.islink(
                    self._target.path(directory)
                ):
                    raise UnsafeName(f"{name!r}: a link in the directory leads this name out of it")
                self._target.make_directory(directory)
                self._made.add(directory)

    def fail(self, name: str, error: Exception) -> None:
        """Take note of an image that cannot be written."""
        with self._lock:
            self.failures.append((name, error))
        self._meter.failed(name, error)
