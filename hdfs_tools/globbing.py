"""Patterns of paths on HDFS: ``*``, ``?``, ``[a-z]``, ``{a,b}`` and, for any folders, ``**``."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdfs_tools.webhdfs import Status, WebHDFS

__all__ = ["glob", "has_magic"]


def glob(storage: "WebHDFS", pattern: str) -> "Iterator[Status]":
    """Iterate over what matches a pattern.

    Parameters
    ----------
    storage : WebHDFS
        The file system.
    pattern : str
        An absolute path with wildcards; ``**`` as a part stands for any number of folders.
    """
    return _glob(storage, "", [part for part in pattern.split("/") if part])


def _glob(storage: "WebHDFS", folder: str, parts: Sequence[str]) -> "Iterator[Status]":
    if not parts:
        yield storage.stat(folder or "/")
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _glob(storage, folder, rest or ["*"])
        for entry in _entries(storage, folder):
            if entry.is_folder:
                yield from _glob(storage, entry.path, parts)
    elif not has_magic(part):
        path = f"{folder}/{part}"
        if storage.exists(path):
            yield from _glob(storage, path, rest)
    else:
        matches = _wildcards(part).fullmatch
        for entry in _entries(storage, folder):
            if matches(entry.name):
                yield from _glob(storage, entry.path, rest) if rest else [entry]


def _entries(storage: "WebHDFS", folder: str) -> "Iterator[Status]":
    if storage.stat(folder or "/").is_folder:
        yield from sorted(storage.list(folder or "/"), key=lambda entry: entry.path)


def has_magic(path: str) -> bool:
    """Tell whether a path holds wildcards of `glob`."""
    return re.search(r"[*?\[{]", path) is not None


def _wildcards(part: str) -> re.Pattern[str]:
    """Return the regular expression of a part of a glob.

    >>> bool(_wildcards("{ct,mr}-[0-9]?*.dcm").fullmatch("mr-12.dcm"))
    True
    """
    pattern, depth, position = "", 0, 0
    while position < len(part):
        character = part[position]
        closing = part.find("]", position + 2) if character == "[" else -1
        if closing > 0:
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
    return re.compile(pattern + ")" * depth, re.DOTALL)
