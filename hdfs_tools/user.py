"""The user of this process, by the name that HDFS knows."""

import getpass
import os

__all__ = ["user_name"]


def user_name() -> str:
    """Return ``HADOOP_USER_NAME``, else the name of this process's user, else his number.

    In containers, users without a name are common.
    """
    try:
        return os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
    except (KeyError, OSError):  # until Python 3.12, and since
        return str(os.geteuid())
