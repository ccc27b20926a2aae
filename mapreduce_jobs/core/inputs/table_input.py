"""Tables as input: CSV files and results of other jobs, assigned to tasks and read there in blocks.

A CSV file is cut between rows by who assigns it, so that a task reads its spans and nothing else.
Results hold a line each and are cut anywhere.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import IO

from hdfs_tools.bundles.bundle import bytes_between, lines_between
from hdfs_tools.bundles.compressed import ending_of, is_compressed, uncompressed
from hdfs_tools.errors import Changed
from hdfs_tools.location import Location
from hdfs_tools.streams import gathered
from mapreduce_jobs.core.inputs.csv_rows import (
    Columns,
    columns_of,
    first_row,
    line_count,
    whole_rows,
)
from mapreduce_jobs.core.inputs.input_files import InputFile
from mapreduce_jobs.core.inputs.splits import (
    Span,
    read_errors,
    span_length,
)
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError, UsageError

__all__ = ["Rows", "RowsProtocol", "assign_table", "blocks"]

_BLOCK = 1 << 21  # bytes
_LISTED = 1 << 16  # bytes that are looked through at once: the processor's cache holds them
_STEPS = 8  # looks a span, at least


@dataclass(frozen=True)
class Rows:
    """Rows of a table.

    Attributes
    ----------
    head : bytes
        The first row of a CSV file; empty for results of a job.
    data : bytes
        Whole rows, which follow it somewhere.
    line : int
        Number of the line at which they begin; 0 where no quote is in them, and nobody asks.
    """

    head: bytes
    data: bytes
    line: int = 0

    @classmethod
    def of(cls, table: bytes) -> "Rows":
        r"""Return all rows of a table; a ValueError says what is wrong with the first.

        >>> Rows.of(b"name,age\na,40\n")
        Rows(head=b'name,age\n', data=b'a,40\n', line=2)
        """
        head, rest = first_row([table])
        if columns_of(head) is None:
            return cls(b"", table)
        return cls(head, b"".join(rest), 1 + line_count(head))

    @property
    def columns(self) -> Columns | None:
        """The columns of a CSV file; None for results."""
        return columns_of(self.head) if self.head else None


class RowsProtocol:
    """Blocks of rows on their way to the mapper, which mrjob takes for lines.

    >>> RowsProtocol().read(RowsProtocol().write(None, Rows(b"a,b", b"1,2", 7)))
    (None, Rows(head=b'a,b', data=b'1,2', line=7))
    """

    def read(self, line: bytes) -> tuple[None, Rows]:
        """Return what stands for no key, and the rows."""
        numbers, _, text = line.partition(b"\t")
        size, first = map(int, numbers.split())
        return None, Rows(text[:size], text[size:], first)

    def write(self, _: None, rows: Rows) -> bytes:
        """Return what `read` is given."""
        return b"%d %d\t%b%b" % (len(rows.head), rows.line, rows.head, rows.data)


def assign_table(file: InputFile, files: TaskFiles) -> None:
    """Assign a table to map tasks: a CSV file is read for that, a compressed table is one span.

    Parameters
    ----------
    file : InputFile
        The table.
    files : TaskFiles
        What takes it.

    Raises
    ------
    UsageError
        It cannot be read, or a quote in its first row is not closed.
    """
    if not file.size:
        files.add_text(file)
        return
    if is_compressed(file.location):
        files.add_table(file, [Span(file.location, 0, file.size)])
        return
    length = span_length(file.size, files.count or 1)
    try:
        head, rest = first_row(_pieces(file, 0, file.size, max(1, length // _STEPS)))
    except ValueError as error:
        raise UsageError(f"{file.location}: {error}") from None
    if ending := ending_of(head):
        raise UsageError(f"{file.location}: is compressed: its name must end with {ending}")
    columns = columns_of(head)
    if columns is None:
        files.add_text(file)
    else:
        files.add_table(file, _spans(file, head, whole_rows(rest, columns.delimiter), length))


def _spans(file: InputFile, head: bytes, blocks: Iterator[bytes], length: int) -> Iterator[Span]:
    """Cut a CSV file between blocks into spans of some length.

    From the first quote on, which may be one that is not closed, lines are counted.
    """
    start = stop = len(head)
    line = within = 0  # the line at which a span begins, and those in it
    for block in blocks:
        if not line and b'"' in block:
            line = 1 + line_count(head) + _lines_between(file, len(head), start)
            within = _lines_between(file, start, stop)
        if line:
            within += line_count(block)
        stop += len(block)
        if stop - start + len(block) // 2 >= length:  # the next border is no nearer
            yield Span(file.location, start, stop - start, len(head), line)
            start, line, within = stop, line + within, 0
    if stop > start:
        yield Span(file.location, start, stop - start, len(head), line)


def _lines_between(file: InputFile, start: int, stop: int) -> int:
    """Count line ends between two rows before which there are no quotes."""
    blocks = whole_rows(_pieces(file, start, stop - start), ",")
    return sum(map(line_count, blocks))


def _pieces(file: InputFile, start: int, length: int, at_once: int = _LISTED) -> Iterator[bytes]:
    with read_errors(file.location, UsageError):
        yield from bytes_between(file.location, start, length, min(_LISTED, at_once))


def blocks(
    stdin: IO[bytes], spans: bool, environ: Mapping[str, str] = os.environ
) -> Iterator[Rows]:
    """Iterate over a task's rows, some megabytes at a time.

    Parameters
    ----------
    stdin : binary file
        The task's lines or, with `spans`, lines that stand for them.
    spans : bool
        Whether lines stand for spans.
    environ : mapping, optional
        Environment variables; by them Hadoop says which part of which file the lines are.
    """
    if not spans:
        begins_file = environ.get("mapreduce_map_input_start", "0") == "0"
        # Only results are read by Hadoop.
        yield from _table(stdin, "the input") if begins_file else _results(stdin)
        return
    for line in stdin:
        span = Span.parse(line)
        if span is None:
            continue
        with read_errors(span.location):
            if is_compressed(span.location):
                with uncompressed(Location.of_uri(span.location)) as file:
                    yield from _table(file, span.location)
            elif span.head:
                yield from _csv_rows(span)
            else:
                yield from _results(lines_between(span.location, span.start, span.length))


def _results(lines: Iterable[bytes]) -> Iterator[Rows]:
    return (Rows(b"", block) for block in gathered(lines))


def _table(lines: Iterable[bytes], name: str) -> Iterator[Rows]:
    """Iterate over the rows of a whole table."""
    try:
        head, rest = first_row(gathered(lines))
    except ValueError as error:
        raise JobError(f"{name}: {error}") from None
    columns = columns_of(head)
    if columns is None:
        yield from _results(chain([head], rest))
        return
    line = 1 + line_count(head)
    for block in whole_rows(rest, columns.delimiter):
        yield Rows(head, block, line)
        line += line_count(block)


def _csv_rows(span: Span) -> Iterator[Rows]:
    """Iterate over the rows of a CSV file in a span that is cut between rows."""
    head = b"".join(bytes_between(span.location, 0, span.head))
    columns = columns_of(head)
    if columns is None:
        raise Changed(span.location, "it changed after the job had begun")
    line = span.first_line
    chunks = bytes_between(span.location, span.start, span.length, _BLOCK)
    for block in whole_rows(chunks, columns.delimiter):
        yield Rows(head, block, line)
        if line:
            line += line_count(block)
