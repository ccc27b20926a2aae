"""Errors of hdfs_tools, one root.

::

    HdfsToolsError
     ├── CorruptRecord         a bundle record that does not hold what it says
     ├── TooLarge              an image that does not fit into a line of a bundle
     ├── UnsafeName            a name that would leave the directory it is unpacked into
     ├── UnsupportedScheme     a reference whose storage this version cannot read
     ├── NotARegularFile       a directory, pipe, socket or device where a file is needed (OSError)
     ├── ReadFailed            an image that could not be read where it should have been
     ├── NoAddress             nothing says where HDFS is
     ├── TransferFailed        some files could not be copied; each is named
     └── StorageError          what a file system does not do, and why (OSError)
          ├── NotFound         nothing is there (FileNotFoundError)
          ├── Exists           something is there already (FileExistsError)
          ├── PermissionDenied whoever asks may not (PermissionError)
          ├── NotADirectory    a file where a directory is needed (NotADirectoryError)
          ├── IsADirectory     a directory where a file is needed (IsADirectoryError)
          ├── NotEmpty         a directory that still holds something (OSError, ENOTEMPTY)
          ├── NoSpace          no disk has room (OSError, ENOSPC)
          │    └── QuotaExceeded  the directory may not hold more (OSError, EDQUOT)
          ├── InvalidPath      a path or name that HDFS cannot have (ValueError)
          ├── Corrupt          bytes are not those that were written (OSError, EIO)
          │    └── CorruptBlock   no replica of a block can be read
          ├── Changed          a file is not as it was a moment ago (OSError, EBUSY)
          ├── Unsupported      this file system cannot do that (OSError, ENOTSUP)
          ├── Unreachable      no NameNode or DataNode answers (ConnectionError)
          ├── SafeMode         HDFS takes no changes, because it starts or was put so
          └── RemoteError      HDFS refuses or fails for another reason

Where it says so, an error is also Python's own for the same thing, with the path as its `filename`
and the reason as its `strerror`.
"""

import errno
import os

__all__ = [
    "Changed",
    "Corrupt",
    "CorruptBlock",
    "CorruptRecord",
    "Exists",
    "HdfsToolsError",
    "InvalidPath",
    "IsADirectory",
    "NoAddress",
    "NoSpace",
    "NotADirectory",
    "NotARegularFile",
    "NotEmpty",
    "NotFound",
    "PermissionDenied",
    "QuotaExceeded",
    "ReadFailed",
    "RemoteError",
    "SafeMode",
    "StorageError",
    "TooLarge",
    "TransferFailed",
    "Unreachable",
    "UnsafeName",
    "Unsupported",
    "UnsupportedScheme",
]


class HdfsToolsError(Exception):
    """Root of every error that hdfs_tools raises itself."""


class CorruptRecord(HdfsToolsError):
    """A bundle record whose bytes cannot be decoded."""


class TooLarge(HdfsToolsError):
    """An image whose line in a bundle Hadoop could not read."""

    def __init__(self) -> None:
        super().__init__(
            "too large for a bundle, whose lines hold 1.5 GiB, as much as Hadoop reads: leave it a"
            " file of its own"
        )


class UnsafeName(HdfsToolsError):
    """A name that is absolute or climbs out of the target directory."""


class UnsupportedScheme(HdfsToolsError):
    """A reference to a kind of storage that cannot be read."""


class NotARegularFile(HdfsToolsError, OSError):
    """Something other than a file stands where a file is needed."""


class ReadFailed(HdfsToolsError):
    """An image could not be read on the machine where it lies.

    Attributes
    ----------
    kind : str
        Name of the error there.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class NoAddress(HdfsToolsError):
    """Nothing says where HDFS is."""


class TransferFailed(HdfsToolsError):
    """Some files could not be copied.

    Attributes
    ----------
    failures : tuple of (str, Exception)
        Each file's path, and why.
    """

    def __init__(self, failures: "tuple[tuple[str, Exception], ...]") -> None:
        path, error = failures[0]
        more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
        super().__init__(f"{path}: {getattr(error, 'strerror', None) or error}{more}")
        self.failures = failures


class StorageError(HdfsToolsError, OSError):
    """A file system does not do what it was asked to.

    Parameters
    ----------
    path : str or None
        What it is about.
    reason : str, optional
        Why; by default the system's words for this kind of error.
    java_class : str, optional
        Name of the Java exception, without its package.

    Examples
    --------
    >>> NotFound("/data/a.png")
    NotFound(2, 'No such file or directory')
    """

    number = errno.EIO

    def __init__(
        self, path: str | None, reason: str | None = None, java_class: str | None = None
    ) -> None:
        super().__init__(self.number, reason or os.strerror(self.number))
        self.filename = path
        self.java_class = java_class

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.filename, self.strerror, self.java_class)

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}" if self.filename else str(self.strerror)


class NotFound(StorageError, FileNotFoundError):
    """Nothing is there."""

    number = errno.ENOENT
    kind = "FileNotFoundError"


class NoMatch(NotFound):
    """Nothing matches a pattern."""


class Exists(StorageError, FileExistsError):
    """Something is there already."""

    number = errno.EEXIST
    kind = "FileExistsError"


class PermissionDenied(StorageError, PermissionError):
    """Whoever asks may not."""

    number = errno.EACCES
    kind = "PermissionError"


class NotADirectory(StorageError, NotADirectoryError):
    """A file stands where a directory is needed."""

    number = errno.ENOTDIR
    kind = "NotADirectoryError"


class IsADirectory(StorageError, IsADirectoryError):
    """A directory stands where a file is needed."""

    number = errno.EISDIR
    kind = "IsADirectoryError"


class NotEmpty(StorageError):
    """A directory still holds something."""

    number = errno.ENOTEMPTY


class NoSpace(StorageError):
    """No disk has room."""

    number = errno.ENOSPC


class QuotaExceeded(NoSpace):
    """The directory may not hold more."""

    number = errno.EDQUOT


class InvalidPath(StorageError, ValueError):
    """HDFS cannot have such a path or name."""

    number = errno.EINVAL


class Corrupt(StorageError):
    """Bytes are not those that were written."""


class CorruptBlock(Corrupt):
    """No replica of a block can be read, however often it is tried."""

    kind = "Corrupt"


class Changed(StorageError):
    """A file is not as it was a moment ago."""

    number = errno.EBUSY


class Unsupported(StorageError):
    """The file system cannot do that."""

    number = errno.ENOTSUP


class Unreachable(StorageError, ConnectionError):
    """No NameNode or DataNode answers."""

    number = errno.EHOSTUNREACH


class SafeMode(StorageError):
    """HDFS takes no changes for now."""

    number = errno.EROFS


class RemoteError(StorageError):
    """HDFS refuses or fails for a reason of its own."""
