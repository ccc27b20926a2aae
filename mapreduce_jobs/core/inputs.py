"""From what the user names to the input files of the map tasks, on one machine.

What a file is follows from its name: ``*.bundle`` and a job's ``part-00000`` hold record lines;
so do ``*.manifest`` and ``*.txt`` where the user names them; everything else is an image, to be
judged by its content when it is decoded. In a folder, everything but bundles is an image.

How an image is named: under a folder, by its path relative to that folder; given by itself, by a
glob or in a manifest, as it is written there.
"""

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator

from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.errors import UnsupportedScheme
from hdfs_tools.local import walk_files
from hdfs_tools.record import Reference, is_uri, parse_line, reference_line
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.splits import Span, TaskFiles, spans_of

__all__ = ["deal_images", "deal_text"]

_MANIFEST_NAMES = (".manifest", ".txt")
# What Hadoop leaves beside a job's part files.
_MARKERS = re.compile(r"(.*/)?(_SUCCESS|\.(_SUCCESS|part-[^/]*)\.crc)")
_OPENING_COST = 16384  # what opening an image costs, in bytes read
_SPOOLED_SPAN = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def deal_images(
    inputs: list[str], stdin: Iterable[bytes], tasks: int, folder: str
) -> tuple[list[str], int | None]:
    """Deal images to map tasks, evenly by bytes.

    Parameters
    ----------
    inputs : list of str
        Images, folders, globs, manifests, bundles, ``-`` for record lines on standard input.
    stdin : iterable of bytes
        Lines of standard input, read only if it is asked for.
    tasks : int
        Number of map tasks.
    folder : str
        Where to write the tasks' input files.

    Returns
    -------
    paths : list of str
        The input files.
    images : int or None
        How many images there are; None where bundles hold an unknown number.

    Raises
    ------
    UsageError
        An input does not exist, or two images would have the same name.
    """
    with TaskFiles(folder, tasks) as files:
        dealer = _Dealer(files, tasks, folder)
        for argument in inputs or ["-"]:
            if argument == "-":
                dealer.stream(stdin, "standard input", os.getcwd())
                continue
            named_files = _named_files(argument)
            dealer.check_names |= len(inputs) > 1 or len(named_files) > 1
            for path in named_files:
                dealer.add(path, argument)
    return files.paths(), dealer.images


def deal_text(
    inputs: list[str], stdin: Iterable[bytes], tasks: int, folder: str
) -> tuple[list[str], None]:
    """Deal text to map tasks: files, folders and globs, plain or compressed, standard input.

    Parameters and errors are those of `deal_images`.
    """
    with TaskFiles(folder, tasks) as files:
        for path in _texts(inputs or ["-"], stdin, folder):
            try:
                size = os.stat(path).st_size
            except OSError as error:
                raise UsageError(f"{path}: {error.strerror}") from None
            for span in spans_of(os.path.abspath(path), size, tasks):
                files.add(span.line(), span.length)
    return files.paths(), None


def _named_files(argument: str) -> list[str]:
    """Return the local paths that an argument names: itself, or what matches the glob."""
    if argument.startswith("file:"):
        argument = Reference(argument).path()
    elif is_uri(argument):
        raise UsageError(f"{argument}: only files of this machine can be read")
    if os.path.lexists(argument):
        return [argument]
    if not glob.has_magic(argument):
        raise UsageError(f"{argument}: no such file or folder")
    found = sorted(glob.glob(argument, recursive=True))
    if not found:
        raise UsageError(f"{argument}: no file matches this pattern")
    return found


def _texts(inputs: list[str], stdin: Iterable[bytes], folder: str) -> Iterator[str]:
    """Iterate over the paths of the texts that the user names; streams are kept on disk."""
    for argument in inputs:
        if argument == "-":
            yield _spool(stdin, folder)
            continue
        for path in _named_files(argument):
            if os.path.isdir(path):
                names = (name for name, _ in _walk(path) if not _MARKERS.fullmatch(name))
                yield from (f"{path}/{name}" for name in names)
            elif _is_stream(path):
                with open(path, "rb") as stream:
                    yield _spool(stream, folder)
            else:
                yield path


def _walk(folder: str) -> Iterator[tuple[str, int]]:
    try:
        yield from walk_files(folder)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be listed: {error.strerror}") from None


def _is_stream(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _spool(lines: Iterable[bytes], folder: str) -> str:
    path = _new_spool(folder)
    with open(path, "wb") as file:
        file.writelines(lines)
    return path


def _new_spool(folder: str) -> str:
    return os.path.join(folder, f"spooled-{len(os.listdir(folder))}")


class _Dealer:
    """Deals images to tasks; sees to it that no two have the same name."""

    def __init__(self, files: TaskFiles, tasks: int, folder: str) -> None:
        self.check_names = False
        self.images: int | None = 0
        self._files = files
        self._tasks = tasks
        self._folder = folder
        self._seen: set[int] = set()
        self._bundles: set[str] = set()

    def add(self, path: str, argument: str) -> None:
        """Add a path that the user named, by itself or by the glob `argument`."""
        if os.path.isdir(path):
            root = os.path.abspath(path)
            # A folder that a glob found has the name that the glob gave it.
            prefix = (
                "" if path == argument or argument.startswith("file:") else path.rstrip("/") + "/"
            )
            for name, size in _walk(path):
                if _MARKERS.fullmatch(name):
                    continue
                if is_bundle_name(name):
                    self._bundle(f"{root}/{name}")
                elif prefix:
                    self._reference(_as_written(prefix + name), size)
                else:
                    self._reference(Reference(f"{root}/./{name}"), size)
        elif _is_stream(path):
            with open(path, "rb") as stream:
                self.stream(stream, path, os.getcwd())
        elif is_bundle_name(path):
            self._bundle(os.path.abspath(path))
        elif path.endswith(_MANIFEST_NAMES):
            self._manifest(path)
        else:
            self._reference(_as_written(path), _size(path))

    def stream(self, lines: Iterable[bytes], source: str, base: str) -> None:
        """Add record lines that can be read only once; bundle records are kept on disk."""
        spool = _new_spool(self._folder)
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
        def numbered() -> Iterator[tuple[int, bytes]]:
            position = 0
            for line in file:
                yield position, line
                position += len(line)

        try:
            with open(path, "rb") as file:
                self._lines(numbered(), os.path.abspath(path), path, _folder_of(path))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None

    def _lines(self, lines: Iterable[tuple[int, bytes]], path: str, source: str, base: str) -> None:
        """Add record lines of a file, each with its position in it."""
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
                    self._reference(*_resolve(line, base))
                continue
            if position != stop or stop - start >= _SPOOLED_SPAN:
                self._span(Span(path, start, stop - start))
                start = position
            stop = position + len(line)
        self._span(Span(path, start, stop - start))

    def _bundle(self, path: str) -> None:
        if path in self._bundles:
            return  # the same bundle, named twice
        self._bundles.add(path)
        try:
            with open(path, "rb") as bundle:
                size = os.fstat(bundle.fileno()).st_size
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        for span in spans_of(path, size, self._tasks):
            self._span(span)

    def _span(self, span: Span) -> None:
        if span.length:
            self.images = None
            self._files.add(span.line(), span.length)

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
        if self.images is not None:
            self.images += 1
        self._files.add(reference_line(reference), size + _OPENING_COST)


def _as_written(path: str) -> Reference:
    """Return the reference to a path, under the name that the user wrote."""
    return Reference(re.sub("/+", "/", path)).within(os.getcwd())


def _resolve(line: bytes, base: str) -> tuple[Reference, int]:
    """Return the absolute reference of a manifest's line, and the size of what it refers to."""
    item = parse_line(line)
    assert isinstance(item, Reference)  # noqa: S101  (a line without TAB)
    reference = item.within(base)
    raw = Reference(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")).within(base)
    # A list made by `find` writes a percent sign as it is.
    if raw != reference and not os.path.lexists(_local(reference)) and os.path.lexists(_local(raw)):
        reference = raw
    return reference, _size(_local(reference))


def _local(reference: Reference) -> str:
    try:
        path = reference.path()
    except UnsupportedScheme:
        return ""  # the task says so
    return "" if "\0" in path else path


def _folder_of(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
