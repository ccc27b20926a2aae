"""The command line of the benchmarks."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import machine, operations, shuffle
from benchmarks.errors import BenchmarkError
from benchmarks.hadoop import suite as hadoop
from benchmarks.hdfs import suite as hdfs
from benchmarks.race import Settings
from benchmarks.suite import NAMES, benchmarks
from benchmarks.summary import Table, markdown
from benchmarks.targets import targets

__all__ = ["main"]

_SUITES = {"operations": operations, "shuffle": shuffle, "hadoop": hadoop, "hdfs": hdfs}

_DESCRIPTION = """\
Run this project's jobs and their peers on the same generated data, each as a program of its own;
check that the results are equal; print tables in Markdown. The data is made on the first run
(10,000 images take 1.7 GB) and reused. What each peer does is in benchmarks/README.md.
"""
_EPILOG = """\
Without options everything runs that needs no cluster. Small and quick, to see that it works:
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
        machine.check(_peers(options.only), _more(options.only))
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
    yield machine.description(_peers(names), _more(names), settings.tasks, settings.repeat)
    tables: list[Table] = []
    for name in NAMES:
        if name in names:
            for table in benchmarks(name, settings):
                tables.append(table)
                yield markdown(table)
    reached = targets(tables)
    if reached:
        yield reached
    for name, suite in _SUITES.items():
        if name in names:
            yield suite.DESCRIPTION
            yield from suite.sections(settings)


def _peers(names: Sequence[str]) -> bool:
    return any(name in names for name in NAMES)


def _more(names: Sequence[str]) -> tuple[str, ...]:
    """Return the packages that other suites need besides."""
    return tuple(package for name in _SUITES if name in names for package in _SUITES[name].PACKAGES)


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
        choices=(*NAMES, *_SUITES),
        default=NAMES,
        metavar="NAME",
        help="which benchmarks: histogram and edges (8-bit images), depth16 (both jobs on 16-bit"
        " images, as many as the smallest of --images), words, transform (at most 5,000 images),"
        " headers (of DICOM files, as many as the largest of --images), deidentify (as many as the"
        " smallest), profile, regression (100 rows an image; default: these);"
        " operations (each beside scikit-image), shuffle (bytes from map to reduce); on clusters"
        " that are started for it: hadoop (jobs), hdfs (files; the smallest of --images)",
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
        metavar="FOLDER",
        help="where results.md, and results and logs of every contestant, are written (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="where generated data is kept (default: data in the folder of --output)",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return number
