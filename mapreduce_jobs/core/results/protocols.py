"""mrjob protocols: record lines in, one JSON line a key out, and what tasks hand each other."""

import json
from typing import Any

from hdfs_tools.bundles.failure import Failure
from hdfs_tools.bundles.record import Record, Reference, bundle_line, parse_line
from mapreduce_jobs.core.job_errors import UnwritableResult
from mapreduce_jobs.core.results.plain_values import plain

__all__ = [
    "CountLineProtocol",
    "ImageLineProtocol",
    "JSONLineProtocol",
    "RecordLineProtocol",
    "TaskLineProtocol",
]

_FAILURE = b"!"  # which no JSON begins with


class JSONLineProtocol:
    r"""``key TAB value``, both JSON, readable in any script, and the same bytes everywhere.

    mrjob's own JSON protocol encodes with whichever library a machine has.

    >>> JSONLineProtocol().write("胸部.png", {"images": 1}).decode()
    '"胸部.png"\t{"images": 1}'
    >>> JSONLineProtocol().write("a.png", Failure("EmptyFile", "the file is empty"))
    b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}'
    """

    def read(self, line: bytes) -> tuple[Any, Any]:
        """Return key and value of a line."""
        key, value = line.split(b"\t", 1)
        return json.loads(key), json.loads(value)

    def write(self, key: Any, value: Any) -> bytes:
        """Return the line of a key; an `UnwritableResult` names a part that JSON does not hold."""
        if isinstance(value, Failure):
            value = value.to_json()
        try:
            text = f"{_json(key)}\t{_json(value)}"
        except UnwritableResult as error:
            raise UnwritableResult(f"{key}: {error}") from None
        # Only bytes of a file name that are not UTF-8 are left for the error handler.
        return text.encode("utf-8", "backslashreplace")


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


class TaskLineProtocol:
    r"""What the tasks of a job hand each other: a failure is a line of its own kind.

    So a measure may call its fields what it likes.

    >>> TaskLineProtocol().write("all", Failure("EmptyFile", "the file is empty"))
    b'"all"\t!{"error": "EmptyFile", "message": "the file is empty"}'
    >>> TaskLineProtocol().read(b'"all"\t{"error": "none", "message": "that of a measure"}')
    ('all', {'error': 'none', 'message': 'that of a measure'})
    """

    def read(self, line: bytes) -> tuple[Any, Any]:
        """Return key and value of a line."""
        key, text = line.split(b"\t", 1)
        if text.startswith(_FAILURE):
            return json.loads(key), Failure(**json.loads(text.removeprefix(_FAILURE)))
        return json.loads(key), json.loads(text)

    def write(self, key: Any, value: Any) -> bytes:
        """Return the line; see `JSONLineProtocol`."""
        line = JSONLineProtocol().write(key, value)
        if isinstance(value, Failure):
            head, tab, text = line.partition(b"\t")
            return head + tab + _FAILURE + text
        return line


class CountLineProtocol:
    r"""``WORD TAB COUNT`` between the tasks of a job: a word holds no TAB and no line end.

    >>> CountLineProtocol().write("Größe".encode(), 3)
    b'Gr\xc3\xb6\xc3\x9fe\t3'
    """

    def read(self, line: bytes) -> tuple[bytes, int]:
        """Return word, in UTF-8, and count."""
        word, _, count = line.partition(b"\t")
        return word, int(count)

    def write(self, word: bytes, count: int) -> bytes:
        """Return the line."""
        return b"%b\t%d" % (word, count)


class RecordLineProtocol:
    r"""The record line: the key is an image's name, the value its `Record` or `Reference`.

    >>> RecordLineProtocol().read(b"ct/1.dcm\tAAAA")
    ('ct/1.dcm', Record(name='ct/1.dcm', encoded=b'AAAA'))
    >>> RecordLineProtocol().write("ct/1.dcm", b"\x00\x00\x00")
    b'ct/1.dcm\tAAAA'
    """

    def read(self, line: bytes) -> tuple[str, Record | Reference]:
        """Return an image's name and where its bytes are."""
        item = parse_line(line)
        return item.name, item

    def write(self, name: str, data: bytes) -> bytes:
        """Return the bundle record of an image."""
        return bundle_line(name, data).rstrip(b"\n")


class ImageLineProtocol:
    r"""What a job that makes images writes: bundle records, and error lines in their place.

    >>> ImageLineProtocol().write("ct/1.png", b"\x00\x00\x00")
    b'ct/1.png\tAAAA'
    >>> ImageLineProtocol().write("a.png", Failure("EmptyFile", "the file is empty"))
    b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}'
    """

    def write(self, name: str, value: bytes | Failure | dict[str, Any]) -> bytes:
        """Return the line of an image's bytes, or of its error."""
        if isinstance(value, bytes):
            return RecordLineProtocol().write(name, value)
        return JSONLineProtocol().write(name, value)
