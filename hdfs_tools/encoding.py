"""The encoding of file names: UTF-8, as on HDFS and in records, whatever the locale says."""

import os
import sys

__all__ = ["use_utf8"]


def use_utf8() -> None:
    """Start this command again in Python's UTF-8 mode, if it reads names in another encoding.

    It does in a locale such as de_DE.ISO-8859-1, or with ``PYTHONUTF8=0`` in the C locale. To be
    called before anything is read.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"  # also of the processes that it starts
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606
