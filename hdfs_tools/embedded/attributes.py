"""Owners, permissions, ACLs, extended attributes and times of a store's files and directories."""

import contextlib
import os
from abc import ABC
from collections.abc import Iterator, Mapping, Sequence

from hdfs_tools.embedded.acl import Entry as AclEntry
from hdfs_tools.embedded.acl import (
    kept,
    logical,
    merged,
    refused,
    replaced,
    specified,
    without,
    without_default,
)
from hdfs_tools.embedded.base import Base
from hdfs_tools.embedded.change import Change
from hdfs_tools.embedded.entries import Entry
from hdfs_tools.embedded.permissions import READ, WRITE
from hdfs_tools.embedded.writing import check_replication
from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied, RemoteError
from hdfs_tools.status import Acl

__all__ = ["Attributes"]

_NAMESPACES = ("user.", "trusted.", "system.", "security.", "raw.")
_MAX_XATTR = 16384  # bytes of name and value
_MAX_XATTRS = 32


class Attributes(Base, ABC):
    """That part of a store which reports and changes what is known beside bytes."""

    @contextlib.contextmanager
    def _edit(self, path: str, action: int | None = None) -> Iterator[tuple[Change, Entry]]:
        """Change what is known of a file or directory, which is kept at the end.

        Its owner may do that, or whoever may do `action` with it.
        """
        with self._change(path) as change:
            chain = change.chain(path)
            self._caller.traverse(chain)
            entry = chain.existing()
            if action is None:
                self._caller.need_owner(entry)
            else:
                self._caller.need(entry, action)
            yield change, entry
            change.save(entry.path, entry.node)

    def chmod(self, path: str, permission: int) -> None:
        """Set the permission bits."""
        if not 0 <= permission <= 0o1777:
            raise InvalidPath(path, f"{permission:o} is no permission; they go from 0 to 1777")
        with self._edit(path) as (_, entry):
            entry.node.permission = permission

    def chown(self, path: str, owner: str | None = None, group: str | None = None) -> None:
        """Set owner, group or both."""
        if not owner and not group:
            raise InvalidPath(path, "neither an owner nor a group is given")
        with self._edit(path) as (_, entry):
            node, caller = entry.node, self._caller
            if owner and owner != node.owner and not caller.is_superuser:
                raise PermissionDenied(path, f"only a superuser gives it away, not {caller.user}")
            if group and group not in caller.groups and not caller.is_superuser:
                raise PermissionDenied(path, f"{caller.user} is not in the group {group}")
            node.owner, node.group = owner or node.owner, group or node.group

    def set_times(
        self, path: str, modified: float | None = None, accessed: float | None = None
    ) -> None:
        """Set when it was written or read, in seconds since 1970, to the millisecond."""
        if min(modified or 0, accessed or 0) < 0:
            raise InvalidPath(path, "no time is before 1970")
        with self._edit(path, WRITE) as (change, entry):
            written, read = entry.stat.st_mtime_ns, entry.stat.st_atime_ns
            if modified is not None:
                written = round(modified * 1000) * 1_000_000
            if accessed is not None:
                read = round(accessed * 1000) * 1_000_000
                entry.node.accessed = round(accessed * 1000) / 1000 if entry.is_directory else 0
            os.utime(change.disk(entry.path), ns=(read, written), follow_symlinks=False)

    def set_replication(self, path: str, replication: int) -> None:
        """Set the number of copies of a file's blocks; a store has one of each all the same."""
        check_replication(path, replication)
        with self._edit(path, WRITE) as (_, entry):
            entry.check_file()
            entry.node.replication = replication

    # Access control lists

    def acl(self, path: str) -> Acl:
        """Return the access control list."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            node = chain.existing().node
            return Acl(node.owner, node.group, node.permission, node.acl_entries)

    def set_acl(self, path: str, entries: Sequence[str]) -> None:
        """Replace the list; `entries` are as in `Acl`, with user::, group:: and other::."""
        spec = specified(entries, path)
        with self._edit_acl(path) as rules:
            rules[:] = replaced(rules, spec, path)

    def modify_acl(self, path: str, entries: Sequence[str]) -> None:
        """Add entries, or change those of the same users and groups."""
        spec = specified(entries, path)
        with self._edit_acl(path) as rules:
            rules[:] = merged(rules, spec, path)

    def remove_acl_entries(self, path: str, entries: Sequence[str]) -> None:
        """Remove entries, which are given without permissions: ``user:bob``."""
        spec = specified(entries, path, with_permission=False)
        with self._edit_acl(path) as rules:
            rules[:] = without(rules, spec, path)

    def remove_default_acl(self, path: str) -> None:
        """Remove the entries that begin with ``default:``."""
        with self._edit_acl(path) as rules:
            rules[:] = without_default(rules)

    def remove_acl(self, path: str) -> None:
        """Remove all entries; the permission bits stay, the group's without the mask."""
        with self._edit_acl(path) as rules:
            rules[:] = [rule for rule in without_default(rules) if rule.is_minimal]

    @contextlib.contextmanager
    def _edit_acl(self, path: str) -> Iterator[list[AclEntry]]:
        with self._edit(path) as (_, entry):
            node = entry.node
            rules = logical(node.permission, node.acl_entries)
            yield rules
            if not entry.is_directory and any(rule.default for rule in rules):
                raise refused(path, "only a directory has default entries")
            node.permission, beside = kept(rules, node.permission)
            node.acl = ",".join(beside)

    # Extended attributes

    def xattrs(self, path: str) -> dict[str, bytes]:
        """Return the extended attributes: name with its namespace (``user.site``), value."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            entry = chain.existing()
            self._caller.need(entry, READ)
            return {
                name: value
                for name, value in entry.node.xattrs.items()
                if _is_visible(name, self._caller.is_superuser)
            }

    def set_xattr(self, path: str, name: str, value: bytes) -> None:
        """Set an extended attribute, new or not."""
        name = _checked(path, name, self._caller.is_superuser)
        with self._edit_xattrs(path) as attributes:
            attributes[name] = value
            _check_size(path, name, attributes)

    def remove_xattr(self, path: str, name: str) -> None:
        """Remove an extended attribute; `NotFound` if there is none."""
        name = _checked(path, name, self._caller.is_superuser)
        with self._edit_xattrs(path) as attributes:
            if name not in attributes:
                raise NotFound(path, f"no attribute {name}")
            del attributes[name]

    @contextlib.contextmanager
    def _edit_xattrs(self, path: str) -> Iterator[dict[str, bytes]]:
        with self._edit(path, WRITE) as (_, entry):
            if entry.is_directory and entry.node.permission & 0o1000:
                self._caller.need_owner(entry)
            yield entry.node.xattrs


def _is_visible(name: str, superuser: bool) -> bool:
    """Return whether somebody sees an attribute."""
    return name.startswith("user.") or (superuser and name.startswith("trusted."))


def _checked(path: str, name: str, superuser: bool) -> str:
    """Return a name as it is kept; an error if it cannot be, or is not for somebody to set."""
    namespace = name[: name.find(".") + 1].lower()
    name = namespace + name[len(namespace) :]
    if namespace not in _NAMESPACES or name == namespace:
        raise InvalidPath(
            path, f"{name!r} is not a namespace ({', '.join(_NAMESPACES)}) and a name"
        )
    if not _is_visible(name, superuser):
        raise PermissionDenied(path, f"{name}: only HDFS itself sets it, or a superuser")
    return name


def _check_size(path: str, name: str, attributes: Mapping[str, bytes]) -> None:
    """Raise the error of an attribute that is too large, or of too many."""
    bare = name.partition(".")[2]
    size = len(bare.encode()) + len(attributes[name])
    if size > _MAX_XATTR:
        raise InvalidPath(path, f"{name}: {size} bytes, but at most {_MAX_XATTR} are kept")
    if len(attributes) > _MAX_XATTRS:
        raise RemoteError(path, f"at most {_MAX_XATTRS} attributes are kept")
