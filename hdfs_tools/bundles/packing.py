"""pack: images into bundles, here and on HDFS."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from hdfs_tools.bundles.archives import check_name, is_archive_name, members
from hdfs_tools.bundles.bundle import is_bundle_name
from hdfs_tools.bundles.bundle_index import IndexWriter
from hdfs_tools.bundles.record import Reference, bundle_pieces, room_of
from hdfs_tools.copying.temporary import is_by_product
from hdfs_tools.copying.transfer import Meter
from hdfs_tools.copying.trees import Entry
from hdfs_tools.errors import Exists, HdfsToolsError, TooLarge, TransferFailed, UnsafeName
from hdfs_tools.location import Location
from hdfs_tools.parallel import Pool
from hdfs_tools.streams import IN_MEMORY, gathered, pieces_of

__all__ = ["pack"]

_THREADS = 8
_MAX_NAMED = 100  # failures of one pack that are collected before it ends


class Image(NamedTuple):
    """An image to put into a bundle.

    Attributes
    ----------
    name : str
        Its name there.
    location : str
        Where it is, for people.
    size : int
        Bytes; 0 where they are not known.
    pieces : callable
        Returns its bytes, in pieces.
    in_turn : bool
        Whether it can be read only when it is its turn.
    """

    name: str
    location: str
    size: int
    pieces: Callable[[], Iterable[bytes]]
    in_turn: bool = False


def pack(
    sources: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]",
    bundle: "str | os.PathLike[str]",
    size: int | None = None,
    meter: Meter | None = None,
) -> int:
    """Write images into a bundle, or into several.

    A bundle appears under its name only when it is whole: with every image, or not at all. Beside
    it an index is written (`hdfs_tools.bundles.bundle_index`).

    Parameters
    ----------
    sources : path or URI, or several
        Directories, files, globs; ZIP and TAR archives; here or on HDFS. The images of a directory
        or of an archive are named by their path in it, a file by its base name.
    bundle : path or URI
        What to write; it must not exist.
    size : int, optional
        If given, `bundle` is a directory of bundles, ``part-00000.bundle`` and so on, of about so
        many bytes each.
    meter : Meter, optional
        Receives progress.

    Returns
    -------
    int
        Number of images.

    Raises
    ------
    TransferFailed
        Images could not be read, or would leave the directory they are unpacked into; each is
        named.
    """
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    target = Location.of(bundle)
    if size is None and not is_bundle_name(target.path):
        raise UnsafeName(f"{target.text}: jobs know a bundle by its name, which ends with .bundle")
    if target.tree.entry(""):
        raise Exists(target.text)
    packing = _Packing([os.fspath(source) for source in sources], target, meter or Meter())
    if size is None:
        return packing.write(target)
    with target.directory_when_whole() as directory:
        return packing.write_parts(directory, size)


class _Packing:
    """One run of `pack`."""

    def __init__(self, sources: list[str], target: Location, meter: Meter) -> None:
        self._sources = sources
        self._target = target
        self._meter = meter
        self._failures: list[tuple[str, Exception]] = []
        self._packed = 0
        self._images = self._from(0)

    def write(self, bundle: Location, size: int | None = None) -> int:
        """Write images into a bundle, all or until it is full; return their number.

        Parameters
        ----------
        bundle : Location
            The bundle.
        size : int, optional
            Bytes that fill it.
        """
        index = IndexWriter()
        tries = 0

        def lines() -> Iterator[bytes]:
            nonlocal tries
            tries += 1
            if tries > 1:  # sending failed on the way
                self._images = self._from(self._packed)
            index.begin_anew()
            while size is None or index.position < max(size, 1):
                image = next(self._images, None)
                if image is None:
                    break
                for piece in self._record(image):
                    index.add(piece)
                    yield piece
            if self._failures:
                raise TransferFailed(tuple(self._failures))

        with index, bundle.staged(lambda: gathered(lines())) as found:
            index.write(bundle, found)
        self._packed += index.count
        return index.count

    def write_parts(self, directory: Location, size: int) -> int:
        """Write all images into bundles of about `size` bytes; return their number."""
        number = 0
        while True:
            first = next(self._images, None)
            if first is None and number:
                return self._packed
            self._images = chain([first] if first else [], self._images)
            self.write(directory.beneath(f"part-{number:05d}.bundle"), size)
            number += 1

    def _record(self, image: Image) -> Iterator[bytes]:
        """Iterate over the record of an image; nothing more comes of one that fails."""
        try:
            check_name(image.name)
            if image.size > room_of(image.name):
                raise TooLarge
            yield from bundle_pieces(image.name, self._counted(image))
        except (OSError, HdfsToolsError) as error:
            if isinstance(error, OSError) and error.filename:
                error.filename = image.location
            self._failures.append((image.location, error))
            self._meter.failed(image.location, error)
            if len(self._failures) >= _MAX_NAMED:
                raise TransferFailed(tuple(self._failures)) from None
        else:
            self._meter.done(image.location)

    def _counted(self, image: Image) -> Iterator[bytes]:
        for piece in image.pieces():
            self._meter.add(len(piece))
            yield piece

    # Where images come from

    def _from(self, number: int) -> Iterator[Image]:
        """Iterate over the images from one on."""
        self._failures.clear()
        images = chain.from_iterable(map(self._of_source, self._sources))
        return _ahead(islice(images, number, None))

    def _of_source(self, source: str) -> Iterator[Image]:
        for location in Location.of(source).expand():
            entry = location.entry()
            if entry.is_directory:
                yield from self._of_directory(location)
            elif is_archive_name(location.path):
                is_zip = location.path.lower().endswith(".zip")
                with location.open_seekable() if is_zip else location.open() as file:
                    for name, size, pieces in members(location.path, file):
                        yield Image(name, f"{location.text}/{name}", size, pieces, in_turn=True)
            else:
                name = os.path.basename(location.path)
                yield Image(name, location.text, entry.size, partial(_pieces, location))

    def _of_directory(self, directory: Location) -> Iterator[Image]:
        written = os.path.dirname(self._target.path) if self._target.is_local else ""
        found: Iterable[Entry] = directory.walk()
        if f"{written}/".startswith(f"{directory.path}/"):
            found = list(found)  # before there is a temporary file among them
        for entry in found:
            if not is_by_product(entry.name):
                image = directory.beneath(entry.name)
                yield Image(entry.name, image.text, entry.size, partial(_pieces, image))


def _pieces(location: Location) -> Iterator[bytes]:
    if location.storage:
        yield from location.storage.chunks(location.path)
        return
    with Reference(location.path).open() as file:
        yield from pieces_of(file, location.path)


def _ahead(images: Iterator[Image]) -> Iterator[Image]:
    """Read images a few at a time, before it is their turn; each takes some milliseconds."""
    waiting: deque[Image] = deque()
    with Pool(_THREADS) as pool:
        for image in images:
            if image.in_turn or image.size > IN_MEMORY:
                yield from waiting
                waiting.clear()
                yield image
                continue
            data = pool.submit(_whole, image.pieces)
            waiting.append(image._replace(pieces=partial(_one, data)))
            if len(waiting) > _THREADS:
                yield waiting.popleft()
        yield from waiting


def _whole(pieces: Callable[[], Iterable[bytes]]) -> bytes:
    return b"".join(pieces())


def _one(data: "Future[bytes]") -> Iterator[bytes]:
    yield data.result()
