"""Attributes of a file or directory that its own file on disk does not have."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["BLOCK_SIZE", "COLUMNS", "DIRECTORY_PERMISSION", "GROUP", "PERMISSION", "QUOTED", "Node"]

BLOCK_SIZE = 128 << 20
"""Bytes of a block, by default."""

PERMISSION, DIRECTORY_PERMISSION = 0o644, 0o755
"""Permission bits of what is made without a word about them."""

GROUP = "supergroup"
"""The superuser's group; its members may do what the superuser may."""

_OLD_COLUMNS = 15
"""Those of a step that an earlier version began: two of snapshots after six, four at the end."""


@dataclass(slots=True)
class Node:
    """What is known of a file or directory.

    Attributes
    ----------
    is_directory : bool
        Whether it is a directory.
    owner, group : str
        Whose it is.
    permission : int
        Permission bits; those of the group are the mask where there are ACL entries.
    replication, block_size : int
        As HDFS would keep it; 0 for a directory.
    accessed : float
        When a directory was read; HDFS only knows what somebody set.
    acl : str
        ACL entries beside the permission bits, separated by commas.
    xattrs : dict
        Extended attributes.
    """

    is_directory: bool
    owner: str
    group: str
    permission: int
    replication: int = 0
    block_size: int = 0
    accessed: float = 0.0
    acl: str = ""
    xattrs: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def unknown(cls, is_directory: bool, owner: str) -> "Node":
        """Return what holds for a file or directory that came by other means."""
        if is_directory:
            return cls(True, owner, GROUP, DIRECTORY_PERMISSION)
        return cls(False, owner, GROUP, PERMISSION, 1, BLOCK_SIZE)

    @property
    def acl_entries(self) -> tuple[str, ...]:
        """The ACL entries, one by one."""
        return tuple(self.acl.split(",")) if self.acl else ()

    def row(self) -> list[Any]:
        """Return the values of `COLUMNS`."""
        values = {name: getattr(self, name) for name in COLUMNS}
        values["xattrs"] = json.dumps({key: value.hex() for key, value in self.xattrs.items()})
        return list(values.values())

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> "Node":
        """Return the node of the values of `COLUMNS`."""
        if len(row) == _OLD_COLUMNS:
            row = [*row[:6], *row[8:11]]
        node = cls(*row)
        node.is_directory = bool(node.is_directory)
        xattrs = json.loads(row[COLUMNS.index("xattrs")])
        node.xattrs = {key: bytes.fromhex(value) for key, value in xattrs.items()}
        return node


COLUMNS = tuple(column.name for column in fields(Node))
"""Names of a node's attributes, in the order of the columns in the database."""

# Stores that are there have "is_folder", and a name that SQLite does not find it takes for a text.
QUOTED = ", ".join(f'"{column}"' for column in COLUMNS).replace("is_directory", "is_folder")
"""The same, as SQL has them."""
