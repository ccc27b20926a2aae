"""The benchmarks: which work, on which data, and how it is run."""

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.contestants import (
    Contestant,
    deidentify_contestants,
    header_contestants,
    image_contestants,
    profile_contestants,
    regression_contestants,
    transform_contestants,
    word_contestants,
)
from benchmarks.race import Settings, race, run_round, say
from benchmarks.summary import Outcome, Table

__all__ = ["NAMES", "benchmarks"]

NAMES = (
    "histogram",
    "edges",
    "depth16",
    "words",
    "transform",
    "headers",
    "deidentify",
    "profile",
    "regression",
)

_WARM_UP_IMAGES = 16
_WARM_UP_MEGABYTES = 1
_ROWS_AN_IMAGE = 100  # so that 10,000 images and a million rows are one size
_DEEP_BITS = 12
_TITLES = {"histogram": "Histogram", "edges": "Edge density"}
_MOST_TRANSFORMED = 5_000  # images
# Chains of operations by their length.
_CHAINS = {
    1: "gaussian sigma=1.5",
    3: "rotate angle=30 | gaussian sigma=1.5 | normalise",
    6: "scale factor=0.5 | rotate angle=30 | median size=3 | gaussian sigma=1.5 | sharpen"
    " | normalise",
}


def benchmarks(name: str, settings: Settings) -> Iterator[Table]:
    """Run the benchmark of a name; yield its tables as they are done."""
    if name == "words":
        yield _words(settings)
    elif name == "headers":
        yield _headers(max(settings.images), settings)
    elif name == "deidentify":
        yield _deidentify(min(settings.images), settings)
    elif name == "profile":
        for count in settings.images:
            yield _profile(count, settings)
    elif name == "regression":
        for count in settings.images:
            yield _regression(count * _ROWS_AN_IMAGE, settings)
    elif name == "transform":
        for length in _CHAINS:
            yield _transform(length, settings)
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


def _transform(length: int, settings: Settings) -> Table:
    chain = _CHAINS[length]
    count = min(max(settings.images), _MOST_TRANSFORMED)
    say(f"images: {count}, {chain}")
    folder = data.image_folder(settings.data, count, 8)
    warm_up = data.image_folder(settings.data, _WARM_UP_IMAGES, 8)
    data.read_through(folder)
    operations = f"{length} operation{'s' if length > 1 else ''}"
    return Table(
        job=f"transform, {operations}",
        bits=8,
        amount=count,
        title=f"Transform to PNG, {count:,} images, {operations}: `{chain}`",
        outcomes=_race(
            f"transform-{length}-{count}",
            lambda source: transform_contestants(chain, source, settings.tasks),
            folder,
            warm_up,
            settings,
        ),
    )


def _headers(count: int, settings: Settings) -> Table:
    return _dicom("headers", "Headers", ": 13 of 250 elements", header_contestants, count, settings)


def _deidentify(count: int, settings: Settings) -> Table:
    return _dicom("deidentify", "De-identification", "", deidentify_contestants, count, settings)


def _dicom(
    job: str,
    title: str,
    what: str,
    contestants: Callable[[Path, int], list[Contestant]],
    count: int,
    settings: Settings,
) -> Table:
    say(f"DICOM files: {count}")
    folder = data.dicom_folder(settings.data, count)
    warm_up = data.dicom_folder(settings.data, _WARM_UP_IMAGES)
    size = data.read_through(folder)
    return Table(
        job=job,
        bits=16,
        amount=count,
        title=f"{title}, {count:,} DICOM files of {size / count / 1000:.0f} kB{what}",
        outcomes=_race(
            f"{job}-{count}",
            lambda source: contestants(source, settings.tasks),
            folder,
            warm_up,
            settings,
        ),
    )


def _profile(count: int, settings: Settings) -> Table:
    say(f"images: {count} of 8 bits")
    folder = data.image_folder(settings.data, count, 8)
    warm_up = data.image_folder(settings.data, _WARM_UP_IMAGES, 8)
    data.read_through(folder)
    return Table(
        job="profile",
        bits=8,
        amount=count,
        title=f"Profile of {count:,} images: 8-bit grey PNG, 512×512",
        outcomes=_race(
            f"profile-{count}",
            lambda source: profile_contestants(source, settings.tasks),
            folder,
            warm_up,
            settings,
        ),
    )


def _regression(count: int, settings: Settings) -> Table:
    say(f"rows: {count}")
    table = data.table_file(settings.data, count)
    warm_up = data.table_file(settings.data, _WARM_UP_IMAGES * _ROWS_AN_IMAGE)
    data.read_through(table)
    return Table(
        job="regression",
        bits=8,
        amount=count,
        title=f"Linear regression, {count:,} rows of ten features",
        outcomes=_race(
            f"regression-{count}",
            lambda source: regression_contestants(source, settings.tasks),
            table,
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
