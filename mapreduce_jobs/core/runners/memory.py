"""Memory settings of a map task's C library."""

import ctypes

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_KEPT = 64 << 20  # bytes


def keep_freed_memory() -> None:
    """Have glibc keep freed memory, up to 64 MB, for what is allocated next.

    A task allocates arrays of the size of an image, or of a block of rows, over and over. By
    default glibc gives them back to the system each time and gets them page by page, which takes a
    fifth to a third of a task's time. With another C library nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    mallopt(_M_MMAP_THRESHOLD, _KEPT)
