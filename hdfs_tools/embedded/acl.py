"""Access control lists: how HDFS changes them.

A *logical* list has all entries: ``user::``, ``group::`` and ``other::``, and ``mask::`` where a
user or group is named. What is *kept* lacks those that the permission bits stand for.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from hdfs_tools.errors import InvalidPath, RemoteError

__all__ = [
    "Entry",
    "granted",
    "inherited",
    "kept",
    "letters",
    "logical",
    "merged",
    "parsed",
    "refused",
    "replaced",
    "specified",
    "without",
    "without_default",
]

_KINDS = ("user", "group", "mask", "other")
_MAX_ENTRIES = 32  # entries of each scope
_ENTRY = re.compile(r"(default:)?(user|group|mask|other):([A-Za-z_][A-Za-z0-9._-]*)?(?::(.*))?")
_PERMISSION = re.compile("[r-][w-][x-]")


class Entry(NamedTuple):
    """An entry; entries sort as HDFS sorts them.

    Attributes
    ----------
    default : bool
        Whether it is for what will be made in a directory.
    kind : int
        0 user, 1 group, 2 mask, 3 other.
    name : str
        Of the user or group; empty for the owner and the group of the file.
    permission : int
        Bits, 0 to 7.
    """

    default: bool
    kind: int
    name: str
    permission: int

    @property
    def is_minimal(self) -> bool:
        """Whether it is one of the three that every list has."""
        return not self.default and not self.name and self.kind != 2

    def __str__(self) -> str:
        permission = letters(self.permission)
        return f"{'default:' * self.default}{_KINDS[self.kind]}:{self.name}:{permission}"


def letters(bits: int) -> str:
    """Return the letters of three permission bits.

    >>> letters(5)
    'r-x'
    """
    return "".join(letter if bits & 4 >> position else "-" for position, letter in enumerate("rwx"))


def specified(texts: Sequence[str], path: str, with_permission: bool = True) -> list[Entry]:
    """Return the entries that somebody gives; `InvalidPath` if there are none."""
    if not texts:
        raise InvalidPath(path, "no ACL entries are given")
    return parsed(texts, path, with_permission)


def parsed(texts: Iterable[str], path: str, with_permission: bool = True) -> list[Entry]:
    """Return the entries that texts describe, sorted; `InvalidPath` if they describe none.

    >>> [str(entry) for entry in parsed(["other::r--", "user:bob:rw-"], "/a")]
    ['user:bob:rw-', 'other::r--']
    """
    entries = []
    for text in texts:
        match = _ENTRY.fullmatch(text)
        permission = (match and match[4]) or ""
        if match is None or (with_permission and not _PERMISSION.fullmatch(permission)):
            raise InvalidPath(path, f"{text!r} is not an ACL entry")
        bits = sum(4 >> position for position, letter in enumerate(permission) if letter != "-")
        entries.append(Entry(bool(match[1]), _KINDS.index(match[2]), match[3] or "", bits))
    return sorted(entries)


def refused(path: str, reason: str) -> RemoteError:
    """Return the error of a list that cannot be."""
    return RemoteError(path, reason, "AclException")


def logical(permission: int, acl: Sequence[str]) -> list[Entry]:
    """Return the whole list of what has these permission bits and these entries kept."""
    entries = parsed(acl, "")
    user, group, other = (permission >> shift & 7 for shift in (6, 3, 0))
    extended = any(not entry.default for entry in entries)
    bits = Entry(False, 2 if extended else 1, "", group)
    return sorted([Entry(False, 0, "", user), bits, Entry(False, 3, "", other), *entries])


def kept(entries: Sequence[Entry], permission: int) -> tuple[int, list[str]]:
    """Return the permission bits and the entries to keep for a logical list.

    The sticky bit is that of `permission`.
    """
    access = [entry for entry in entries if not entry.default]
    user, group, other = access[0], access[-2], access[-1]  # the group's bits are the mask's
    bits = permission & 0o1000 | user.permission << 6 | group.permission << 3 | other.permission
    beside = access[1:-2] if len(access) > 3 else []
    return bits, [str(entry) for entry in [*beside, *(e for e in entries if e.default)]]


def replaced(old: Sequence[Entry], spec: Sequence[Entry], path: str) -> list[Entry]:
    """Return a list whose access entries, default entries or both are those of `spec`."""
    scopes = {entry.default for entry in spec}
    masks = [entry for entry in spec if entry.kind == 2]
    others = [entry for entry in old if entry.default not in scopes]
    return _finished([*spec, *others], scopes, {mask.default for mask in masks}, path)


def merged(old: Sequence[Entry], spec: Sequence[Entry], path: str) -> list[Entry]:
    """Return a list where `spec` adds to the old entries and takes the place of some."""
    _check_unique(spec, path)
    new = {entry[:3]: entry for entry in [*old, *spec]}
    scopes = {entry.default for entry in spec}
    masks = {entry.default for entry in spec if entry.kind == 2}
    return _finished(new.values(), scopes, masks, path)


def without(old: Sequence[Entry], spec: Sequence[Entry], path: str) -> list[Entry]:
    """Return a list without the entries of the same users and groups as in `spec`."""
    keys = {entry[:3] for entry in spec}
    gone = [entry for entry in old if entry[:3] in keys]
    left = [entry for entry in old if entry[:3] not in keys]
    masks = {entry.default for entry in gone if entry.kind == 2}
    return _finished(left, {entry.default for entry in gone}, masks, path)


def without_default(old: Sequence[Entry]) -> list[Entry]:
    """Return a list without the default entries."""
    return [entry for entry in old if not entry.default]


def _finished(
    entries: Iterable[Entry], scopes: set[bool], masks: set[bool], path: str
) -> list[Entry]:
    """Return a changed list with what HDFS adds to it: default entries and masks.

    `scopes` were changed; in `masks`, the mask itself was given or taken away.
    """
    found = list(entries)
    if any(entry.default for entry in found):
        have = {entry[1:3] for entry in found if entry.default}
        for entry in [entry for entry in found if not entry.default and not entry.name]:
            if entry.kind != 2 and entry[1:3] not in have:
                found.append(entry._replace(default=True))
    result = []
    for default in (False, True):
        scope = [entry for entry in found if entry.default == default]
        result += _with_mask(scope, default in scopes, default in masks, path)
    _validate(result, path)
    return sorted(result)


def _with_mask(scope: list[Entry], changed: bool, has_mask: bool, path: str) -> list[Entry]:
    masks = [entry for entry in scope if entry.kind == 2]
    rest = [entry for entry in scope if entry.kind != 2]
    named = any(entry.name for entry in rest)
    if not rest or (masks and (has_mask or not changed)):
        return scope
    if named and has_mask:
        raise refused(path, "the mask is needed where users or groups are named")
    if not named and not masks:
        return rest
    union = 0
    for entry in rest:
        if entry.kind == 1 or entry.name:
            union |= entry.permission
    return [*rest, Entry(rest[0].default, 2, "", union)]


def _validate(entries: Sequence[Entry], path: str) -> None:
    _check_unique(entries, path)
    for default in (False, True):
        scope = [entry for entry in entries if entry.default == default]
        if len(scope) > _MAX_ENTRIES:
            raise refused(path, f"an ACL has at most {_MAX_ENTRIES} entries of each kind")
        if any(entry.name and entry.kind > 1 for entry in scope):
            raise refused(path, "mask and other have no name in an ACL")
        unnamed = {entry.kind for entry in scope if not entry.name}
        if (scope or not default) and not unnamed >= {0, 1, 3}:
            raise refused(path, "an ACL needs entries for user, group and other")


def _check_unique(entries: Sequence[Entry], path: str) -> None:
    if len({entry[:3] for entry in entries}) < len(entries):
        raise refused(path, "an ACL has only one entry for the same user or group")


def inherited(permission: int, parent: Sequence[str], is_directory: bool) -> tuple[int, list[str]]:
    """Return permission bits and entries of what is made in a directory with the entries `parent`.

    The permission that was asked for limits what the default entries give.
    """
    defaults = [entry for entry in parsed(parent, "") if entry.default]
    if not defaults:
        return permission, []
    user, group, other = (permission >> shift & 7 for shift in (6, 3, 0))
    limits = {0: user, 2: group, 3: other} | ({1: group} if len(defaults) == 3 else {})
    access = []
    for entry in defaults:
        limit = 7 if entry.name else limits.get(entry.kind, 7)
        access.append(Entry(False, entry.kind, entry.name, entry.permission & limit))
    return kept([*access, *(defaults if is_directory else [])], permission)


def granted(
    permission: int, acl: Sequence[str], user: str | None, in_group: Callable[[str], bool]
) -> Iterator[int]:
    """Iterate over the permission bits that somebody has who is not the owner.

    Having all the bits that are needed in one of them is enough.

    Parameters
    ----------
    permission, acl : int, sequence of str
        Those of the file or directory.
    user : str or None
        Who asks.
    in_group : callable
        Whether the user is in a group; the empty name is the file's own group.
    """
    mask, other = permission >> 3 & 7, permission & 7
    entries = [entry for entry in parsed(acl, "") if not entry.default]
    for entry in entries:
        if entry.kind == 0 and entry.name == user:
            yield entry.permission & mask
            return
    entries = entries or [Entry(False, 1, "", mask)]
    groups = [entry for entry in entries if entry.kind == 1 and in_group(entry.name)]
    for entry in groups:
        yield entry.permission & mask
    if not groups:
        yield other
