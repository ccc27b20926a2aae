"""Names as text: UTF-8, as on HDFS and in records, whatever the locale says; and on terminals."""

import os
import re
import sys

__all__ = ["clean", "use_utf8"]

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def use_utf8() -> None:
    """Start this command again in Python's UTF-8 mode, if it reads names in another encoding.

    It does in a locale such as de_DE.ISO-8859-1, or with ``PYTHONUTF8=0`` in the C locale. To be
    called before anything is read.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"  # also of the processes that it starts
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def clean(text: str) -> str:
    r"""Return a text with ``?`` for control characters, except for TAB.

    >>> clean("new\nline")
    'new?line'
    """
    return _CONTROL.sub("?", text)
