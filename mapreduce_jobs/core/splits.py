"""How input is dealt to map tasks, and read there.

A task's input is a file of lines. A large file is not copied into it: a line stands for a *span*
of its bytes, TAB ``file:///PATH#bytes=START+LENGTH``, and the task reads the span itself; so with
``hdfs:``. A line of an earlier result, which is to be merged, travels behind TAB ``earlier`` TAB,
before all others. Such lines are understood only where the runner says so (see `SPANS_VARIABLE`),
never in a user's data: there, what begins with a TAB is a record without a name, and these are
damaged.
"""

import bz2
import gzip
import heapq
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from hdfs_tools.bundle import lines_between, open_at
from hdfs_tools.record import (
    Record,
    Reference,
    bundle_line,
    is_image_line,
    parse_line,
    reference_line,
)
from hdfs_tools.uri import authority_of, is_hdfs_uri, path_of
from mapreduce_jobs.core.errors import JobError, words_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "EARLIER",
    "SPANS_VARIABLE",
    "Span",
    "Store",
    "TaskFiles",
    "portable_lines",
    "record_lines",
    "spans_expected",
    "spans_of",
    "text_blocks",
]

SPANS_VARIABLE = "MAPREDUCE_IMAGING_SPANS"
"""Environment variable that the runner sets for tasks whose input may hold spans: how the path of
such an input begins, as far as Hadoop tells a task the path of its input."""

EARLIER = b"\tearlier\t"
"""What stands before a line of an earlier result."""

_SPAN = re.compile(rb"\t(file|hdfs|s?webhdfs)://([^#]*)#bytes=(\d+)\+(\d+)\r?\n?")
_BLOCK = 1 << 20
# What separates words to Hadoop's own word count, java.util.StringTokenizer.
_WHITESPACE = (b" ", b"\t", b"\n", b"\r", b"\f")
_GAP = re.compile(rb"[ \t\n\r\f]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DECOMPRESS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open}  # type: ignore[dict-item]
_LARGE = 16 << 20  # bytes of an image
_TASK_BYTES = 128 << 20  # what a task is given where nobody says how many there are: HDFS's block
_FEWEST_TASKS = 2  # then, as Hadoop's own default
_MOST_TASKS = 999


@dataclass(frozen=True)
class Span:
    """`length` bytes of a file from `start` on.

    Attributes
    ----------
    location : str
        A local path, or a URI of HDFS.
    start, length : int
        In bytes.
    """

    location: str
    start: int
    length: int

    def line(self) -> bytes:
        """Return the line that stands for the span."""
        if is_hdfs_uri(self.location):
            path = quote(path_of(self.location), errors="surrogateescape")
            uri = authority_of(self.location) + path
        else:
            uri = "file://" + quote(self.location, errors="surrogateescape")
        return f"\t{uri}#bytes={self.start}+{self.length}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> "Span | None":
        """Return the span that a line stands for, or None if it stands for none."""
        match = _SPAN.fullmatch(line)
        if match is None:
            return None
        location = f"{match[1].decode()}://{match[2].decode()}"
        if match[1] == b"file":
            location = unquote(match[2].decode(), errors="surrogateescape")
        return cls(location, int(match[3]), int(match[4]))


def spans_expected(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether lines of this task's input may stand for spans."""
    prefix = environ.get(SPANS_VARIABLE)
    path = environ.get("mapreduce_map_input_file", "")
    return prefix is not None and (path_of(path) if is_hdfs_uri(path) else path).startswith(prefix)


class TaskFiles:
    """The input files of the map tasks; each line goes to the task that has least to do so far.

    Neighbours so go to different tasks, and a collection whose images are small here and large
    there is spread evenly, without its lines ever being held in memory.

    Parameters
    ----------
    folder : str
        Where the files are written.
    count : int or None
        Number of tasks, at least 1; None for one in 128 MiB of work, and two at least.
    """

    def __init__(self, folder: str, count: int | None) -> None:
        self.folder = folder
        self.count = count
        self._paths: list[str] = []
        self._lines = open(os.path.join(folder, "lines"), "w+b")  # noqa: SIM115
        self._weight = 0

    def add(self, line: bytes, weight: int) -> None:
        """Deal a line that stands for `weight` bytes of work."""
        self._weight += weight
        self._lines.write(b"%d %b" % (weight, line))

    def add_records(self, location: str, size: int) -> None:
        """Deal a file of record lines, local or on HDFS, in spans."""
        self._add_spans(location, size)

    def add_text(self, location: str, size: int) -> None:
        """Deal a text, local or on HDFS, in spans."""
        self._add_spans(location, size)

    def _add_spans(self, location: str, size: int) -> None:
        for span in spans_of(location, size, self.count or 1):
            self.add(span.line(), span.length)

    def new_file(self) -> str:
        """Return the path of a file in the folder that is not there yet."""
        return os.path.join(self.folder, f"spooled-{len(os.listdir(self.folder))}")

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lines:
            count = self.count
            if count is None:
                count = max(_FEWEST_TASKS, min(_MOST_TASKS, -(-self._weight // _TASK_BYTES)))
            self._deal(count)
        os.unlink(self._lines.name)

    def _deal(self, count: int) -> None:
        paths = [os.path.join(self.folder, f"task-{number:05d}") for number in range(count)]
        load = [(0, number) for number in range(count)]
        self._lines.seek(0)
        with ExitStack() as stack:
            files = [stack.enter_context(open(path, "wb")) for path in paths]
            for dealt in self._lines:
                weight, _, line = dealt.partition(b" ")
                least, number = load[0]
                heapq.heapreplace(load, (least + int(weight), number))
                files[number].write(line)
        self._paths = paths

    def paths(self) -> list[str]:
        """Return the paths of the files that got lines, once closed; one empty if none did."""
        filled = [path for path in self._paths if os.path.getsize(path)]
        return filled or self._paths[:1]


def record_lines(stdin: Iterable[bytes], folder: str, spans: bool) -> Iterator[bytes]:
    """Iterate over the record lines of a task: its own lines, and those in its spans.

    Parameters
    ----------
    stdin : iterable of bytes
        The task's lines.
    folder : str
        What relative references are relative to; those in a span, to the folder of its file.
    spans : bool
        Whether a line may stand for a span.

    Yields
    ------
    bytes
        Record lines whose references are absolute.
    """
    for line in stdin:
        span = Span.parse(line) if spans else None
        if span is None:
            yield from _absolute([line], folder)
        else:
            lines = lines_between(span.location, span.start, span.length)
            yield from _absolute(lines, os.path.dirname(span.location))


def _absolute(lines: Iterable[bytes], folder: str) -> Iterator[bytes]:
    for line in filter(is_image_line, lines):
        if b"\t" in line:
            yield line
        else:
            item = parse_line(line)
            assert isinstance(item, Reference)  # noqa: S101  (a line without TAB)
            resolved = item.within(folder)
            yield line if resolved is item else reference_line(resolved)


Store = Callable[[str, bytes], str]


def portable_lines(lines: Iterable[bytes], store: Store) -> Iterator[bytes]:
    """Put the bytes of local images in place of the references to them.

    An image that cannot be read becomes a line that says so.

    Parameters
    ----------
    lines : iterable of bytes
        The lines of a task's input, which may stand for spans.
    store : callable
        Writes an image, given its name and its bytes, to where tasks can read it, and returns the
        URI. It is given images that are too large for a line: Hadoop holds lines in memory, more
        than once, in a process that is small.

    Yields
    ------
    bytes
        Lines that mean the same on another machine.
    """
    for line in lines:
        span = Span.parse(line)
        if line.startswith(EARLIER) or (span is not None and is_hdfs_uri(span.location)):
            yield line
            continue
        for record in record_lines([line], os.getcwd(), spans=True):
            item = parse_line(record)
            portable = isinstance(item, Record) or is_hdfs_uri(item.location)
            poses = record.startswith(EARLIER) or Span.parse(record) is not None
            if portable and len(record) < _LARGE and not poses:
                yield record if record.endswith(b"\n") else record + b"\n"
                continue
            try:
                data = item.read()
            except Exception as error:
                yield reference_line(Reference.failed(item.name, *words_of(error)))
                continue
            if len(data) < _LARGE:
                yield bundle_line(item.name, data)
            else:
                yield reference_line(Reference.stored(item.name, store(item.name, data)))


def text_blocks(stdin: IO[bytes], spans: bool) -> Iterator[bytes]:
    """Iterate over a task's text in blocks of about a megabyte that end between words.

    However long a line is, memory is bounded by a block and the longest word.

    Parameters
    ----------
    stdin : binary file
        The task's text or, with `spans`, lines that stand for it.
    spans : bool
        Whether the lines stand for spans.
    """
    if not spans:
        yield from _blocks(iter(lambda: stdin.read(_BLOCK), b""))
        return
    for line in stdin:
        span = Span.parse(line)
        if span is not None:
            yield from _blocks(_span_text(span))


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Move the borders between chunks of text to where no word is cut."""
    pending: list[bytes] = []
    for chunk in chunks:
        cut = max(chunk.rfind(gap) for gap in _WHITESPACE)
        if cut < 0:
            pending.append(chunk)
            continue
        yield b"".join([*pending, chunk[:cut]])
        pending = [chunk[cut:]]
    if pending:
        yield b"".join(pending)


def _span_text(span: Span) -> Iterator[bytes]:
    """Iterate over the text of the words that begin in a span."""
    decompress = _DECOMPRESS.get(os.path.splitext(span.location)[1])
    start = max(0, span.start - 1)
    try:
        with open_at(span.location, start) as stored:
            if decompress is None:
                yield from _between(stored, start, span.start, span.start + span.length)
            else:
                with decompress(stored) as file:
                    yield from _between(file, 0, 0, None)
    except (OSError, EOFError, zlib.error) as error:
        raise JobError(f"{span.location}: cannot be read: {error}") from error


def _between(file: Any, position: int, start: int, stop: int | None) -> Iterator[bytes]:
    """Iterate over the text of the words that begin between `start` and `stop`.

    The file is at `position`, which is one byte before `start` unless that is 0.
    """
    if not start and file.peek(3)[:3] == _BYTE_ORDER_MARK:  # left out, as by Hadoop
        position = len(file.read(3))
    inside = not start
    last = b""
    while stop is None or position < stop:
        chunk = file.read(_BLOCK if stop is None else min(_BLOCK, stop - position))
        if not chunk:
            return
        position += len(chunk)
        if not inside:  # a word that began before the span belongs to the span before
            gap = _GAP.search(chunk)
            if gap is None:
                continue
            chunk = chunk[gap.start() :]
            inside = True
        yield chunk
        last = chunk[-1:]
    cut = inside and last not in _WHITESPACE
    while cut:  # the last word ends beyond the span
        chunk = file.read(4096)
        gap = _GAP.search(chunk)
        yield chunk if gap is None else chunk[: gap.start()]
        cut = gap is None and bool(chunk)


def spans_of(location: str, size: int, tasks: int) -> Iterator[Span]:
    """Cut a file into spans, several a task, so that they can be dealt evenly.

    A compressed text (``.gz``, ``.bz2``) cannot be cut and is one span.
    """
    length = max(1, min(16 * _BLOCK, -(-size // (4 * tasks))))
    if os.path.splitext(location)[1] in _DECOMPRESS:
        length = max(1, size)
    for start in range(0, size, length):
        yield Span(location, start, min(length, size - start))
