"""Paths of a file system: what HDFS allows, and patterns.

Patterns have ``*``, ``?``, ``[a-z]``, ``{a,b/c}`` and, for any directories, ``**``; what stands
behind a backslash is meant as it is.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from hdfs_tools.errors import InvalidPath

if TYPE_CHECKING:
    from hdfs_tools.status import Status
    from hdfs_tools.storage import Storage

__all__ = ["MAX_NAME", "check_new", "glob", "has_magic", "is_pattern", "matches", "wildcards"]

_BRACES = re.compile(r"[{},]|\\.", re.DOTALL)
_ESCAPED, _LITERAL = re.compile(r"\\(.)", re.DOTALL), r"\1"

MAX_NAME = 255
"""Bytes of a name, as UTF-8."""


def glob(storage: "Storage", pattern: str) -> "Iterator[Status]":
    """Iterate over what matches a pattern.

    Parameters
    ----------
    storage : Storage
        The file system.
    pattern : str
        An absolute path with wildcards; ``**`` as a part stands for any number of directories.

    Returns
    -------
    iterator of Status
        Of each file or directory that matches.
    """
    seen: set[str] = set()
    for one in _alternatives(pattern):
        for found in _glob(storage, "", [part for part in one.split("/") if part]):
            if found.path not in seen:
                seen.add(found.path)
                yield found


def _alternatives(pattern: str) -> Iterator[str]:
    r"""Iterate over the patterns that one stands for which has a ``/`` between braces.

    >>> list(_alternatives("/{2024/0[1-3],2025}/{a,b}"))
    ['/2024/0[1-3]/{a,b}', '/2025/{a,b}']
    """
    borders: list[int] = []  # the opening brace and the commas at the same depth
    depth = 0
    for found in _BRACES.finditer(pattern):
        position, character = found.start(), found[0]
        if character == "{":
            depth += 1
            borders = [position] if depth == 1 else borders
        elif character == "," and depth == 1:
            borders.append(position)
        elif character == "}" and depth:
            depth -= 1
            if not depth and "/" in pattern[borders[0] : position]:
                for start, stop in pairwise([*borders, position]):
                    chosen = pattern[start + 1 : stop]
                    yield from _alternatives(
                        pattern[: borders[0]] + chosen + pattern[position + 1 :]
                    )
                return
    yield pattern


def _glob(storage: "Storage", directory: str, parts: Sequence[str]) -> "Iterator[Status]":
    if not parts:
        yield storage.stat(directory or "/")
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _glob(storage, directory, rest or ["*"])
        for entry in _entries(storage, directory):
            if entry.is_directory:
                yield from _glob(storage, entry.path, parts)
    elif not has_magic(part):
        path = f"{directory}/{_ESCAPED.sub(_LITERAL, part)}"
        if storage.exists(path):
            yield from _glob(storage, path, rest)
    else:
        matches = wildcards(part).fullmatch
        for entry in _entries(storage, directory):
            if matches(entry.name):
                yield from _glob(storage, entry.path, rest) if rest else [entry]


def _entries(storage: "Storage", directory: str) -> "Iterator[Status]":
    if storage.stat(directory or "/").is_directory:
        yield from sorted(storage.list(directory or "/"), key=lambda entry: entry.path)


def has_magic(path: str) -> bool:
    """Return whether a path holds wildcards of `glob`."""
    return re.search(r"[*?\[{]", path) is not None


def is_pattern(path: str) -> bool:
    """Return whether a path that is not there may stand for others."""
    return has_magic(path) or "\\" in path


def matches(pattern: str, path: str) -> bool:
    """Return whether a path is one that a pattern without ``**`` stands for.

    >>> matches("/data/*.dcm", "/data/1.dcm"), matches("/data/*", "/data/ct/1.dcm")
    (True, False)
    """
    parts, names = pattern.split("/"), path.split("/")
    pairs = zip(parts, names, strict=False)
    return len(parts) == len(names) and all(wildcards(part).fullmatch(name) for part, name in pairs)


def wildcards(part: str) -> re.Pattern[str]:
    """Return the regular expression of a part of a glob: of a name.

    >>> bool(wildcards("{ct,mr}-[0-9]?*.dcm").fullmatch("mr-12.dcm"))
    True
    """
    pattern, depth, position = "", 0, 0
    while position < len(part):
        character = part[position]
        closing = part.find("]", position + 2) if character == "[" else -1
        if character == "\\" and position + 1 < len(part):
            position += 1
            pattern += re.escape(part[position])
        elif closing > 0:
            inside = part[position + 1 : closing].replace("\\", r"\\").replace("[", r"\[")
            if inside[0] in "!^":
                inside = "^" + inside[1:]
            pattern += f"[{inside}]"
            position = closing
        elif character == "{" and "}" in part[position:]:
            pattern, depth = pattern + "(?:", depth + 1
        elif character == "}" and depth:
            pattern, depth = pattern + ")", depth - 1
        elif character == "," and depth:
            pattern += "|"
        else:
            pattern += {"*": ".*", "?": "."}.get(character, re.escape(character))
        position += 1
    try:
        return re.compile(pattern + ")" * depth, re.DOTALL)
    except re.error:
        raise InvalidPath(part, "a pattern that nothing can match") from None


def check_new(path: str) -> None:
    """Raise `InvalidPath` if HDFS cannot have a file or directory of that path.

    WebHDFS does not always say so: it takes ``..`` away from the target of a renaming.

    >>> check_new("/data/a:b")
    Traceback (most recent call last):
    ...
    hdfs_tools.errors.InvalidPath: /data/a:b: Invalid path name: HDFS has no 'a:b'
    """
    if not path.startswith("/"):
        raise InvalidPath(path, "not an absolute path")
    for name in path.rstrip("/").split("/")[1:]:
        if name in ("", ".", "..") or ":" in name or "\0" in name:
            raise InvalidPath(path, f"Invalid path name: HDFS has no {name!r}")
        if len(name) * 4 > MAX_NAME and len(name.encode(errors="replace")) > MAX_NAME:
            raise InvalidPath(path, f"a name is longer than {MAX_NAME} bytes")
    if not _is_unicode(path):
        raise InvalidPath(path, "names on HDFS are Unicode, this is not")


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
