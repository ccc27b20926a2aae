"""Pairs of images of two inputs, by their names."""

import os
import posixpath
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile

from hdfs_tools.bundles.bundle import lines_between, open_at
from hdfs_tools.bundles.compressed import is_compressed, spool
from hdfs_tools.bundles.record import Reference, parse_line
from hdfs_tools.location import Location
from hdfs_tools.uri import encode_name
from mapreduce_jobs.core.inputs.assignment import assign_images
from mapreduce_jobs.core.inputs.splits import Span, record_lines
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["Pair", "Pairs", "Source", "paired", "sources"]


@dataclass(frozen=True)
class Source:
    """Where an image is; its bytes are read when they are asked for.

    Attributes
    ----------
    name : str
        The image's name.
    location : Reference or Span
        Its file, or its line in a bundle.
    """

    name: str
    location: Reference | Span

    def read(self) -> bytes:
        """Return the image's bytes; an OSError or HdfsToolsError says why there are none."""
        if isinstance(self.location, Reference):
            return self.location.read()
        with open_at(self.location.location, self.location.start) as bundle:
            return parse_line(bundle.read(self.location.length)).read()


@dataclass(frozen=True)
class Pair:
    """Two images that are compared.

    Attributes
    ----------
    name : str
        The name that both have, or that the first has.
    one, other : Source
        The original, and what was made of it.
    """

    name: str
    one: Source
    other: Source


@dataclass(frozen=True)
class Pairs:
    """Images of two inputs, in pairs.

    Attributes
    ----------
    pairs : list of Pair
        In the order of their names.
    alone : list of (str, Source)
        What has no partner: ``"first"`` or ``"second"``, the input that it is in, and the image.
    """

    pairs: list[Pair]
    alone: list[tuple[str, Source]]

    def __len__(self) -> int:
        return len(self.pairs) + len(self.alone)

    def first(self, most: int) -> "Pairs":
        """Return the first of the pairs, and of what has no partner."""
        return Pairs(self.pairs[:most], self.alone[:most])


def sources(argument: str, directory: str) -> list[Source]:
    """Find the images that an argument names, without reading them.

    Parameters
    ----------
    argument : str
        An image, a directory, a glob, a manifest, a bundle, a job's ``-o`` directory, on this
        machine or on HDFS; ``-`` for record lines on standard input.
    directory : str
        An empty directory for what can be read only once; it must outlive the sources.

    Returns
    -------
    list of Source
        In the order of their names.

    Raises
    ------
    UsageError
        There is nothing of this name, or no image in it; two images have the same name.
    """
    with TaskFiles(directory, 1) as files:
        assign_images([argument], sys.stdin.buffer, files)
    (path,) = files.paths()
    with open(path, "rb") as lines:
        found = sorted(_sources(lines, directory), key=lambda source: encode_name(source.name))
    for one, other in pairwise(found):
        if one.name == other.name:
            raise UsageError(f"{argument}: two images in it are named {encode_name(one.name)}")
    if not found:
        raise UsageError(f"{argument}: no image in it")
    return found


def _sources(lines: Iterator[bytes], directory_of_spools: str) -> Iterator[Source]:
    reached: dict[str, int] = {}  # in each bundle, the line after the last one
    for line in lines:
        span = Span.parse(line)
        if span is None:
            yield from map(_reference, record_lines([line], os.getcwd(), spans=False))
            continue
        directory = os.path.dirname(span.location)
        if is_compressed(span.location):
            plain = spool(Location.of_uri(span.location), directory_of_spools).path
            span = Span(plain, 0, os.path.getsize(plain))
        position = max(span.start, reached.get(span.location, 0))
        for record in lines_between(span.location, span.start, span.length):
            location = Span(span.location, position, len(record))
            position += len(record)
            for image in record_lines([record], directory, spans=False):
                item = parse_line(image)
                yield Source(item.name, item if isinstance(item, Reference) else location)
        reached[span.location] = position


def _reference(line: bytes) -> Source:
    item = parse_line(line)
    assert isinstance(item, Reference)  # noqa: S101  (records stand in spans)
    return Source(item.name, item)


def paired(one: list[Source], other: list[Source]) -> Pairs:
    """Pair images by their names.

    An image and what was made of it have the same name, or the result's has an ending more
    (``scan.dcm`` and ``scan.dcm.tiff``). Where no names agree so, the directory that all names of a
    input begin with is left out: ``scans/1.png`` and ``edges/1.png`` are a pair. If there is one
    image in each input, they are a pair whatever their names.

    Parameters
    ----------
    one, other : list of Source
        Images of each input, each under a name of its own.

    Returns
    -------
    Pairs

    Examples
    --------
    >>> scans = [Source(name, Reference(name)) for name in ("a.dcm", "b.dcm")]
    >>> made = [Source(name, Reference(name)) for name in ("a.dcm.png", "c.dcm.png")]
    >>> found = paired(scans, made)
    >>> [(pair.one.name, pair.other.name) for pair in found.pairs]
    [('a.dcm', 'a.dcm.png')]
    >>> [(side, source.name) for side, source in found.alone]
    [('first', 'b.dcm'), ('second', 'c.dcm.png')]
    """
    if len(one) == len(other) == 1:
        return Pairs([Pair(one[0].name, one[0], other[0])], [])
    found = _by_name(_without_directory(one, ""), _without_directory(other, ""))
    if not found.pairs:
        found = _by_name(
            _without_directory(one, _common_directory(one)),
            _without_directory(other, _common_directory(other)),
        )
    return found


def _common_directory(found: list[Source]) -> str:
    """Return the directories that all names begin with, ``/`` at their end, or the empty text."""
    directories = [posixpath.dirname(source.name).split("/") for source in found]
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*directories, strict=False))
    shared = [level[0] for level in levels]
    return "/".join([*shared, ""]) if shared != [""] else ""


def _without_directory(found: list[Source], directory: str) -> dict[str, Source]:
    return {source.name.removeprefix(directory): source for source in found}


def _by_name(one: dict[str, Source], other: dict[str, Source]) -> Pairs:
    pairs = []
    for key in [key for key in one if key in other]:
        pairs.append(Pair(key, one.pop(key), other.pop(key)))
    for longer, shorter in ((other, one), (one, other)):
        for key in list(longer):
            stem = _without_ending(key)
            if stem in shorter and key in longer:
                first, second = longer.pop(key), shorter.pop(stem)
                if longer is other:
                    first, second = second, first
                pairs.append(Pair(stem, first, second))
    pairs.sort(key=lambda pair: encode_name(pair.name))
    alone = [("first", source) for source in one.values()]
    return Pairs(pairs, alone + [("second", source) for source in other.values()])


def _without_ending(name: str) -> str | None:
    """Return a name without the ending that says what format a result has; None if it has none."""
    from mapreduce_jobs.imaging.encode import ENDINGS

    for endings in ENDINGS.values():
        for ending in endings:
            if name.lower().endswith(ending):
                return name[: -len(ending)]
    return None
