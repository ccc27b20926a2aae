"""unpack: the images of a bundle back to files, here and on HDFS."""

import os
import threading
from collections.abc import Collection, Iterator
from functools import partial
from itertools import accumulate

from hdfs_tools.archives import check_name
from hdfs_tools.bundle_index import Member, members, pieces_of, scanned
from hdfs_tools.errors import HdfsToolsError, NotFound, TransferFailed, UnsafeName
from hdfs_tools.filesystem import Source
from hdfs_tools.local_tree import LocalTree
from hdfs_tools.location import Location
from hdfs_tools.parallel import for_each
from hdfs_tools.record import Record, Reference, parse_line
from hdfs_tools.streams import IN_MEMORY
from hdfs_tools.transfer import Meter
from hdfs_tools.trees import Entry

__all__ = ["unpack"]

_THREADS = 8


def unpack(
    bundle: "str | os.PathLike[str]",
    folder: "str | os.PathLike[str]",
    names: Collection[str] = (),
    meter: Meter | None = None,
) -> int:
    """Write the images of a bundle back as files, byte for byte.

    Each file appears under its name only when it is whole. One that fails does not keep the others
    from being written.

    Parameters
    ----------
    bundle : path or URI
        A file of record lines; a relative reference is relative to the bundle's folder.
    folder : path or URI
        Where to write. It is made if need be; files in it are not overwritten.
    names : collection of str, optional
        Which images; by default all.
    meter : Meter, optional
        Is told how far it is.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    TransferFailed
        Images could not be written: a record is damaged, a name would lead out of `folder`, a file
        exists already, none has a name that was asked for. Each is named.
    """
    source = Location.of(bundle)
    source.entry()
    work = _Unpacking(source, Location.of(folder), meter or Meter())
    for_each(_THREADS, work.one, work.chosen(names) if names else work.all())
    if work.failures:
        raise TransferFailed(tuple(work.failures))
    return work.count


class _Unpacking:
    """One run of `unpack`."""

    def __init__(self, source: Location, target: Location, meter: Meter) -> None:
        self.count = 0
        self.failures: list[tuple[str, Exception]] = []
        self._source = source
        self._base = os.path.dirname(source.text if source.storage else source.path)
        self._target = target.tree
        self._meter = meter
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._target.make_folder("")

    def all(self) -> Iterator[bytes | Member]:
        """Iterate over all images of the bundle: a line each or, if it is large, where it is."""
        with self._source.open() as file:
            yield from scanned(file)

    def chosen(self, names: Collection[str]) -> Iterator[Member]:
        """Iterate over some images."""
        missing = set(names)
        for member in members(self._source):
            if member.name in missing:
                missing.discard(member.name)
                yield member
        for name in sorted(missing):
            self._fail(name, NotFound(name, f"no image of {self._source.text}"))

    def one(self, image: bytes | Member) -> None:
        """Write an image."""
        item: Record | Reference | Member = (
            image if isinstance(image, Member) else parse_line(image)
        )
        name = item.name
        try:
            check_name(name)
            source: Source = partial(self._pieces, item)
            if not isinstance(item, Member) or item.length <= IN_MEMORY:
                source = b"".join(self._pieces(item))
            self._make_folders(os.path.dirname(name))
            self._target.write(Entry(name), source, False, True, None)
        except (OSError, HdfsToolsError) as error:
            self._fail(name, error)
            return
        self._meter.done(name)
        with self._lock:
            self.count += 1

    def _pieces(self, item: Record | Reference | Member) -> Iterator[bytes]:
        if isinstance(item, Member):
            pieces = pieces_of(self._source, item)
        else:
            pieces = iter(
                [(item.within(self._base) if isinstance(item, Reference) else item).read()]
            )
        for piece in pieces:
            self._meter.add(len(piece))
            yield piece

    def _make_folders(self, name: str) -> None:
        """Make the folders of a file; a link among them might lead out of the target."""
        if not name:
            return
        with self._lock:
            for folder in accumulate(name.split("/"), "{}/{}".format):
                if folder in self._made:
                    continue
                if isinstance(self._target, LocalTree) and os.path.islink(
                    self._target.path(folder)
                ):
                    raise UnsafeName(f"{name!r}: a link in the folder leads this name out of it")
                self._target.make_folder(folder)
                self._made.add(folder)

    def _fail(self, name: str, error: Exception) -> None:
        with self._lock:
            self.failures.append((name, error))
        self._meter.failed(name, error)
