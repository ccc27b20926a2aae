"""Input splits of map tasks: files of lines and of spans.

A task's input is a file of lines. A large file is not copied into it: a line stands for a *span*
of its bytes, TAB ``file:///PATH#bytes=START+LENGTH``, and the task reads the span itself; so with
``hdfs:``. A line of a previous result, which is to be merged, travels behind TAB ``earlier`` TAB,
before all others. Such lines are understood only where the runner says so (see
`SPANS_VARIABLE`), never in a user's data: there, what begins with a TAB is a record without a name,
and these are damaged.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, unquote

from hdfs_tools.bundles.bundle import lines_between, open_at, shorter
from hdfs_tools.bundles.compressed import is_compressed, uncompressed
from hdfs_tools.bundles.record import (
    Record,
    Reference,
    bundle_line,
    is_image_line,
    parse_line,
    reference_line,
)
from hdfs_tools.errors import Changed, HdfsToolsError
from hdfs_tools.location import Location
from mapreduce_jobs.core.job_errors import JobError, words_of

__all__ = [
    "PREVIOUS",
    "SPANS_VARIABLE",
    "Span",
    "Store",
    "portable_lines",
    "read_errors",
    "record_lines",
    "span_length",
    "spans_expected",
    "spans_of",
    "text_blocks",
]

SPANS_VARIABLE = "MAPREDUCE_IMAGING_SPANS"
"""Environment variable that the runner sets for tasks whose input may hold spans: how the path of
such an input begins, as far as Hadoop gives a task the path of its input."""

PREVIOUS = b"\tearlier\t"
"""What stands before a line of a previous result."""

_SPAN = re.compile(
    rb"\t(file|hdfs|s?webhdfs)://([^#]*)#bytes=(\d+)\+(\d+)(?:;head=(\d+);line=(\d+))?\r?\n?"
)
_BLOCK = 1 << 20
# What separates words to Hadoop's own word count, java.util.StringTokenizer.
_WHITESPACE = (b" ", b"\t", b"\n", b"\r", b"\f")
_GAP = re.compile(rb"[ \t\n\r\f]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LARGE = 16 << 20  # bytes of an image


@dataclass(frozen=True)
class Span:
    """`length` bytes of a file from `start` on.

    Attributes
    ----------
    location : str
        A local path, or a URI of HDFS.
    start, length : int
        In bytes.
    head, first_line : int, optional
        Of rows of a CSV file, which is cut between rows: the length of the file's first row, and
        the number of the line at which the span begins; see `table_input`.
    """

    location: str
    start: int
    length: int
    head: int = 0
    first_line: int = 0

    def line(self) -> bytes:
        """Return the line that stands for the span."""
        location = Location.of_uri(self.location)
        uri = (location.authority or "file://") + quote(location.path, errors="surrogateescape")
        table = f";head={self.head};line={self.first_line}" if self.head else ""
        return f"\t{uri}#bytes={self.start}+{self.length}{table}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> "Span | None":
        """Return the span that a line stands for, or None if it stands for none."""
        match = _SPAN.fullmatch(line)
        if match is None:
            return None
        location = f"{match[1].decode()}://{match[2].decode()}"
        if match[1] == b"file":
            location = unquote(match[2].decode(), errors="surrogateescape")
        return cls(location, *(int(number or 0) for number in match.groups()[2:]))


def spans_expected(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether lines of this task's input may stand for spans."""
    prefix = environ.get(SPANS_VARIABLE)
    path = environ.get("mapreduce_map_input_file", "")
    return prefix is not None and Location.of_uri(path).path.startswith(prefix)


def record_lines(stdin: Iterable[bytes], directory: str, spans: bool) -> Iterator[bytes]:
    """Iterate over the record lines of a task: its own lines, and those in its spans.

    Parameters
    ----------
    stdin : iterable of bytes
        The task's lines.
    directory : str
        What relative references are relative to; those in a span, to the directory of its file.
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
            yield from _absolute([line], directory)
        else:
            with read_errors(span.location), _lines_of(span) as lines:
                yield from _absolute(lines, os.path.dirname(span.location))


@contextmanager
def _lines_of(span: Span) -> Iterator[Iterable[bytes]]:
    if is_compressed(span.location):  # one span, for it cannot be cut
        with uncompressed(Location.of_uri(span.location)) as file:
            yield file
    else:
        yield lines_between(span.location, span.start, span.length)


def _absolute(lines: Iterable[bytes], directory: str) -> Iterator[bytes]:
    for line in filter(is_image_line, lines):
        if b"\t" in line:
            yield line
        else:
            item = parse_line(line)
            assert isinstance(item, Reference)  # noqa: S101  (a line without TAB)
            resolved = item.within(directory)
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
        if line.startswith(PREVIOUS) or (
            span is not None and not Location.of_uri(span.location).is_local
        ):
            yield line
            continue
        for record in record_lines([line], os.getcwd(), spans=True):
            item = parse_line(record)
            portable = isinstance(item, Record) or item.is_remote
            poses = record.startswith(PREVIOUS) or Span.parse(record) is not None
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
    if is_compressed(span.location):
        with read_errors(span.location), uncompressed(Location.of_uri(span.location)) as file:
            yield from _between(file, span)
        return
    with read_errors(span.location), open_at(span.location, max(0, span.start - 1)) as file:
        yield from _between(file, span, span.start + span.length)


def _between(file: Any, span: Span, stop: int | None = None) -> Iterator[bytes]:
    """Iterate over the text of the words that begin in a span, or before the end of the file.

    The file is one byte before the span, unless that begins it.
    """
    position = max(0, span.start - 1)
    if not span.start and file.peek(3)[:3] == _BYTE_ORDER_MARK:  # left out, as by Hadoop
        position = len(file.read(3))
    inside = not span.start
    last = b""
    while stop is None or position < stop:
        chunk = file.read(_BLOCK if stop is None else min(_BLOCK, stop - position))
        if not chunk and stop is not None:
            raise shorter(span.location, position - span.start, span.length)
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
    """Cut a file into spans, several a task, so that they can be assigned evenly.

    A compressed file cannot be cut and is one span.
    """
    length = max(1, size) if is_compressed(location) else span_length(size, tasks)
    for start in range(0, size, length):
        yield Span(location, start, min(length, size - start))


def span_length(size: int, tasks: int) -> int:
    """Return how long spans of a file should be."""
    return max(1, min(16 * _BLOCK, -(-size // (4 * tasks))))


@contextmanager
def read_errors(location: str, kind: type[JobError] = JobError) -> Iterator[None]:
    """Name the file where it cannot be read, or changes meanwhile.

    Parameters
    ----------
    location : str
        Path or URI.
    kind : type, optional
        The error to raise where it cannot be read.
    """
    try:
        yield
    except Changed as error:
        raise JobError(f"{location}: {error.strerror}") from error
    except (OSError, HdfsToolsError) as error:
        raise kind(f"{location}: cannot be read: {words_of(error)[1]}") from error
