"""What the commands beside the jobs share: how they end, and where they write."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

from hdfs_tools.encoding import use_utf8
from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.streams import buffer_output, leave_output
from mapreduce_jobs.core.errors import JobError, UsageError, shortage, words_of

__all__ = ["check_output", "is_standard_output", "run_command"]


def run_command(name: str, work: Callable[[], int]) -> NoReturn:
    """Do a command's work, and exit: what a user can cause ends in a sentence.

    Parameters
    ----------
    name : str
        The command, for the sentence.
    work : callable
        Returns the exit status.
    """
    use_utf8()
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where HOME is not writable
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: sys.exit(128 + number))  # and clean up
    buffer_output()
    try:
        status = work()
        if sys.stdout is not None:
            sys.stdout.flush()
        sys.exit(status)
    except JobError as error:
        sys.stderr.write(f"{name}: {error}\n")
        sys.exit(error.exit_status)
    except BrokenPipeError:  # whoever reads has read enough
        leave_output()
        sys.exit(1)
    except (HdfsToolsError, OSError) as error:
        place = getattr(error, "filename", None)
        leave_output()
        sys.stderr.write(f"{name}: {f'{place}: ' if place else ''}{words_of(error)[1]}\n")
        sys.exit(1)
    except (MemoryError, ImportError, RuntimeError) as error:
        words = shortage(error)
        if words is None:
            raise
        sys.stderr.write(f"{name}: {words}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def check_output(output: str, given: Iterable[str]) -> None:
    """Raise `UsageError` if a file cannot be written to where ``-o`` says.

    Parameters
    ----------
    output : str
        What follows ``-o``.
    given : iterable of str
        What the command reads, and must not overwrite.
    """
    folder = os.path.dirname(output) or "."
    if not os.path.isdir(folder):
        raise UsageError(f"-o {output}: there is no folder {folder}")
    if os.path.isdir(output):
        raise UsageError(f"-o {output}: is a folder")
    for path in given:
        if os.path.exists(path) and os.path.exists(output) and os.path.samefile(path, output):
            raise UsageError(f"-o {output}: is what is to be read")


def is_standard_output(path: str) -> bool:
    """Tell whether standard output goes to a file that is there."""
    try:
        return os.path.samestat(os.fstat(sys.stdout.fileno()), os.stat(path))
    except (OSError, ValueError, AttributeError):
        return False
