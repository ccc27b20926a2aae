"""Errors of hdfs_tools, one root.

::

    HdfsToolsError
     ├── CorruptRecord      a bundle record that does not hold what it says
     ├── UnsafeName         a name that would leave the folder it is unpacked into
     ├── UnsupportedScheme  a reference whose storage this version cannot read
     ├── NotARegularFile    a folder, pipe, socket or device where a file is needed   (also OSError)
     ├── ReadFailed         an image that could not be read where it should have been
     ├── NoAddress          nothing says where HDFS is
     ├── Unreachable        no NameNode or DataNode answers                           (also OSError)
     └── RemoteError        HDFS refuses or fails                                     (also OSError)
          └── SafeMode      HDFS takes no changes, because it starts or was told so

What HDFS refuses for a reason that files have everywhere is Python's own error: FileNotFoundError,
FileExistsError, PermissionError, NotADirectoryError.
"""


class HdfsToolsError(Exception):
    """Root of every error that hdfs_tools raises itself."""


class CorruptRecord(HdfsToolsError):
    """A bundle record whose bytes cannot be decoded."""


class UnsafeName(HdfsToolsError):
    """A name that is absolute or climbs out of the target folder."""


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


class Unreachable(HdfsToolsError, OSError):
    """No NameNode or DataNode answers."""


class RemoteError(HdfsToolsError, OSError):
    """HDFS refuses or fails.

    Attributes
    ----------
    java_class : str or None
        Name of the Java exception, without its package.
    """

    def __init__(self, message: str, java_class: str | None = None) -> None:
        super().__init__(message)
        self.java_class = java_class


class SafeMode(RemoteError):
    """HDFS takes no changes for now."""
