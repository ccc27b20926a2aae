"""The command line ``hdfs-tools``.

Exit status: see `hdfs_tools.ending`; 141 where whoever read the output has gone.
"""

import importlib
import io
import os
import sys
from collections.abc import Sequence

import hdfs_tools
from hdfs_tools.encoding import use_utf8
from hdfs_tools.ending import run
from hdfs_tools.shell.parser import Parser

__all__ = ["main"]

_COMMANDS = (
    *("ls", "find", "cat", "head", "tail", "stat", "test", "checksum"),
    *("put", "get", "cp", "mv", "rm", "rmdir", "mkdir", "touch", "trash"),
    *("du", "df", "count", "quota"),
    *("chmod", "chown", "setrep", "getfacl", "setfacl", "getfattr", "setfattr"),
    *("snapshot", "policy"),
    *("pack", "unpack"),
)

_OTHER_WORDS = {  # of ``hdfs dfs``, for what is said otherwise here
    "createSnapshot": ["snapshot", "create"],
    "deleteSnapshot": ["snapshot", "delete"],
    "renameSnapshot": ["snapshot", "rename"],
    "dus": ["du", "-s"],
    "lsr": ["ls", "-R"],
    "rmr": ["rm", "-r"],
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        The exit status.
    """
    if argv is None:
        use_utf8()
    # A script may have closed them.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or sys.stdout
    return run("hdfs-tools", lambda: _run(sys.argv[1:] if argv is None else argv))


def _run(words: Sequence[str]) -> int:
    parser, names = _parser()
    arguments = parser.parse_args(_as_meant(words, names))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names may be anything
    name = f"hdfs-tools {arguments.command}"
    return run(name, lambda: arguments.run(arguments), reader_gone=141)


def _parser() -> tuple[Parser, "set[str]"]:
    """Return the parser of all commands, and their names."""
    parser = Parser(
        prog="hdfs-tools",
        usage="%(prog)s [options] COMMAND [arguments]",
        description="Work with files on HDFS over WebHDFS, with the commands and options of"
        " hdfs dfs, and without Java. A path is absolute, relative to your home directory, or a URI"
        " (hdfs://namenode:8020/path, webhdfs://namenode:9870/path); patterns with * ? [a-z] {a,b}"
        " and ** work wherever a path on HDFS is read.\n\n"
        "COMMAND --help says more of each. Exit status: 0 done, 1 something failed and is named,"
        " 2 wrong usage.",
        examples=["ls -R -h /data", "put -t 16 scans/ /data", "--url http://namenode:9870 df -h"],
        connects=False,
    )
    parser.add_connection()
    parser.add_argument("--version", action="version", version=hdfs_tools.__version__)
    commands = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        dest="command",
        required=True,
        parser_class=Parser,
        prog="hdfs-tools",
    )
    for name in _COMMANDS:
        importlib.import_module(f"hdfs_tools.commands.{name}").add_subparser(commands)
    return parser, {*commands.choices}


def _as_meant(words: Sequence[str], names: "set[str]") -> list[str]:
    """Return the words of a command line with those of ``hdfs dfs`` put into ours.

    >>> _as_meant(["--url", "http://nn:9870", "-lsr", "/data"], {"ls"})
    ['--url', 'http://nn:9870', 'ls', '-R', '/data']
    >>> _as_meant(["-help", "ls"], {"ls"})
    ['ls', '--help']
    """
    position = 0
    while position < len(words) and words[position].startswith(("--url", "--patience")):
        position += 1 if "=" in words[position] else 2
    before = [*words[:position]]
    position += words[position : position + 1] == ["--"]
    word, rest = words[position : position + 1], words[position + 1 :]
    name = word[0].removeprefix("-") if word else ""
    if name in ("help", "usage"):
        return [*before, *rest[:1], "--help"]
    if name in _OTHER_WORDS:
        return [*before, *_OTHER_WORDS[name], *rest]
    return [*before, name if name in names else word[0], *rest] if word else before
