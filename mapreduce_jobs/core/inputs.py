"""From what the user names, on this machine or on HDFS, to the input files of the map tasks.

What a file is follows from its name: ``*.bundle`` and a job's ``part-00000`` hold record lines;
so do ``*.manifest`` and ``*.txt`` where the user names them; everything else is an image, to be
judged by its content when it is decoded. In a folder, everything but bundles is an image.

How an image is named: under a folder, by its path relative to that folder; given by itself, by a
glob or in a manifest, as it is written there, without what leads out of a folder (see `record`).
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.errors import HdfsToolsError, UnsupportedScheme
from hdfs_tools.record import Reference, parse_line, reference_line
from hdfs_tools.temporary import is_by_product
from hdfs_tools.uri import encode_name, is_hdfs_uri, path_of
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.input_files import InputFile
from mapreduce_jobs.core.places import (
    StatusOnHDFS,
    is_stream,
    named_files,
    named_on_hdfs,
    on_hdfs,
    size_of,
    uri_like,
    walk,
)
from mapreduce_jobs.core.splits import Span
from mapreduce_jobs.core.task_files import TaskFiles

if TYPE_CHECKING:
    from hdfs_tools.filesystem import FileSystem
    from hdfs_tools.status import Status

__all__ = ["deal_images", "deal_text", "is_by_product_of_jobs", "texts_of"]

_MANIFEST_NAMES = (".manifest", ".txt")
# What Hadoop leaves beside a job's part files.
_MARKERS = re.compile(r"(.*/)?(_SUCCESS|\.(_SUCCESS|part-[^/]*)\.crc)")
_OPENING_COST = 1 << 14  # what opening an image costs, in bytes read
_OPENING_COST_HDFS = 1 << 16
_SPOOLED_SPAN = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def deal_images(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
    """Deal images to map tasks, evenly by bytes.

    Parameters
    ----------
    inputs : list of str
        Images, folders, globs, manifests, bundles, ``-`` for record lines on standard input.
    stdin : iterable of bytes
        Lines of standard input, read only if it is asked for.
    files : TaskFiles
        What takes the images.

    Raises
    ------
    UsageError
        An input does not exist, or two images would have the same name.
    """
    dealer = _Dealer(files)
    for argument in inputs or ["-"]:
        if argument == "-":
            dealer.stream(stdin, "standard input", os.getcwd())
        elif is_hdfs_uri(argument):
            with on_hdfs(argument):
                storage, found = named_on_hdfs(argument)
                dealer.check_names |= len(inputs) > 1 or len(found) > 1
                for entry in found:
                    dealer.add_from_hdfs(storage, entry, argument)
        else:
            paths = named_files(argument)
            dealer.check_names |= len(inputs) > 1 or len(paths) > 1
            for path in paths:
                dealer.add(path, argument)


def deal_text(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
    """Deal texts to map tasks, plain or compressed.

    Parameters and errors are those of `deal_images`.
    """
    for file in texts_of(inputs, stdin, files):
        files.add_text(file)


def texts_of(inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> Iterator[InputFile]:
    """Iterate over texts, or tables: files, directories and globs, standard input.

    Parameters and errors are those of `deal_images`.
    """
    for argument in inputs or ["-"]:
        if argument == "-":
            yield InputFile.at(_spool(stdin, files))
        elif is_hdfs_uri(argument):
            with on_hdfs(argument):
                storage, found = named_on_hdfs(argument)
                for entry in found:
                    for text in storage.walk(entry.path) if entry.is_folder else [entry]:
                        if not is_by_product_of_jobs(text.path):
                            yield _on_hdfs(argument, text)
        else:
            for path in _texts(argument, files):
                try:
                    file = InputFile.at(path)
                except OSError as error:
                    raise UsageError(f"{path}: {error.strerror}") from None
                yield file


def is_by_product_of_jobs(name: str) -> bool:
    """Tell by its name whether a file is what a job, or hdfs_tools, leaves beside its results."""
    return _MARKERS.fullmatch(name) is not None or is_by_product(name)


def _texts(argument: str, files: TaskFiles) -> Iterator[str]:
    """Iterate over the paths of the texts that the user names; streams are kept on disk."""
    for path in named_files(argument):
        if os.path.isdir(path):
            names = (name for name, _ in walk(path) if not is_by_product_of_jobs(name))
            yield from (f"{path}/{name}" for name in names)
        elif is_stream(path):
            with open(path, "rb") as stream:
                yield _spool(stream, files)
        else:
            yield path


def _on_hdfs(like: str, found: "Status") -> InputFile:
    return InputFile(uri_like(like, found.path), found.size, found.modified)


def _spool(lines: Iterable[bytes], files: TaskFiles) -> str:
    path = files.new_file()
    with open(path, "wb") as file:
        file.writelines(lines)
    return path


class _Dealer:
    """Deals images to tasks; sees to it that no two have the same name."""

    def __init__(self, files: TaskFiles) -> None:
        self.check_names = False
        self._files = files
        self._seen: set[int] = set()
        self._bundles: set[str] = set()
        self._on_hdfs = StatusOnHDFS()

    def add(self, path: str, argument: str) -> None:
        """Add a path that the user named, by itself or by the glob `argument`."""
        if os.path.isdir(path):
            root = os.path.abspath(path)
            # A folder that a glob found has the name that the glob gave it.
            prefix = (
                "" if path == argument or argument.startswith("file:") else path.rstrip("/") + "/"
            )
            for name, size in walk(path):
                if is_by_product_of_jobs(name):
                    continue
                if is_bundle_name(name):
                    self._local_bundle(f"{root}/{name}")
                elif prefix:
                    self._reference(_as_written(prefix + name), size)
                else:
                    self._reference(Reference(f"{root}/./{name}"), size)
        elif is_stream(path):
            with open(path, "rb") as stream:
                self.stream(stream, path, os.getcwd())
        elif is_bundle_name(path):
            self._local_bundle(os.path.abspath(path))
        elif path.endswith(_MANIFEST_NAMES):
            self._manifest(path)
        else:
            self._reference(_as_written(path), size_of(path))

    def add_from_hdfs(self, storage: "FileSystem", entry: "Status", argument: str) -> None:
        """Add what lies on HDFS and was named by `argument`, itself or by a glob."""
        uri = uri_like(argument, entry.path)
        if entry.is_folder:
            found_by_glob = entry.path != re.sub("/+", "/", path_of(argument, raw=True)).rstrip("/")
            separator = "/" if found_by_glob and entry.path != "/" else "/./"
            root = entry.path.rstrip("/") + "/"
            for file in storage.walk(entry.path):
                name = file.path.removeprefix(root)
                if is_by_product_of_jobs(name):
                    continue
                if is_bundle_name(name):
                    self._bundle(_on_hdfs(argument, file))
                else:
                    location = f"{uri.rstrip('/')}{separator}{encode_name(name)}"
                    self._reference(Reference(location), file.size)
        elif is_bundle_name(entry.path):
            self._bundle(_on_hdfs(argument, entry))
        elif entry.path.endswith(_MANIFEST_NAMES):
            with storage.open(entry.path) as lines:
                if self._lines(_numbered(lines), uri, argument, os.path.dirname(uri)):
                    self._files.note(_on_hdfs(argument, entry))
        else:
            self._reference(Reference(uri), entry.size)

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

    def _manifest(self, path: str) -> None:
        try:
            found = InputFile.at(path)
            with open(path, "rb") as file:
                if self._lines(_numbered(file), found.location, path, _folder_of(path)):
                    self._files.note(found)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None

    def _lines(self, lines: Iterable[tuple[int, bytes]], path: str, source: str, base: str) -> bool:
        """Add record lines of a file, each with its position; tell whether tasks will read it."""
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
                    reference = _resolve(line, base)
                    self._reference(reference, self._size_of(reference))
                continue
            if position != stop or stop - start >= _SPOOLED_SPAN:
                self._span(Span(path, start, stop - start))
                start = position
            stop = position + len(line)
        self._span(Span(path, start, stop - start))
        return stop > 0

    def _local_bundle(self, path: str) -> None:
        try:
            open(path, "rb").close()
            self._bundle(InputFile.at(path))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None

    def _bundle(self, file: InputFile) -> None:
        if file.location not in self._bundles:  # else it is the same, named twice
            self._bundles.add(file.location)
            self._files.add_records(file)

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
                    f" have the same name, {reference.name}: give the folder above both"
                )
            self._seen |= {location, hash(reference.name)}
        cost = _OPENING_COST_HDFS if is_hdfs_uri(reference.location) else _OPENING_COST
        self._files.add_image(reference_line(reference), size + cost)

    def _size_of(self, reference: Reference) -> int:
        if not is_hdfs_uri(reference.location):
            return size_of(_local(reference))
        try:
            found = self._on_hdfs.of(reference.location)
        except (HdfsToolsError, OSError, UnicodeError):
            return 0  # the task says why
        return found.size if found else 0


def _as_written(path: str) -> Reference:
    """Return the reference to a path, under the name that the user wrote."""
    return Reference(re.sub("/+", "/", path)).within(os.getcwd())


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
    if is_hdfs_uri(reference.location):
        return reference
    raw = Reference(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")).within(base)
    # A list made by `find` writes a percent sign as it is.
    if raw != reference and not os.path.lexists(_local(reference)) and os.path.lexists(_local(raw)):
        return raw
    return reference


def _local(reference: Reference) -> str:
    try:
        path = reference.path()
    except UnsupportedScheme:
        return ""  # the task says so
    return "" if "\0" in path else path


def _folder_of(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
