"""The benchmarks: which work, on which data, and how it is run."""

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.contestants import Contestant, image_contestants, word_contestants
from benchmarks.race import Settings, race, run_round, say
from benchmarks.summary import Outcome, Table

__all__ = ["NAMES", "benchmarks"]

NAMES = ("histogram", "edges", "depth16", "words")

_WARM_UP_IMAGES = 16
_WARM_UP_MEGABYTES = 1
_DEEP_BITS = 12
_TITLES = {"histogram": "Histogram", "edges": "Edge density"}


def benchmarks(name: str, settings: Settings) -> Iterator[Table]:
    """Run the benchmark of a name; yield its tables as they are done."""
    if name == "words":
        yield _words(settings)
    elif name == "depth16":
        for job in _TITLES:
            yield _images(job, min(settings.images), _DEEP_BITS, settings)
    else:
        for count in settings.images:
            yield _images(name, count, 8, settings)


def _images(job: str, count: int, bits: int, settings: Settings) -> Table:
    say(f"images: {count} of {bits} bits")
    folder = data.image_folder(settings.data, count, bits)
    warm_up = data.image_folder(settings.data, _WARM_UP_IMAGES, bits)
    size = data.read_through(folder)
    label = f"{job}-{bits}bit-{count}"
    depth = "8-bit" if bits == 8 else f"16-bit ({bits} bits used)"
    return Table(
        job=job,
        bits=bits,
        amount=count,
        title=f"{_TITLES[job]}, {count:,} images: {depth} grey PNG, 512×512,"
        f" {size / count / 1000:.0f} kB each",
        outcomes=_race(
            label,
            lambda source: image_contestants(job, source, settings.tasks),
            folder,
            warm_up,
            settings,
        ),
    )


def _words(settings: Settings) -> Table:
    say(f"text: {settings.megabytes} MB")
    text = data.text_file(settings.data, settings.megabytes)
    warm_up = data.text_file(settings.data, _WARM_UP_MEGABYTES)
    data.read_through(text)
    return Table(
        job="words",
        bits=8,
        amount=settings.megabytes,
        title=f"Word count, {settings.megabytes:,} MB of text",
        outcomes=_race(
            f"words-{settings.megabytes}mb",
            lambda source: word_contestants(source, settings.tasks),
            text,
            warm_up,
            settings,
        ),
    )


def _race(
    label: str,
    contestants_on: Callable[[Path], list[Contestant]],
    source: Path,
    warm_up: Path,
    settings: Settings,
) -> list[Outcome]:
    """Run all contestants once on little data, then in turns on the data that counts."""
    run_round(f"{label}-warm-up", contestants_on(warm_up), settings)
    return race(label, contestants_on(source), settings)
