"""Errors of hdfs_tools, one root.

::

    HdfsToolsError
     ├── CorruptRecord      a bundle record that does not hold what it says
     ├── UnsafeName         a name that would leave the folder it is unpacked into
     ├── UnsupportedScheme  a reference whose storage this version cannot read
     └── NotARegularFile    a folder, pipe, socket or device where a file is needed   (also OSError)
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
