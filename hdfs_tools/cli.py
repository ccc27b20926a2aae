"""The command line ``hdfs-tools``.

Exit status: 0 done, 1 failed (what failed is named), 2 wrong usage.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

import hdfs_tools
from hdfs_tools.commands import pack, unpack
from hdfs_tools.errors import HdfsToolsError

__all__ = ["main"]

_COMMANDS = (pack, unpack)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.
    """
    parser = argparse.ArgumentParser(prog="hdfs-tools", description="Move images in and out.")
    parser.add_argument("--version", action="version", version=hdfs_tools.__version__)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_subparser(subparsers)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up on the way
    try:
        arguments.run(arguments)
    except (HdfsToolsError, OSError) as error:
        sys.stderr.write(f"hdfs-tools: {_sentence(error)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("hdfs-tools: interrupted\n")
        return 130
    return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror or error}"
    return str(error)
