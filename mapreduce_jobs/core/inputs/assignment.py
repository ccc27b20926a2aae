"""From what the user names, on this machine or on HDFS, to the input files of the map tasks.

What a file is follows from its name: ``*.bundle`` and a job's ``part-00000`` hold record lines;
so do ``*.manifest`` and ``*.txt`` where the user names them; everything else is an image, to be
judged by its content when it is decoded. In a directory, everything but bundles is an image.

How an image is named: under a directory, by its path relative to that directory; given by itself,
by a glob or in a manifest, as it is written there, without what leads out of a directory (see
`record`).
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import starmap

from hdfs_tools.bundles.bundle import holds_records
from hdfs_tools.bundles.record import Reference, parse_line, reference_line
from hdfs_tools.copying.temporary import is_by_product
from hdfs_tools.copying.trees import Entry
from hdfs_tools.errors import HdfsToolsError, NotFound, UnsupportedScheme
from hdfs_tools.location import Location
from hdfs_tools.uri import encode_name
from mapreduce_jobs.core.inputs.input_files import InputFile
from mapreduce_jobs.core.inputs.named_inputs import Entries, is_stream, named, usage_errors, walk
from mapreduce_jobs.core.inputs.splits import Span
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["assign_images", "assign_texts", "files_in", "is_by_product_of_jobs", "texts_of"]

_MANIFEST_NAMES = (".manifest", ".txt")
# What Hadoop leaves beside a job's part files.
_MARKERS = re.compile(r"(.*/)?(_SUCCESS|\.(_SUCCESS|part-[^/]*)\.crc)")
_OPENING_COST = 1 << 14  # what opening an image costs, in bytes read
_OPENING_COST_HDFS = 1 << 16
_SPOOLED_SPAN = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def assign_images(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
    """Assign images to map tasks, evenly by bytes.

    Parameters
    ----------
    inputs : list of str
        Images, directories, globs, manifests, bundles, ``-`` for record lines on standard input.
    stdin : iterable of bytes
        Lines of standard input, read only if it is asked for.
    files : TaskFiles
        What takes the images.

    Raises
    ------
    UsageError
        An input does not exist, or two images would have the same name.
    """
    assigner = _Assigner(files)
    for argument in inputs or ["-"]:
        if argument == "-":
            assigner.stream(stdin, "standard input", os.getcwd())
        else:
            found, typed = named(argument), Location.of(argument).text
            assigner.check_names |= len(inputs) > 1 or len(found) > 1
            for location in found:
                assigner.add(location, is_found=location.text != typed)


def assign_texts(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
    """Assign texts to map tasks, plain or compressed.

    Parameters and errors are those of `assign_images`.
    """
    for file in texts_of(inputs, stdin, files):
        files.add_text(file)


def texts_of(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> Iterator[InputFile]:
    """Iterate over texts, or tables: files, directories and globs, standard input.

    Parameters and errors are those of `assign_images`.
    """
    for argument in inputs or ["-"]:
        if argument == "-":
            yield InputFile.at(_spool(stdin, files))
            continue
        for location in named(argument):
            if is_stream(location):
                with location.open() as stream:
                    yield InputFile.at(_spool(stream, files))
            else:
                yield from starmap(InputFile.of, files_in(location))


def files_in(location: Location) -> Iterator[tuple[Location, Entry]]:
    """Iterate over a file, or the files in a directory that are no by-products of jobs."""
    with usage_errors(location.text):
        entry = location.tree.entry("")
        if entry is None:
            raise NotFound(location.text)
    if not entry.is_directory:
        yield location, entry
        return
    for found in walk(location):
        if not is_by_product_of_jobs(found.name):
            yield location.beneath(found.name), found


def is_by_product_of_jobs(name: str) -> bool:
    """Return whether a job, or hdfs_tools, leaves files of that name beside its results."""
    return _MARKERS.fullmatch(name) is not None or is_by_product(name)


def _spool(lines: Iterable[bytes], files: TaskFiles) -> str:
    path = files.new_file()
    with open(path, "wb") as file:
        file.writelines(lines)
    return path


class _Assigner:
    """Assigns images to tasks; sees to it that no two have the same name."""

    def __init__(self, files: TaskFiles) -> None:
        self.check_names = False
        self._files = files
        self._seen: set[int] = set()
        self._bundles: set[str] = set()
        self._entries = Entries()

    def add(self, location: Location, is_found: bool) -> None:
        """Add what the user named, by itself or by a pattern that found it."""
        if is_stream(location):
            with location.open() as stream:
                self.stream(stream, location.text, os.getcwd())
            return
        entry = _entry(location)
        if entry.is_directory:
            self._add_directory(location, is_found)
        elif holds_records(location.path):
            self._bundle(location, entry)
        elif location.path.endswith(_MANIFEST_NAMES):
            self._manifest(location, entry)
        else:
            self._reference(_as_written(location), entry.size)

    def _add_directory(self, directory: Location, is_found: bool) -> None:
        """Add what is in a directory; if a pattern found it, names begin with its own."""
        root = directory.uri.rstrip("/") + "/./"
        for entry in walk(directory):
            if is_by_product_of_jobs(entry.name):
                continue
            if holds_records(entry.name):
                self._bundle(directory.beneath(entry.name), entry)
            elif is_found:
                self._reference(_as_written(directory.beneath(entry.name)), entry.size)
            else:
                name = entry.name if directory.is_local else encode_name(entry.name)
                self._reference(Reference(root + name), entry.size)

    def stream(self, lines: Iterable[bytes], source: str, base: str) -> None:
        """Add record lines that can be read only once; bundle records are kept on disk."""
        spool = self._files.new_file()
        with open(spool, "wb") as file:

            def kept() -> Iterator[tuple[int, bytes]]:
                for line in lines:
                    if not line.endswith(b"\n"):
                        line += b"\n"
                    yield file.tell(), line
                    if b"\t" in line:
                        file.write(line)

            self._lines(kept(), spool, source, base)

    def _manifest(self, location: Location, entry: Entry) -> None:
        with usage_errors(location.text), location.open() as file:
            base = os.path.dirname(location.uri)
            if self._lines(_numbered(file), location.uri, location.text, base):
                self._files.note(InputFile.of(location, entry))

    def _lines(self, lines: Iterable[tuple[int, bytes]], path: str, source: str, base: str) -> bool:
        """Add record lines of a file, each with its position; return whether tasks will read it."""
        self.check_names = True
        start = stop = 0
        for position, line in lines:
            if not position:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            tab = line.find(b"\t")
            if b"\0" in line[: tab if tab >= 0 else None]:
                raise UsageError(f"{source}: not record lines, it holds binary data")
            if tab < 0:
                if line.strip(b"\r\n"):
                    self._listed(_resolve(line, base))
                continue
            if position != stop or stop - start >= _SPOOLED_SPAN:
                self._span(Span(path, start, stop - start))
                start = position
            stop = position + len(line)
        self._span(Span(path, start, stop - start))
        return stop > 0

    def _listed(self, reference: Reference) -> None:
        """Add an image that a manifest names."""
        size = 0
        with suppress(HdfsToolsError, OSError, ValueError):  # the task says why
            found = self._entries.of(reference.location)
            size = found.size if found else 0
        self._reference(reference, size)

    def _bundle(self, location: Location, entry: Entry) -> None:
        if location.is_local:
            with usage_errors(location.text):
                location.open().close()
        if location.uri not in self._bundles:  # else it is the same, named twice
            self._bundles.add(location.uri)
            self._files.add_records(InputFile.of(location, entry))

    def _span(self, span: Span) -> None:
        if span.length:
            self._files.add_span(span)

    def _reference(self, reference: Reference, size: int) -> None:
        if self.check_names:
            location = hash((reference.name, reference.location.replace("/./", "/")))
            if location in self._seen:
                return  # the same image, named twice
            if hash(reference.name) in self._seen:
                raise UsageError(
                    f"{reference.location.replace('/./', '/')}: another image in the input would"
                    f" have the same name, {reference.name}: give the directory above both"
                )
            self._seen |= {location, hash(reference.name)}
        cost = _OPENING_COST_HDFS if reference.is_remote else _OPENING_COST
        self._files.add_image(reference_line(reference), size + cost)


def _entry(location: Location) -> Entry:
    """Return what is known of what is named; of a local file, its task says why nothing is."""
    if not location.is_local:
        with usage_errors(location.text):
            return location.entry()
    with suppress(OSError):
        return location.entry()
    return Entry("")


def _as_written(location: Location) -> Reference:
    """Return the reference to what the user wrote, under the name that stands there."""
    if not location.is_local:
        return Reference(location.uri)
    return Reference(re.sub("/+", "/", location.text)).within(os.getcwd())


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Iterate over the lines of a file, each with its position."""
    position = 0
    for line in lines:
        yield position, line
        position += len(line)


def _resolve(line: bytes, base: str) -> Reference:
    """Return the absolute reference of a manifest's line."""
    item = parse_line(line)
    assert isinstance(item, Reference)  # noqa: S101  (a line without TAB)
    reference = item.within(base)
    raw = Reference(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")).within(base)
    # A list made by `find` writes a percent sign as it is.
    return raw if raw != reference and not _is_here(reference) and _is_here(raw) else reference


def _is_here(reference: Reference) -> bool:
    """Return whether a reference leads to something on this machine."""
    with suppress(UnsupportedScheme, ValueError):
        location = Location.of_uri(reference.location)
        return location.is_local and os.path.lexists(location.path)
    return False
