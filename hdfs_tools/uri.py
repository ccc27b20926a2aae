"""URIs of images and files, as far as record lines and HDFS know them.

A path in a URI of HDFS is percent-encoded only where it must be (see `encode_name`): Hadoop's own
URIs are not encoded at all, and people type them as they read them.
"""

import posixpath
import re
from urllib.parse import unquote, unquote_to_bytes

__all__ = [
    "authority_of",
    "decode_name",
    "encode_name",
    "is_uri",
    "local_path_of",
    "normalize",
    "path_of",
]

# '%', control characters (Unicode category Cc), and bytes that were not UTF-8 (PEP 383).
_TO_ENCODE = re.compile("[%\x00-\x1f\x7f-\x9f\udc80-\udcff]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_HDFS = re.compile(r"(hdfs|s?webhdfs)://([^/]*)(/.*|$)", re.DOTALL)


def encode_name(name: str) -> str:
    r"""Percent-encode what a name cannot carry through a line of text.

    >>> encode_name("chest\t100%/ün.png")
    'chest%09100%25/ün.png'
    """

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))

    return _TO_ENCODE.sub(escape, name)


def decode_name(text: str) -> str:
    r"""Undo `encode_name`. A ``%`` that no two hexadecimal digits follow stands for itself.

    >>> decode_name("chest%09100%25/ün.png")
    'chest\t100%/ün.png'
    """
    if "%" not in text:
        return text
    raw = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def is_uri(text: str) -> bool:
    """Return whether a text is a URI: a scheme of two letters or more and ``:/``, not a path."""
    return _URI.match(text) is not None


def authority_of(text: str) -> str:
    """Return what stands before the path in a URI of HDFS; nothing of any other text.

    >>> authority_of("hdfs://namenode:8020/data/a.png"), authority_of("/data/a.png")
    ('hdfs://namenode:8020', '')
    """
    match = _HDFS.match(text)
    return text[: match.start(3)] if match else ""


def path_of(uri: str, raw: bool = False) -> str:
    """Return the path in a URI of HDFS, by default without its percent-encoding.

    >>> path_of("hdfs://namenode:8020/data/100%25 #1?.png")
    '/data/100% #1?.png'
    """
    match = _HDFS.match(uri)
    if match is None:
        raise ValueError(f"{uri}: not a URI of HDFS")
    return match[3] if raw else unquote(match[3], errors="surrogateescape")


def local_path_of(uri: str) -> str:
    """Return the path in a URI of a file of this machine.

    >>> local_path_of("file:///data/100%25.png")
    '/data/100%.png'
    """
    rest = uri.removeprefix("file:").removeprefix("//").removeprefix("localhost")
    return unquote(rest, errors="surrogateescape")


def normalize(path: str) -> str:
    """Return an absolute path with no ``.``, ``..`` or ``//`` in it, which HDFS refuses.

    >>> normalize("/lists/./../images//a.png")
    '/images/a.png'
    """
    return re.sub("^/+", "/", posixpath.normpath(path))
