"""Access control lists as ``hdfs dfs -getfacl`` writes them and ``-setfacl`` reads them."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hdfs_tools.shell.parser import WrongUsage

if TYPE_CHECKING:
    from hdfs_tools.status import Acl

__all__ = ["access_entries", "default_entries", "parse_entries", "with_effective"]

_ENTRY = r"(?:default:)?(?:(?:user|group):[^:,]*|(?:mask|other):)"
_WITH_PERMISSION = re.compile(rf"{_ENTRY}:[r-][w-][x-]")
_WITHOUT_PERMISSION = re.compile(rf"{_ENTRY}:?")


def access_entries(acl: "Acl") -> list[str]:
    """Return all entries that say who may do what now, those of the permission bits included.

    >>> from hdfs_tools.status import Acl
    >>> access_entries(Acl("alice", "staff", 0o750, ("user:bob:rwx", "group::r--")))
    ['user::rwx', 'user:bob:rwx', 'group::r--', 'mask::r-x', 'other::---']
    """
    user, group, other = (_letters(acl.permission >> shift) for shift in (6, 3, 0))
    entries = [entry for entry in acl.entries if not entry.startswith("default:")]
    if entries:
        return [f"user::{user}", *entries, f"mask::{group}", f"other::{other}"]
    return [f"user::{user}", f"group::{group}", f"other::{other}"]


def default_entries(acl: "Acl") -> list[str]:
    """Return the entries that what is made in a directory gets."""
    return [entry for entry in acl.entries if entry.startswith("default:")]


def with_effective(entries: Sequence[str]) -> Iterator[str]:
    r"""Iterate over entries, with what the mask leaves of those that it restricts.

    >>> [*with_effective(["user::rwx", "user:bob:rwx", "mask::r-x", "other::---"])][1]
    'user:bob:rwx\t#effective:r-x'
    """
    masks = [entry[-3:] for entry in entries if re.match("(default:)?mask:", entry)]
    for entry in entries:
        kind, name, letters = entry.removeprefix("default:").split(":")
        left = letters
        if masks and (name or kind == "group") and kind in ("user", "group"):
            pairs = zip(letters, masks[0], strict=True)
            left = "".join(letter if letter == allowed else "-" for letter, allowed in pairs)
        yield entry if left == letters else f"{entry}\t#effective:{left}"


def parse_entries(text: str, with_permissions: bool = True) -> list[str]:
    """Return the entries of a list separated by commas; `WrongUsage` where one is none.

    >>> parse_entries("user:bob:r-x,default:group::r--")
    ['user:bob:r-x', 'default:group::r--']
    >>> parse_entries("user:bob,mask", with_permissions=False)
    ['user:bob', 'mask:']
    """
    entries = []
    for entry in (part.strip() for part in text.split(",")):
        if not with_permissions and ":" not in entry.removeprefix("default:"):
            entry += ":"
        pattern = _WITH_PERMISSION if with_permissions else _WITHOUT_PERMISSION
        if not pattern.fullmatch(entry):
            example = "user:bob:r-x" if with_permissions else "user:bob"
            raise WrongUsage(f"'{entry}': not an entry of an ACL such as {example}")
        entries.append(entry)
    return entries


def _letters(bits: int) -> str:
    return "".join(
        letter if bits & bit else "-" for letter, bit in zip("rwx", (4, 2, 1), strict=True)
    )
