"""Permission checks of HDFS, in its order."""

import grp
import os
import pwd

from hdfs_tools.embedded.acl import granted, letters
from hdfs_tools.embedded.entries import Chain, Entry
from hdfs_tools.embedded.node import GROUP
from hdfs_tools.embedded.tree import View
from hdfs_tools.errors import NotADirectory, NotFound, PermissionDenied, StorageError

__all__ = ["ALL", "EXECUTE", "READ", "WRITE", "Caller"]

READ, WRITE, EXECUTE, ALL = 4, 2, 1, 7

_STICKY = 0o1000


class Caller:
    """Somebody who asks.

    Parameters
    ----------
    user : str
        Name.
    superuser : str
        Name of the one who may do everything, and whose group may.

    Attributes
    ----------
    groups : frozenset of str
        Those that this machine knows the user to be in.
    is_superuser : bool
        Whether the user may do everything.
    """

    def __init__(self, user: str, superuser: str) -> None:
        self.user = user
        self.groups = frozenset(_groups(user))
        self.is_superuser = user == superuser or GROUP in self.groups

    def may(self, entry: Entry, action: int) -> bool:
        """Return whether the user may do something with a file or directory, and only with that."""
        node = entry.node
        if self.is_superuser:
            return True
        if self.user == node.owner:
            return not action & ~(node.permission >> 6)
        allowed = granted(
            node.permission,
            entry.acl,
            self.user,
            lambda name: (name or node.group) in self.groups,
        )
        return any(not action & ~bits for bits in allowed)

    def need(self, entry: Entry, action: int) -> None:
        """Raise `PermissionDenied` if the user may not."""
        if not self.may(entry, action):
            raise self._denied(entry, f"has not {letters(action)} of")

    def need_owner(self, entry: Entry) -> None:
        """Raise `PermissionDenied` for everybody but the owner."""
        if not self.is_superuser and entry.node.owner != self.user:
            raise self._denied(entry, "is not the owner")

    def traverse(self, chain: Chain, blocked: type[StorageError] = PermissionDenied) -> None:
        """Check that the user may go where a path leads.

        Parameters
        ----------
        chain : Chain
            The path.
        blocked : type, optional
            The error where a file is in the way; HDFS has not the same one for all operations.
        """
        for entry in chain.above():
            if entry.is_directory:
                self.need(entry, EXECUTE)
        chain.check_directories(blocked)

    def see(self, chain: Chain) -> None:
        """Check that the user may go where a path leads, to look at a file."""
        self.traverse(chain, NotFound if self.is_superuser else PermissionDenied)

    def make(self, chain: Chain) -> None:
        """Check that the user may make what a path leads to, and directories above it."""
        self.traverse(chain, NotADirectory)
        if chain.above():
            self.need(chain.above()[-1], WRITE)

    def take_away(self, chain: Chain) -> None:
        """Check that the user may take what a path leads to out of its directory."""
        self.traverse(chain)
        if len(chain.entries) > 1:
            self._sticky(chain.entries[-2], chain.entries[-1])
            self.need(chain.entries[-2], WRITE)

    def delete_below(self, view: View, directory: Entry) -> None:
        """Check that the user may delete a directory with all that is in it."""
        if self.is_superuser or not directory.is_directory or not view.names(directory, most=1):
            return
        self.need(directory, ALL)
        for entry in view.children(directory):
            self._sticky(directory, entry)
            self.delete_below(view, entry)

    def _sticky(self, directory: Entry, entry: Entry) -> None:
        if self.is_superuser or not directory.node.permission & _STICKY:
            return
        if self.user not in (directory.node.owner, entry.node.owner):
            raise self._denied(entry, f"is not the owner, as {directory.path} is sticky,")

    def _denied(self, entry: Entry, what: str) -> PermissionDenied:
        node, mode = entry.node, entry.status().mode
        reason = f"{self.user} {what} {entry.path} ({node.owner}:{node.group} {mode})"
        return PermissionDenied(entry.path, reason, "AccessControlException")


def _groups(user: str) -> list[str]:
    try:
        numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except KeyError:
        return []
    names = []
    for number in numbers:
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return names
