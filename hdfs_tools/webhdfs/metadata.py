"""Status, permissions, quotas and snapshots over WebHDFS: all but the bytes of files."""

import builtins
from abc import ABC
from collections.abc import Sequence
from typing import Any

import requests

from hdfs_tools.errors import IsADirectory, NotFound
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.status import Acl, ContentSummary, Quota, SnapshotChange
from hdfs_tools.webhdfs.answers import Answer
from hdfs_tools.webhdfs.rest import Rest

__all__ = ["Metadata", "octal"]


_NO_LIMIT = 2**63 - 1  # the root's quota, where none is set


class Metadata(FileSystem, ABC):
    """That part of a file system on WebHDFS which needs no more than a NameNode.

    Attributes
    ----------
    rest : Rest
        How HDFS is asked.
    """

    rest: Rest

    def content_summary(self, path: str) -> ContentSummary:
        """Return how much there is in a directory and below it, or in a file."""
        response = self.get("GETCONTENTSUMMARY", path)["ContentSummary"]
        return ContentSummary(
            response["directoryCount"],
            response["fileCount"],
            response["length"],
            response["spaceConsumed"],
            _limit(response["quota"]),
            _limit(response["spaceQuota"]),
        )

    # Who owns it, and other things that are known of it

    def chmod(self, path: str, permission: int) -> None:
        """Set the permission bits."""
        self.put("SETPERMISSION", path, permission=octal(permission))

    def chown(self, path: str, owner: str | None = None, group: str | None = None) -> None:
        """Set owner, group or both."""
        self.put("SETOWNER", path, owner=owner, group=group)

    def set_times(
        self, path: str, modified: float | None = None, accessed: float | None = None
    ) -> None:
        """Set when it was written or read, in seconds since 1970."""
        self.put("SETTIMES", path, modificationtime=_ms(modified), accesstime=_ms(accessed))

    def set_replication(self, path: str, replication: int) -> None:
        """Set the number of copies of a file's blocks."""
        if not Answer(self.put("SETREPLICATION", path, replication=replication))["boolean"]:
            self.refuse_directory(path)
            raise NotFound(path)

    def acl(self, path: str) -> Acl:
        """Return the access control list."""
        response = self.get("GETACLSTATUS", path)["AclStatus"]
        sticky = 0o1000 if response["stickyBit"] else 0
        permission = int(response.get("permission", "777"), 8) | sticky  # .snapshot has none
        return Acl(response["owner"], response["group"], permission, tuple(response["entries"]))

    def set_acl(self, path: str, entries: Sequence[str]) -> None:
        """Replace the list."""
        self.put("SETACL", path, aclspec=",".join(entries))

    def modify_acl(self, path: str, entries: Sequence[str]) -> None:
        """Add entries, or change those of the same users and groups."""
        self.put("MODIFYACLENTRIES", path, aclspec=",".join(entries))

    def remove_acl_entries(self, path: str, entries: Sequence[str]) -> None:
        """Remove entries, which are given without permissions."""
        spec = [f"{entry.rstrip(':')}:{'' if ':' in _bare(entry) else ':'}" for entry in entries]
        self.put("REMOVEACLENTRIES", path, aclspec=",".join(spec))

    def remove_default_acl(self, path: str) -> None:
        """Remove the entries that begin with ``default:``."""
        self.put("REMOVEDEFAULTACL", path)

    def remove_acl(self, path: str) -> None:
        """Remove all entries; the permission bits stay."""
        self.put("REMOVEACL", path)

    def xattrs(self, path: str) -> dict[str, bytes]:
        """Return the extended attributes: name with its namespace, value."""
        response = self.get("GETXATTRS", path, encoding="HEX")["XAttrs"]
        return {entry["name"]: _unhex(entry["value"]) for entry in response}

    def set_xattr(self, path: str, name: str, value: bytes) -> None:
        """Set an extended attribute, new or not."""
        params = {"xattr.name": name, "xattr.value": f"0x{value.hex()}", "flag": "CREATE,REPLACE"}
        self.put("SETXATTR", path, **params)

    def remove_xattr(self, path: str, name: str) -> None:
        """Remove an extended attribute; `NotFound` if there is none."""
        if name not in self.xattrs(path):
            raise NotFound(path, f"no attribute {name}")
        self.put("REMOVEXATTR", path, **{"xattr.name": name})

    # Quotas and storage policies

    def quota(self, path: str) -> Quota:
        """Return a directory's quotas and what of them is used."""
        response = self.get("GETQUOTAUSAGE", path)["QuotaUsage"]
        return Quota(
            _limit(response["quota"]),
            response["fileAndDirectoryCount"],
            _limit(response["spaceQuota"]),
            response["spaceConsumed"],
        )

    def set_quota(self, path: str, quota: int | None, space_quota: int | None) -> None:
        """Set a directory's quotas; None takes one away."""
        names = -1 if quota is None else quota
        space = -1 if space_quota is None else space_quota
        self.put("SETQUOTA", path, namespacequota=names, storagespacequota=space)

    def storage_policies(self) -> builtins.list[str]:
        """Return the names of all storage policies."""
        response = self.get("GETALLSTORAGEPOLICY", "/")["BlockStoragePolicies"]
        return sorted(policy["name"] for policy in response["BlockStoragePolicy"])

    def storage_policy(self, path: str) -> str:
        """Return the name of the storage policy that holds for a path."""
        return str(self.get("GETSTORAGEPOLICY", path)["BlockStoragePolicy"]["name"])

    def set_storage_policy(self, path: str, policy: str | None) -> None:
        """Set a storage policy; None takes it away."""
        if policy is None:
            self.rest.ask("POST", "UNSETSTORAGEPOLICY", path)
        else:
            self.put("SETSTORAGEPOLICY", path, storagepolicy=policy)

    # Snapshots

    def allow_snapshots(self, directory: str) -> None:
        """Let snapshots be made of a directory; for the superuser."""
        self.put("ALLOWSNAPSHOT", directory)

    def disallow_snapshots(self, directory: str) -> None:
        """Take that back; a directory with snapshots refuses."""
        self.put("DISALLOWSNAPSHOT", directory)

    def create_snapshot(self, directory: str, name: str | None = None) -> str:
        """Make a snapshot; return its path."""
        return str(Answer(self.put("CREATESNAPSHOT", directory, snapshotname=name))["Path"])

    def rename_snapshot(self, directory: str, name: str, new_name: str) -> None:
        """Give a snapshot another name."""
        self.put("RENAMESNAPSHOT", directory, oldsnapshotname=name, snapshotname=new_name)

    def delete_snapshot(self, directory: str, name: str) -> None:
        """Delete a snapshot."""
        self.rest.ask("DELETE", "DELETESNAPSHOT", directory, {"snapshotname": name})

    def snapshots(self, directory: str) -> builtins.list[str]:
        """Return the names of a directory's snapshots, sorted."""
        return sorted(entry.name for entry in self.list(f"{directory.rstrip('/')}/.snapshot"))

    def snapshot_diff(
        self, directory: str, old: str, new: str = ""
    ) -> builtins.list[SnapshotChange]:
        """Return what changed from one snapshot to another, or to now (an empty name)."""
        response = self.get("GETSNAPSHOTDIFF", directory, oldsnapshotname=old, snapshotname=new)
        kinds = {"CREATE": "+", "DELETE": "-", "MODIFY": "M", "RENAME": "R"}
        return [
            SnapshotChange(
                kinds.get(entry["type"], entry["type"]),
                entry["sourcePath"] or ".",
                entry.get("targetPath") or None,
            )
            for entry in response["SnapshotDiffReport"]["diffList"]
        ]

    # The trash

    def trash_root(self, path: str) -> str:
        """Return the directory that keeps what is deleted of a path."""
        return str(self.get("GETTRASHROOT", path)["Path"])

    def refuse_directory(self, path: str) -> None:
        """Raise `IsADirectory` if a path is one; for operations that are for files only."""
        if self.stat(path).is_directory:
            raise IsADirectory(path)

    def get(self, operation: str, path: str, **params: object) -> Any:
        """Return the JSON object that HDFS answers with."""
        return Answer(self.rest.ask("GET", operation, path, params))

    def put(self, operation: str, path: str, **params: object) -> requests.Response:
        """Let HDFS change something; return its answer."""
        return self.rest.ask("PUT", operation, path, params)


def _limit(number: int) -> int | None:
    return number if 0 <= number < _NO_LIMIT else None


def octal(permission: int | None) -> str | None:
    """Return permission bits as WebHDFS has them."""
    return None if permission is None else f"{permission:o}"


def _bare(entry: str) -> str:
    """Return an ACL entry without its scope and the colons at its end.

    >>> _bare("default:user:bob"), _bare("mask:")
    ('user:bob', 'mask')
    """
    return entry.removeprefix("default:").rstrip(":")


def _ms(seconds: float | None) -> int:
    return -1 if seconds is None else round(seconds * 1000)


def _unhex(text: str | None) -> bytes:
    return bytes.fromhex((text or "")[2:])
