"""Status of files and directories, as a file system reports it."""

import posixpath
from dataclasses import dataclass

__all__ = ["Acl", "Capacity", "Checksum", "ContentSummary", "Quota", "SnapshotChange", "Status"]


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a file or directory.

    Attributes
    ----------
    path : str
        Absolute path.
    is_directory : bool
        Whether it is a directory.
    size : int
        Length in bytes; 0 for a directory.
    owner, group : str
        Whose it is.
    permission : int
        Permission bits, the sticky bit among them: 0o755, 0o1777.
    modified, accessed : float
        When it was written and last read, in seconds since 1970, to the millisecond. HDFS has no
        access time of a directory (0) and notes that of a file once an hour.
    replication : int
        Number of copies of each block; 0 for a directory.
    block_size : int
        Bytes; 0 for a directory.
    has_acl : bool
        Whether more than the permission bits decides who may do what.
    """

    path: str
    is_directory: bool
    size: int
    owner: str = ""
    group: str = ""
    permission: int = 0
    modified: float = 0.0
    accessed: float = 0.0
    replication: int = 0
    block_size: int = 0
    has_acl: bool = False

    @property
    def name(self) -> str:
        """The last part of the path; empty for the root."""
        return posixpath.basename(self.path)

    @property
    def mode(self) -> str:
        """The permission as ``ls`` writes it.

        >>> Status("/tmp", True, 0, permission=0o1777).mode
        'drwxrwxrwt'
        >>> Status("/a", False, 9, permission=0o640, has_acl=True).mode
        '-rw-r-----+'
        """
        letters = ["d" if self.is_directory else "-"]
        for shift in (6, 3, 0):
            bits = self.permission >> shift & 0o7
            letters += [
                letter if bits & bit else "-" for letter, bit in zip("rwx", (4, 2, 1), strict=True)
            ]
        if self.permission & 0o1000:
            letters[9] = "t" if letters[9] == "x" else "T"
        return "".join(letters) + ("+" if self.has_acl else "")


@dataclass(frozen=True)
class ContentSummary:
    """What a directory holds, all that is below it included, or a file.

    Attributes
    ----------
    directories : int
        Number of directories, the directory itself included.
    files : int
        Number of files.
    size : int
        Bytes of all files together.
    space : int
        Bytes on disks: each file's times its replication.
    quota : int or None
        Most files and directories that it may hold, itself included.
    space_quota : int or None
        Most bytes on disks.
    """

    directories: int
    files: int
    size: int
    space: int
    quota: int | None = None
    space_quota: int | None = None


@dataclass(frozen=True)
class Quota:
    """How much a directory may hold, and does.

    Attributes
    ----------
    quota : int or None
        Most files and directories, itself included.
    used : int
        Files and directories that there are, itself included.
    space_quota : int or None
        Most bytes on disks.
    space_used : int
        Bytes on disks.
    """

    quota: int | None
    used: int
    space_quota: int | None
    space_used: int


@dataclass(frozen=True)
class Capacity:
    """How much room a file system has, in bytes on disks."""

    capacity: int
    used: int
    remaining: int


@dataclass(frozen=True)
class Checksum:
    """HDFS's checksum of a whole file.

    Attributes
    ----------
    algorithm : str
        ``MD5-of-0MD5-of-512CRC32C``: the MD5 of the blocks' MD5s of the CRC32Cs of 512 bytes each,
        with the number of CRCs a block in place of the 0 where there is more than one block; or
        ``COMPOSITE-CRC32C``, the CRC32C of the whole.
    digest : str
        In hexadecimal, as ``hdfs dfs -checksum`` prints it.
    """

    algorithm: str
    digest: str


@dataclass(frozen=True)
class Acl:
    """Who may do what.

    Attributes
    ----------
    owner, group : str
        Whose it is.
    permission : int
        Permission bits; where there are entries, the group's bits are the mask.
    entries : tuple of str
        What there is beside the permission bits, as in ``user:bob:r-x``, ``group::r-x``,
        ``default:other::r--``: in HDFS's order.
    """

    owner: str
    group: str
    permission: int
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class SnapshotChange:
    """A difference between two snapshots.

    Attributes
    ----------
    kind : str
        ``+`` made, ``-`` deleted, ``M`` modified, ``R`` renamed.
    path : str
        Relative to the directory; ``.`` is the directory itself.
    target : str or None
        Where it was renamed to.
    """

    kind: str
    path: str
    target: str | None = None
