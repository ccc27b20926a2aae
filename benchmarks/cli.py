"""The command line of the benchmarks."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.declare import Settings
from benchmarks.errors import BenchmarkError
from benchmarks.groups import GROUPS
from benchmarks.report import markdown, targets
from benchmarks.runner import Table, race

__all__ = ["main"]

_DESCRIPTION = """\
Run this project's jobs and their peers on the same generated data, each as a program of its own;
check that the results are equal; print tables in Markdown. The data is made on the first run
(10,000 images take 1.7 GB) and reused. What each peer does is in benchmarks/README.md.
"""
_EPILOG = """\
Without options everything runs that has no star. Small and quick, to see that it works:
python -m benchmarks --images 40 --megabytes 2 --repeat 1
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmarks that the command line asks for."""
    options = _parser().parse_args(argv)
    output = options.output.absolute()
    settings = Settings(
        images=tuple(sorted(set(options.images))),
        megabytes=options.megabytes,
        tasks=options.tasks,
        repeat=options.repeat,
        data=(options.data or output / "data").absolute(),
        runs=output / "runs",
    )
    try:
        machine.check(_packages(options.only))
        output.mkdir(parents=True, exist_ok=True)
        with open(output / "results.md", "w", encoding="utf-8") as file:
            for section in _sections(options.only, settings):
                print(section, flush=True)
                print(section, file=file, flush=True)
    except (BenchmarkError, OSError) as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _sections(names: Sequence[str], settings: Settings) -> Iterator[str]:
    yield machine.description(_packages(names), settings.tasks, settings.repeat)
    tables: list[Table] = []
    for name in names:
        if GROUPS[name].notes:
            yield GROUPS[name].notes
        for found in GROUPS[name].run(settings):
            if isinstance(found, str):
                yield found
            else:
                tables.append(race(found, settings))
                yield markdown(tables[-1])
    reached = targets(tables)
    if reached:
        yield reached


def _packages(names: Sequence[str]) -> list[str]:
    """Return the packages that groups need beside this project."""
    return sorted({package for name in names for package in GROUPS[name].packages})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=GROUPS,
        default=[name for name, group in GROUPS.items() if group.default],
        metavar="NAME",
        help="which benchmarks (default: those without a star): "
        + "; ".join(
            f"{name}{'' if group.default else '*'} ({group.help})" for name, group in GROUPS.items()
        ),
    )
    parser.add_argument(
        "--images",
        nargs="+",
        type=_positive,
        default=(1_000, 10_000),
        metavar="N",
        help="sizes of the collections of images (default: 1000 10000)",
    )
    parser.add_argument(
        "--megabytes",
        type=_positive,
        default=200,
        metavar="N",
        help="size of the text, in 10^6 bytes (default: %(default)s)",
    )
    parser.add_argument(
        "--repeat",
        type=_positive,
        default=3,
        metavar="N",
        help="how often each contestant runs; they take turns (default: %(default)s)",
    )
    parser.add_argument(
        "--tasks",
        type=_positive,
        default=2,
        metavar="N",
        help="processes that work at once (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("bench-output"),
        metavar="DIRECTORY",
        help="where results.md, and results and logs of every contestant, are written (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIRECTORY",
        help="where generated data is kept (default: data in the directory of --output)",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return number
