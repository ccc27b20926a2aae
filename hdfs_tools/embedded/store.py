"""A folder of this machine that behaves like HDFS."""

from hdfs_tools.embedded.attributes import Attributes
from hdfs_tools.embedded.limits import Limits
from hdfs_tools.embedded.looking import Looking
from hdfs_tools.embedded.snapshots import Snapshots
from hdfs_tools.embedded.writing import Writing

__all__ = ["EmbeddedStore"]


class EmbeddedStore(Looking, Writing, Attributes, Limits, Snapshots):
    """A folder of this machine that behaves like HDFS; for several threads and processes.

    Files lie in it under their own names, for other programs to read. What else is known of them
    (owners, permissions, ACLs, …) lies in a database in the hidden folder ``.hdfs-tools`` at its
    root. What came by other means is the superuser's, 0644 or 0755, one copy in blocks of 128 MiB;
    a file that another program replaces keeps what is known. Links are not followed.

    The superuser is whoever used the store first. Users are as trusted as they say.

    Parameters
    ----------
    folder : str
        The folder; it is made if need be.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process.
    """
