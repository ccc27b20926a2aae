"""Parser of the command line, with the options of ``hdfs dfs`` as its users type them."""

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from hdfs_tools.ending import CommandError

__all__ = ["Parser", "WrongUsage", "count", "size", "span", "split_target"]

_SUFFIXES = "bkmgtpe"
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class WrongUsage(CommandError):
    """What a command was asked for makes no sense."""

    exit_status = 2


class Parser(argparse.ArgumentParser):
    """The parser of a command.

    Parameters
    ----------
    description : str
        What the command does; wrapped where it is shown.
    examples : sequence of str, optional
        Command lines; where none says ``hdfs-tools``, it begins with that.
    human : bool, optional
        Whether ``-h`` is for sizes that people read, as with ``hdfs dfs``; else it shows the help.
    connects : bool, optional
        Whether the options that say where HDFS is are among the command's own.
    **settings
        As for `argparse.ArgumentParser`.

    Attributes
    ----------
    prepare : callable
        Puts words that argparse would take amiss into others.
    """

    prepare: Callable[[Sequence[str]], Sequence[str]] = staticmethod(tuple)

    def __init__(
        self,
        *,
        description: str = "",
        examples: Sequence[str] = (),
        human: bool = False,
        connects: bool = True,
        **settings: Any,
    ) -> None:
        paragraphs = [textwrap.fill(part, 78) for part in description.split("\n\n")]
        lines = [
            f"  {'' if 'hdfs-tools' in example else 'hdfs-tools '}{example}" for example in examples
        ]
        super().__init__(
            description="\n\n".join(paragraphs),
            epilog="\n".join(["examples:", *lines]) if lines else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
            **settings,
        )
        self.add_argument(
            *(["--help"] if human else ["-h", "--help"]), action="help", help="show this and exit"
        )
        if human:
            self.add_argument("-h", "--human", action="store_true", help="sizes as in 1.5 M")
        if connects:
            where = self.add_argument_group("where HDFS is")
            _add_connection(where, argparse.SUPPRESS)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; see `argparse.ArgumentParser`."""
        return super().parse_known_args(
            self.prepare(sys.argv[1:] if args is None else args), namespace
        )

    def add_connection(self) -> None:
        """Add the options that say where HDFS is, for all commands."""
        _add_connection(self, None)

    def add_json(self) -> None:
        """Add the option of output for scripts."""
        self.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_connection(group: Any, default: Any) -> None:
    group.add_argument(
        "--url",
        metavar="URL",
        default=default,
        help="http://NAMENODE:9870, an alias of ~/.hdfscli.cfg, or file:///DIRECTORY for a store on"
        " this machine; else HDFS_URL, the default alias, or the Hadoop configuration says",
    )
    group.add_argument(
        "--patience",
        metavar="SECONDS",
        type=_seconds,
        default=default,
        help="how long to try again while nodes do not answer (default: 60)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


_seconds.__name__ = "number of seconds"  # in argparse's message


def count(text: str) -> int:
    """Return a whole number above 0, as an option's value."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def size(text: str) -> int:
    """Return a number of bytes, as an option's value.

    >>> size("1k"), size("10G"), size("512")
    (1024, 10737418240, 512)
    """
    match = re.fullmatch(rf"(\d+)([{_SUFFIXES}]?)", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: not a size such as 512, 64m or 10g")
    power = _SUFFIXES.index(match[2]) if match[2] else 0
    return int(match[1]) << 10 * power


def span(text: str) -> float:
    """Return a span of time in seconds, as an option's value.

    >>> span("7d"), span("90"), span("1.5h")
    (604800.0, 90.0, 5400.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: not a time such as 90s, 30m, 12h or 7d")
    return float(match[1]) * _SPANS[match[2] or "s"]


def split_target(paths: Sequence[str], default: str | None = None) -> tuple[list[str], str]:
    """Return the sources and the target of a command, which is the last path.

    Parameters
    ----------
    paths : sequence of str
        What was given.
    default : str, optional
        The target where only one path was given; by default there have to be two.
    """
    if len(paths) > 1:
        return [*paths[:-1]], paths[-1]
    if default is None:
        raise WrongUsage("a source and a target are needed")
    return [*paths], default
