"""Quotas and storage policies of a store's folders."""

import builtins
from abc import ABC

from hdfs_tools.embedded.base import Base
from hdfs_tools.embedded.permissions import EXECUTE, READ, WRITE
from hdfs_tools.embedded.quotas import usage
from hdfs_tools.errors import InvalidPath, NotAFolder
from hdfs_tools.status import Quota

__all__ = ["Limits"]

_DEFAULT_POLICY = "HOT"
_POLICIES = (
    "ALL_NVDIMM",
    "ALL_SSD",
    "COLD",
    _DEFAULT_POLICY,
    "LAZY_PERSIST",
    "ONE_SSD",
    "PROVIDED",
    "WARM",
)


class Limits(Base, ABC):
    """That part of a store which limits folders, and says where HDFS would keep files."""

    def quota(self, path: str) -> Quota:
        """Return a folder's quotas and what of them is used."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            entry = chain.existing()
            if entry.is_folder:
                self._caller.need(entry, READ | EXECUTE)
            used, node = usage(view, entry), entry.node
            count = used.folders + used.files
            return Quota(node.quota, count, node.space_quota, used.space)

    def set_quota(self, path: str, quota: int | None, space_quota: int | None) -> None:
        """Set a folder's quotas; None takes one away."""
        for limit in (quota, space_quota):
            if limit is not None and limit < 0:
                raise InvalidPath(path, f"no quota can be {limit}")
        with self._change(path) as change:
            chain = change.chain(path)
            self._caller.change(chain)
            self._caller.need_superuser(path)
            entry = chain.existing()
            entry.check_kind()
            if not entry.is_folder:
                raise NotAFolder(path)
            entry.node.quota, entry.node.space_quota = quota, space_quota
            change.save(entry.at, entry.node)

    def storage_policies(self) -> builtins.list[str]:
        """Return the names of all storage policies."""
        return [*_POLICIES]

    def storage_policy(self, path: str) -> str:
        """Return the name of the storage policy that holds for a path."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            self._caller.need(chain.existing(), READ)
            policies = [entry.node.policy for entry in chain.entries if entry.node.policy]
            return policies[-1] if policies else _DEFAULT_POLICY

    def set_storage_policy(self, path: str, policy: str | None) -> None:
        """Set a storage policy; None takes it away, and that of the folder above holds."""
        if policy is not None and policy.upper() not in _POLICIES:
            raise InvalidPath(path, f"there is no storage policy {policy}")
        with self._change(path) as change:
            chain = change.chain(path)
            self._caller.change(chain)
            entry = chain.existing()
            self._caller.need(entry, WRITE)
            entry.node.policy = policy and policy.upper()
            change.save(entry.at, entry.node)
