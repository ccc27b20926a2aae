"""Beginning and end of commands and jobs: signals, standard output, messages, exit status.

Exit status: 0 done, 1 failed (what failed is named), 2 wrong usage, 130 interrupted, 143 asked to
end.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable

from hdfs_tools.encoding import clean
from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.parallel import is_lack_of_threads
from hdfs_tools.streams import buffer_output, leave_output

__all__ = ["CommandError", "end_on_signals", "reason", "run", "shortage"]


class CommandError(Exception):
    """Root of the errors that end a command; the message is a sentence for its user."""

    exit_status = 1


def end_on_signals() -> None:
    """Clean up on the way when a signal ends this process."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def run(
    name: str, work: Callable[[], int | None], reader_gone: int = 1, verbose: bool = False
) -> int:
    """Do a command's work. What a user can cause ends in a sentence.

    Parameters
    ----------
    name : str
        The command, for the sentence; empty for a task, whose job says which.
    work : callable
        Returns the exit status, by default 0.
    reader_gone : int, optional
        Exit status if whoever reads the output has read enough.
    verbose : bool, optional
        Let what the system refuses be a traceback.

    Returns
    -------
    int
        The exit status.
    """
    end_on_signals()
    buffer_output()
    try:
        status = work() or 0
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        leave_output()
        return reader_gone
    except KeyboardInterrupt:
        words, status = "interrupted", 130
    except CommandError as error:
        words, status = str(error), error.exit_status
    except Exception as error:
        is_known = isinstance(error, HdfsToolsError | OSError) or shortage(error) is not None
        if verbose or not is_known:
            raise
        words, status = reason(error), 1
    leave_output()
    sys.stderr.write(f"{name}: {words}\n" if name else f"{words}\n")
    return status


def reason(error: Exception, about: str = "") -> str:
    """Return in a sentence why something failed.

    >>> reason(FileNotFoundError(2, "No such file or directory", "a.png"))
    'a.png: No such file or directory'
    >>> reason(MemoryError(), "a.png")
    'a.png: there is not enough memory (see ulimit -v)'
    """
    words = shortage(error) or str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and shortage(error) is None:
        about, words = str(error.filename or about), error.strerror
    return clean(f"{about}: {words}" if about else words)


def shortage(error: BaseException) -> str | None:
    """Return what this machine has too little of, in a sentence, if that is what an error says.

    >>> shortage(MemoryError())
    'there is not enough memory (see ulimit -v)'
    """
    if isinstance(error, MemoryError) or "failed to map segment" in str(error):  # of a library
        return "there is not enough memory (see ulimit -v)"
    forked = isinstance(error, OSError) and error.strerror == os.strerror(errno.EAGAIN)
    if forked or is_lack_of_threads(error):
        return "no more processes or threads can be started: the limit is reached (see ulimit -u)"
    return None
