"""Lines of the results of jobs, of whichever job: what each is of, and what it says."""

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from hdfs_tools.bundles.compressed import name_within, open_text
from hdfs_tools.bundles.failure import Failure
from hdfs_tools.bundles.record import Reference, parse_line
from hdfs_tools.location import Location
from hdfs_tools.uri import decode_name
from mapreduce_jobs.core.inputs.assignment import files_in
from mapreduce_jobs.core.inputs.named_inputs import named, usage_errors
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.kinds import Declared, kind_of
from mapreduce_jobs.core.results.result_sums import result_and_sums

__all__ = ["Line", "declarations", "result_lines"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = 1 << 20  # of a line, of which no more is held where it is an image
_MAX_DOCUMENT = 1 << 24  # characters of a JSON file that is no result line
_JSON_STARTS = b'{["-0123456789tfnNI'
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_PART_NAME = re.compile(r"part-(?:[mr]-)?\d{5,}")  # of a directory that a job has written


@dataclass(frozen=True)
class Line:
    """What one line of a result says.

    Attributes
    ----------
    key : str or None
        The image, row, group or word that it is of; None for what has no group.
    kind : str
        ``histogram``, ``edges``, ``profile`` (of a group), ``profile_image``, ``headers``,
        ``classes``, ``prediction``, ``model``, ``evaluation`` (of a model, by cross-validation),
        ``regression``, ``aggregate``, ``decision`` (of clean), ``word``, ``findings`` (of
        deidentify --check), ``error``, ``audit``, ``image``, ``provenance``; what a job of a user's
        own declares; ``other`` for what another job has written.
    value : dict
        As it is written, without the sums that ``--keep-sums`` adds. Of a word ``{"count": n}``,
        of an image ``{"bytes": n}``, the size of its file, or ``{"reference": location}``; of what
        is no object ``{"value": …}``.
    columns : mapping of str to str
        The type of each field, in the order of a table, where a job of a user's own declares it.
    """

    key: str | None
    kind: str
    value: dict[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)


def declarations(paths: Iterable[str]) -> list[Declared]:
    """Return what jobs of a user's own write, by the files of provenance among results.

    Parameters
    ----------
    paths : iterable of str
        As `result_lines` takes them. Files of provenance are files of this machine.

    Raises
    ------
    UsageError
        As `result_lines`; or such a file declares what is no kind.
    """
    found: list[Declared] = []
    for location in (location for path in paths if path != "-" for location in named(path)):
        if location.is_local and os.path.isfile(location.path):  # a pipe can be read once
            with contextlib.suppress(OSError), open(location.path, "rb") as file:
                if file.peek(1)[:1] == b"{":
                    lines = _lines(location.text, file, ())
                    noted = [line for line in lines if line.kind == "provenance"]
                    found += (one for line in noted for one in _declared(location.text, line))
    return found


def _declared(name: str, line: Line) -> Iterator[Declared]:
    noted = line.value["provenance"]
    if "kind" in noted:
        try:
            yield Declared(noted["kind"], noted.get("columns"))
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None


def result_lines(
    paths: Sequence[str], declared: Sequence[Declared] | None = None
) -> Iterator[Line]:
    """Iterate over the lines of results, in the order of the files; one line is held at a time.

    Parameters
    ----------
    paths : sequence of str
        Files, directories that jobs have written (their ``part-*``), globs, any of these on HDFS;
        ``-`` for standard input.
    declared : sequence of Declared, optional
        What jobs of a user's own write; by default what `declarations` finds in the paths. A line
        is of the first of these kinds that has all its fields.

    Yields
    ------
    Line
        Images of bundles are listed by name and size, and are not decoded.

    Raises
    ------
    UsageError
        A path cannot be read; or a line is no result, nor a file of provenance: its file and
        number are named.
    """
    if declared is None:
        declared = declarations(paths)
    for path in paths:
        for name, file in _files(path):
            yield from _lines(name, file, declared)


def _files(path: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Iterate over the files that a path names, opened."""
    if path == "-":
        yield "standard input", sys.stdin.buffer
        return
    for location in named(path):
        for part in _parts(location):
            with usage_errors(part.text), open_text(part) as file:
                yield part.text, file


def _parts(location: Location) -> list[Location]:
    """Return a file itself; of a directory, the part files of a job."""
    found = list(files_in(location))
    if [location] == [file for file, _ in found]:
        return [location]
    parts = [file for file, entry in found if _PART_NAME.fullmatch(name_within(entry.name))]
    if not parts:
        raise UsageError(
            f"{location.text}: a directory without part files: give one that a job has written with"
            " -o, or the files of results themselves"
        )
    return sorted(parts, key=lambda part: part.path)


def _lines(name: str, file: IO[bytes], declared: Sequence[Declared]) -> Iterator[Line]:
    number = 0
    while piece := file.readline(_PIECE):
        number += 1
        first = number
        if number == 1:
            piece = piece.removeprefix(_BYTE_ORDER_MARK)
        if not piece.strip():
            continue
        try:
            if piece.startswith(b"{") and b"\t" not in piece:
                line, more = _document(piece, file)
                number += more
            else:
                line = _line(piece, file, declared)
        except _NoResultError:
            raise UsageError(f"{name}, line {first}: is no line of a job's result") from None
        yield line


class _NoResultError(Exception):
    """A line that is none of a result."""


def _line(piece: bytes, file: IO[bytes], declared: Sequence[Declared]) -> Line:
    """Return what a line says, of which the first piece is given."""
    head, tab, body = piece.partition(b"\t")
    if b"\0" in head:
        raise _NoResultError
    if not tab:
        return _reference(piece)
    if body[:1] in _JSON_STARTS and _is_json(head):  # as few names of images are
        body += _rest(piece, file)
        try:
            return _result(json.loads(head), json.loads(body), declared)
        except (ValueError, RecursionError):
            pass
    return _image(head, body, file)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _rest(piece: bytes, file: IO[bytes]) -> bytes:
    """Return what there is of a line behind a piece."""
    return b"" if piece.endswith(b"\n") else file.readline()


def _image(head: bytes, body: bytes, file: IO[bytes]) -> Line:
    """Return the name and the size of an image, whose base64 goes by piece by piece."""
    length = padding = 0
    while True:
        encoded = body.rstrip(b"\r\n")
        if (padding and encoded.strip(b"=")) or _BASE64.fullmatch(encoded) is None:
            raise _NoResultError
        length += len(encoded)
        padding += encoded.count(b"=")
        if body.endswith(b"\n") or not (body := file.readline(_PIECE)):
            break
    if length % 4 or padding > 2:
        raise _NoResultError
    name = decode_name(head.decode("utf-8", "surrogateescape"))
    return Line(name, "image", {"bytes": length // 4 * 3 - padding})


def _reference(piece: bytes) -> Line:
    location = piece.strip().decode("utf-8", "surrogateescape")
    if Reference(location).is_relative:  # as jobs do not write them
        raise _NoResultError
    item = parse_line(piece)
    return Line(item.name, "image", {"reference": location})


def _document(piece: bytes, file: IO[bytes]) -> tuple[Line, int]:
    """Return the provenance in a file, and how many more lines it takes."""
    pieces, length, more = [piece], len(piece), 0
    while True:
        if piece.startswith((b"{", b"}")):  # else it is inside
            try:
                value = json.loads(b"".join(pieces))
            except (ValueError, RecursionError):
                value = None
            if value is not None:
                break
        piece = file.readline(_PIECE)
        pieces.append(piece)
        length += len(piece)
        more += 1
        if not piece or length > _MAX_DOCUMENT:
            raise _NoResultError
    if value.keys() != {"provenance"} or not isinstance(value["provenance"], dict):
        raise _NoResultError
    return Line(None, "provenance", value), more


def _result(key: Any, value: Any, declared: Sequence[Declared]) -> Line:
    """Return what a key and a value are of."""
    if not isinstance(value, dict):
        is_count = isinstance(key, str) and type(value) is int and value >= 0
        kind, field = ("word", "count") if is_count else ("other", "value")
        return Line(_text(key), kind, {field: value})
    result, _ = result_and_sums(value)
    if isinstance(result, Failure):
        return Line(_text(key), "error", result.to_json())
    for one in declared:
        if result and not one.undeclared(result):
            return Line(_text(key), one.kind, result, one.columns)
    return Line(_text(key), kind_of(result), result)


def _text(key: Any) -> str | None:
    return key if key is None or isinstance(key, str) else json.dumps(key, ensure_ascii=False)
