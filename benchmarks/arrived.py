"""Digests of the files that arrived, here and on HDFS, and lines of listings."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path

from benchmarks.compare import Results
from benchmarks.errors import BenchmarkError
from hdfs_tools.bundles.record import parse_line
from hdfs_tools.filesystem import FileSystem

__all__ = ["bundled", "du_lines", "here", "ls_lines", "stored"]

_CHUNK = 1 << 20
_THREADS = 8
_LS_COLUMNS = 8
_DU_COLUMNS = 3


def here(root: Path) -> Results:
    """Return the digest of a file, or of each file in a directory, by base name."""
    files = sorted(path for path in root.rglob("*") if path.is_file()) or [root]
    return {path.name: _digest(_chunks(path)) for path in files}


def stored(storage: FileSystem, directory: str) -> Results:
    """Return the digest of each file in a directory on HDFS and below it, by base name."""
    entries = [*storage.walk(directory)]
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = pool.map(lambda entry: _digest(storage.chunks(entry.path)), entries)
        return {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}


def bundled(storage: FileSystem, bundle: str) -> Results:
    """Return the digest of each image in a bundle on HDFS, by its name there."""
    with storage.open(bundle) as lines:
        records = map(parse_line, lines)
        return {record.name: _digest([record.read()]) for record in records}


def ls_lines(path: Path) -> Results:
    """Read what ``ls -R`` shows: all columns, by path."""
    return _columns(path, _LS_COLUMNS)


def du_lines(path: Path) -> Results:
    """Read what ``du`` shows: bytes of files and of disks, by path."""
    return _columns(path, _DU_COLUMNS)


def _columns(path: Path, count: int) -> Results:
    results = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            *cells, name = line.rstrip("\n").split(maxsplit=count - 1)
            if name in results:
                raise BenchmarkError(f"{path}: {name!r} is there twice")
            results[name] = " ".join(cells).encode()
    return results


def _digest(chunks: Iterable[bytes]) -> bytes:
    digest = blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
