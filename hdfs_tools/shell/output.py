"""Output of results: sizes for people, columns, times, and lines of JSON."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from hdfs_tools.encoding import clean

if TYPE_CHECKING:
    from hdfs_tools.status import Status

__all__ = [
    "binary_output",
    "columns",
    "human",
    "moment",
    "row_of",
    "say",
    "say_json",
    "size_text",
]

_ALIGNED = 1000  # rows that are held back to be aligned


def say(line: str) -> None:
    """Write a line to standard output; a terminal gets no control characters of names."""
    sys.stdout.write((clean(line) if sys.stdout.isatty() else line) + "\n")


def say_json(**values: Any) -> None:
    """Write a line of JSON to standard output."""
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


def binary_output() -> IO[bytes]:
    """Return standard output for bytes, behind the text that was written to it."""
    sys.stdout.flush()
    return sys.stdout.buffer


def human(number: int) -> str:
    """Return a number as ``hdfs dfs -h`` writes it.

    >>> human(1023), human(1024), human(1536), human(1047553), human(-2048)
    ('1023', '1 K', '1.5 K', '1023.0 K', '-2 K')
    """
    if number < 0:
        return f"-{human(-number)}"
    if number < 1024:
        return str(number)
    power = (number.bit_length() - 1) // 10
    if number % (1 << 10 * power) == 0:
        return f"{number >> 10 * power} {'KMGTPE'[power - 1]}"
    tenths = _tenths(number, power)
    if tenths >= 10240:
        power += 1
        tenths = _tenths(number, power)
    return f"{tenths // 10}.{tenths % 10} {'KMGTPE'[power - 1]}"


def _tenths(number: int, power: int) -> int:
    """Return tenths of a prefix, rounded half up as Java does."""
    return (20 * number + (1 << 10 * power)) // (2 << 10 * power)


def size_text(number: int, for_people: bool) -> str:
    """Return a size in bytes, or as `human` writes it."""
    return human(number) if for_people else str(number)


def columns(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Iterate over lines of aligned columns, two blanks apart.

    Memory is bounded: rows are aligned by the thousand, with columns that only grow.

    Parameters
    ----------
    rows : iterable of sequence of str
        The cells; the last column is not padded.
    right : sequence of int, optional
        Columns that are aligned at the right.
    """
    source = iter(rows)
    widths: list[int] = []
    while group := list(islice(source, _ALIGNED)):
        widths = widths or [0] * len(group[0])
        for row in group:
            widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
        for row in group:
            cells = [
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            cells[-1] = cells[-1] if len(row) - 1 in right else row[-1]
            yield "  ".join(cells)


def moment(seconds: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a local time."""
    return time.strftime(form, time.localtime(seconds))


def row_of(shown: str, status: "Status") -> dict[str, Any]:
    """Return what is known of a file or directory as it stands in lines of JSON."""
    return {
        "path": shown,
        "type": "folder" if status.is_directory else "file",
        "size": status.size,
        "owner": status.owner,
        "group": status.group,
        "permission": f"{status.permission:04o}",
        "modified": status.modified,
        "accessed": status.accessed,
        "replication": status.replication,
        "block_size": status.block_size,
        "has_acl": status.has_acl,
    }
