"""pack: images into bundles, here and on HDFS."""

import glob
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from hdfs_tools.archives import check_name, is_archive_name, members
from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.bundle_index import IndexWriter
from hdfs_tools.errors import Exists, HdfsToolsError, NotFound, TransferFailed, UnsafeName
from hdfs_tools.folders import walk_files
from hdfs_tools.globbing import has_magic
from hdfs_tools.location import Location
from hdfs_tools.parallel import Pool
from hdfs_tools.record import Reference, bundle_line
from hdfs_tools.streams import gathered
from hdfs_tools.temporary import is_by_product
from hdfs_tools.transfer import Meter

__all__ = ["pack"]

_THREADS = 8
_MOST_NAMED = 100  # failures of one pack that are collected before it ends


class Image(NamedTuple):
    """An image to put into a bundle: its name there, where it is for people, what reads it."""

    name: str
    place: str
    read: Callable[[], bytes]


def pack(
    sources: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]",
    bundle: "str | os.PathLike[str]",
    size: int | None = None,
    meter: Meter | None = None,
) -> int:
    """Write images into a bundle, or into several.

    A bundle appears under its name only when it is whole: with every image, or not at all. Beside
    it an index is written (`hdfs_tools.bundle_index`).

    Parameters
    ----------
    sources : path or URI, or several
        Folders, files, globs; ZIP and TAR archives; here or on HDFS. The images of a folder or of
        an archive are named by their path in it, a file by its base name.
    bundle : path or URI
        What to write; it must not exist.
    size : int, optional
        If given, `bundle` is a folder of bundles, ``part-00000.bundle`` and so on, of about so
        many bytes each.
    meter : Meter, optional
        Is told how far it is.

    Returns
    -------
    int
        Number of images.

    Raises
    ------
    TransferFailed
        Images could not be read, or would leave the folder they are unpacked into; each is named.
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
    with target.folder_when_whole() as folder:
        return packing.write_parts(folder, size)


class _Packing:
    """One run of `pack`."""

    def __init__(self, sources: list[str], target: Location, meter: Meter) -> None:
        self._sources = sources
        self._target = target
        self._meter = meter
        self._failures: list[tuple[str, Exception]] = []

    def write(self, bundle: Location) -> int:
        """Write all images into one bundle; return their number."""
        return self._write(bundle, None, self._images, None)

    def write_parts(self, folder: Location, size: int) -> int:
        """Write all images into bundles of about `size` bytes; return their number."""
        images = self._images()
        count = number = 0
        while True:
            first = next(images, None)
            if first is None and number:
                return count
            rest = chain([first] if first else [], images)
            bundle = folder.beneath(f"part-{number:05d}.bundle")
            count += self._write(bundle, rest, partial(self._from, count), size)
            number += 1

    def _from(self, number: int) -> Iterator[Image]:
        return islice(self._images(), number, None)

    def _write(
        self,
        bundle: Location,
        images: Iterator[Image] | None,
        anew: Callable[[], Iterator[Image]],
        size: int | None,
    ) -> int:
        """Write images into a bundle, until it is full; return their number.

        Parameters
        ----------
        bundle : Location
            The bundle.
        images : iterator, optional
            The images; what the bundle does not hold is left in it.
        anew : callable
            Returns the images again, should sending fail on the way.
        size : int, optional
            Bytes that fill it.
        """
        index = IndexWriter()

        def lines() -> Iterator[bytes]:
            nonlocal images
            index.begin_anew()
            these, images = images or anew(), None
            while size is None or index.position < max(size, 1):
                image = next(these, None)
                if image is None:
                    break
                line = self._line(image)
                if line:
                    index.add(line)
                    yield line
            if self._failures:
                raise TransferFailed(tuple(self._failures))

        with index:
            bundle.write(lambda: gathered(lines()))
            index.write(bundle)
            return index.count

    def _line(self, image: Image) -> bytes:
        try:
            check_name(image.name)
            data = image.read()
        except (OSError, HdfsToolsError) as error:
            if isinstance(error, OSError) and error.filename:
                error.filename = image.place
            self._failures.append((image.place, error))
            self._meter.failed(image.place, error)
            if len(self._failures) >= _MOST_NAMED:
                raise TransferFailed(tuple(self._failures)) from None
            return b""
        self._meter.add(len(data))
        self._meter.done(image.place)
        return bundle_line(image.name, data)

    # Where images come from

    def _images(self) -> Iterator[Image]:
        self._failures.clear()
        return _ahead(chain.from_iterable(map(self._of_source, self._sources)))

    def _of_source(self, source: str) -> Iterator[Image]:
        for place in _named(source):
            entry = place.entry()
            if entry.is_folder:
                yield from self._of_folder(place)
            elif is_archive_name(place.path):
                is_zip = place.path.lower().endswith(".zip")
                with place.open_seekable() if is_zip else place.open() as file:
                    for name, read in members(place.path, file):
                        yield Image(name, f"{place.text}/{name}", _Now(read))
            else:
                yield Image(os.path.basename(place.path), place.text, partial(_read, place))

    def _of_folder(self, folder: Location) -> Iterator[Image]:
        written = os.path.dirname(self._target.path) if not self._target.storage else ""
        if folder.storage:
            root = folder.path.rstrip("/") + "/"
            for found in folder.storage.walk(folder.path):
                if not is_by_product(found.name):
                    read = partial(folder.storage.read, found.path)
                    yield Image(found.path.removeprefix(root), found.path, read)
            return
        names: Iterable[tuple[str, int]] = walk_files(folder.path)
        if f"{written}/".startswith(f"{folder.path}/"):
            names = list(names)  # before there is a temporary file among them
        for name, _ in names:
            if not is_by_product(name):
                file = Reference(f"{folder.path}/./{name}")
                yield Image(name, f"{folder.text}/{name}", file.read)


def _named(source: str) -> Iterator[Location]:
    """Iterate over what a path, URI or glob names."""
    place = Location.of(source)
    if place.tree.entry("") or not has_magic(place.path):
        yield place
        return
    if place.storage:
        found = sorted(entry.path for entry in place.storage.glob(place.path))
    else:
        found = sorted(glob.glob(place.path, recursive=True))
    if not found:
        raise NotFound(source, "nothing matches this pattern")
    for path in found:
        yield Location(path, path, place.storage)


def _read(place: Location) -> bytes:
    return place.storage.read(place.path) if place.storage else Reference(place.path).read()


class _Now:
    """What must be read when it is its turn, and not ahead."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self.read = read

    def __call__(self) -> bytes:
        return self.read()


def _ahead(images: Iterator[Image]) -> Iterator[Image]:
    """Read images a few at a time, before it is their turn; each takes some milliseconds."""
    waiting: deque[Image] = deque()
    with Pool(_THREADS) as pool:
        for image in images:
            if isinstance(image.read, _Now):
                yield from waiting
                waiting.clear()
                yield image
                continue
            waiting.append(image._replace(read=pool.submit(image.read).result))
            if len(waiting) > _THREADS:
                yield waiting.popleft()
        yield from waiting
