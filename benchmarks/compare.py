"""The results of all peers are the same, or the benchmark ends."""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from hdfs_tools.bundles.record import is_image_line, parse_line

__all__ = [
    "Results",
    "assert_equal",
    "bundle_lines",
    "dicom_pixels",
    "json_lines",
    "model_lines",
    "profile_lines",
    "uniq_lines",
]

Results = Mapping[str, bytes]
"""The value of each key; a digest of it, so that results of many images stay small."""

_UNIQ = re.compile(rb" *(\d+) (.+)\n")
_MAX_NAMED = 3


def json_lines(path: Path) -> Results:
    """Read ``key TAB value`` lines, both JSON, in any order."""

    return _results(path, lambda: _json_pairs(path))


def profile_lines(path: Path) -> Results:
    """Read the profile of a collection: counts as they are, means to 9 digits."""

    def pairs() -> Iterator[tuple[str, object]]:
        for key, value in _json_pairs(path):
            yield from ((f"{key}: {name}", value[name]) for name in ("images", "pixels", "bytes"))
            for name, of in value["quality"].items():
                if of["mean"] is not None:
                    yield f"{key}: mean of {name}", f"{of['mean']:.9g}"

    return _results(path, pairs)


def model_lines(path: Path) -> Results:
    """Read a linear model, its numbers to 6 digits."""

    def pairs() -> Iterator[tuple[str, object]]:
        for key, value in _json_pairs(path):
            yield f"{key}: rows", value["rows"]
            numbers = {"intercept": value["intercept"], **value["coefficients"]}
            yield from ((f"{key}: {name}", f"{of['value']:.6g}") for name, of in numbers.items())

    return _results(path, pairs)


def _json_pairs(path: Path) -> Iterator[tuple[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition("\t")
            yield json.loads(key), json.loads(value)


def bundle_lines(path: Path) -> Results:
    """Read bundle records, in any order."""

    def pairs() -> Iterator[tuple[str, object]]:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                name, _, encoded = line.rstrip("\n").partition("\t")
                yield name, encoded

    return _results(path, pairs)


def dicom_pixels(path: Path) -> Results:
    """Read the pixels of the DICOM files in bundle records, in any order; no audit lines."""
    import pydicom  # slow, and for one benchmark alone

    def pairs() -> Iterator[tuple[str, object]]:
        with open(path, "rb") as lines:
            for line in filter(is_image_line, lines):
                item = parse_line(line)
                yield (
                    item.name,
                    pydicom.dcmread(io.BytesIO(item.read()), force=True).PixelData.hex(),
                )

    return _results(path, pairs)


def uniq_lines(path: Path) -> Results:
    """Read the lines of ``uniq -c``: the count, a space, the word."""

    def pairs() -> Iterator[tuple[str, object]]:
        with open(path, "rb") as lines:
            for line in lines:
                match = _UNIQ.fullmatch(line)
                if match is None:
                    raise ValueError(f"not a line of uniq -c: {line!r}")
                yield match[2].decode(), int(match[1])

    return _results(path, pairs)


def _results(path: Path, pairs: Callable[[], Iterator[tuple[str, object]]]) -> Results:
    results: dict[str, bytes] = {}
    try:
        for key, value in pairs():
            if key in results:
                raise BenchmarkError(f"{path}: {key!r} is there twice")
            canonical = json.dumps(value, sort_keys=True).encode()
            results[key] = blake2b(canonical, digest_size=16).digest()
    except ValueError as error:
        raise BenchmarkError(f"{path}: {error}") from error
    return results


def assert_equal(results: Results, expected: Results, path: Path, reference: Path) -> None:
    """Raise `BenchmarkError` unless two peers have the same keys with the same values.

    Parameters
    ----------
    results, expected : Results
        What is checked, and what it must be.
    path, reference : path
        The files that they were read from, to be named.
    """
    if results == expected:
        return
    different = [
        key
        for key in sorted(results.keys() | expected.keys())
        if results.get(key) != expected.get(key)
    ]
    named = ", ".join(map(repr, different[:_MAX_NAMED]))
    raise BenchmarkError(
        f"{path} differs from {reference} in {len(different)} of {len(expected)} results,"
        f" such as {named}"
    )
