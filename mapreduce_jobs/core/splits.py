"""How input is dealt to map tasks on one machine, and read there.

A task's input is a file of lines. A large file is not copied into it: a line stands for a *span*
of its bytes, ``file:///PATH#bytes=START+LENGTH``, and the task reads the span itself. Such lines
are understood only where the runner says so (see `SPANS_VARIABLE`), never in a user's data.
"""

import bz2
import gzip
import heapq
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote, unquote

from hdfs_tools.bundle import lines_between
from hdfs_tools.record import Reference, parse_line, reference_line
from mapreduce_jobs.core.errors import JobError

__all__ = ["SPANS_VARIABLE", "Span", "TaskFiles", "record_lines", "spans_of", "text_blocks"]

SPANS_VARIABLE = "MAPREDUCE_IMAGING_SPANS"
"""Environment variable that the runner sets for a task whose input may hold spans."""

_SPAN = re.compile(rb"file://(/[^#]*)#bytes=(\d+)\+(\d+)\r?\n?")
_BLOCK = 1 << 20
# What separates words to Hadoop's own word count, java.util.StringTokenizer.
_WHITESPACE = (b" ", b"\t", b"\n", b"\r", b"\f")
_GAP = re.compile(rb"[ \t\n\r\f]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DECOMPRESS: dict[str, Callable[[str], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open}  # type: ignore[dict-item]


@dataclass(frozen=True)
class Span:
    """`length` bytes of a local file from `start` on."""

    path: str
    start: int
    length: int

    def line(self) -> bytes:
        """Return the line that stands for the span."""
        path = quote(self.path, errors="surrogateescape")
        return f"file://{path}#bytes={self.start}+{self.length}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> "Span | None":
        """Return the span that a line stands for, or None if it stands for none."""
        match = _SPAN.fullmatch(line)
        if match is None:
            return None
        path = unquote(match[1].decode(), errors="surrogateescape")
        return cls(path, int(match[2]), int(match[3]))


class TaskFiles:
    """The input files of the map tasks; each line goes to the task that has least to do so far.

    Neighbours so go to different tasks, and a collection whose images are small here and large
    there is spread evenly, without its lines ever being held in memory.

    Parameters
    ----------
    folder : str
        Where the files are written.
    count : int
        Number of tasks, at least 1.
    """

    def __init__(self, folder: str, count: int) -> None:
        self._paths = [os.path.join(folder, f"task-{number:05d}") for number in range(count)]
        self._files = [open(path, "wb") for path in self._paths]  # noqa: SIM115
        self._load = [(0, number) for number in range(count)]

    def add(self, line: bytes, weight: int) -> None:
        """Deal a line that stands for `weight` bytes of work."""
        load, number = self._load[0]
        heapq.heapreplace(self._load, (load + weight, number))
        self._files[number].write(line)

    def __enter__(self) -> "TaskFiles":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

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
            lines = lines_between(span.path, span.start, span.length)
            yield from _absolute(lines, os.path.dirname(span.path))


def _absolute(lines: Iterable[bytes], folder: str) -> Iterator[bytes]:
    for line in lines:
        if b"\t" in line:
            yield line
        elif line.strip(b"\r\n"):
            item = parse_line(line)
            relative = isinstance(item, Reference) and item.is_relative
            yield reference_line(item.within(folder)) if relative else line  # type: ignore[union-attr]


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
    decompress = _DECOMPRESS.get(os.path.splitext(span.path)[1])
    try:
        with open(span.path, "rb") if decompress is None else decompress(span.path) as file:
            stop = span.start + span.length if decompress is None else None
            if not span.start and file.read(3) != _BYTE_ORDER_MARK:  # left out, as by Hadoop
                file.seek(0)
            yield from _between(file, span.start, stop)
    except (OSError, EOFError, zlib.error) as error:
        raise JobError(f"{span.path}: cannot be read: {error}") from error


def _between(file: IO[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    """Iterate over the text of the words that begin between two positions."""
    inside = not start
    last = b""
    if start:
        file.seek(start - 1)
    while stop is None or file.tell() < stop:
        chunk = file.read(_BLOCK if stop is None else min(_BLOCK, stop - file.tell()))
        if not chunk:
            return
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


def spans_of(path: str, size: int, tasks: int) -> Iterator[Span]:
    """Cut a file into spans, several a task, so that they can be dealt evenly.

    A compressed text (``.gz``, ``.bz2``) cannot be cut and is one span.
    """
    length = max(1, min(16 * _BLOCK, -(-size // (4 * tasks))))
    if os.path.splitext(path)[1] in _DECOMPRESS:
        length = max(1, size)
    for start in range(0, size, length):
        yield Span(path, start, min(length, size - start))
