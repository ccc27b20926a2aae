"""Jobs on DICOM files, beside pydicom in a bare pool, Spark, deid and dicognito."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import data
from benchmarks.compare import dicom_pixels
from benchmarks.declare import (
    INLINE,
    LOCAL,
    POOL,
    SPARK,
    Benchmark,
    Contestant,
    Settings,
    Target,
    here,
    peer,
)
from benchmarks.runner import say

__all__ = ["deidentify", "headers"]

_DEID = "deid, one process"
_DICOGNITO = "dicognito, one process"
_WARM_UP = 16
_TAGS = (
    "SOPInstanceUID,SeriesInstanceUID,PatientID,Modality,Manufacturer,ImageType,InstanceNumber,"
    "Rows,Columns,PixelSpacing,SliceThickness,ImagePositionPatient,ImageOrientationPatient"
)


def headers(settings: Settings) -> Iterator[Benchmark]:
    """Yield the benchmark of elements of headers."""

    def contestants(source: Path) -> list[Contestant]:
        work = (_TAGS, source, settings.tasks)
        return [
            *here("dicom_headers.py", source, settings.tasks, "--tags", _TAGS),
            Contestant(POOL, peer("pool_headers", *work)),
            Contestant(SPARK, peer("spark_headers", *work)),
        ]

    count = max(settings.images)
    targets = [Target(LOCAL, POOL, 1.2, 10_000), Target(LOCAL, SPARK, 0.99, 10_000)]
    what = ": 13 of 250 elements"
    yield _benchmark("headers", "Headers", what, contestants, count, POOL, targets, settings)


def deidentify(settings: Settings) -> Iterator[Benchmark]:
    """Yield the benchmark of de-identification; all must leave the pixels alone.

    The others have one process, beside which ``-r inline`` shows what a core does.
    """

    def contestants(source: Path) -> list[Contestant]:
        key = {"DEIDENTIFY_KEY": "a key of the benchmark"}
        ours = here(
            "deidentify.py", source, settings.tasks, "--keep-names", read=dicom_pixels, env=key
        )
        return [
            *ours,
            Contestant(_DEID, peer("deidentifiers", "deid", source), dicom_pixels),
            Contestant(_DICOGNITO, peer("deidentifiers", "dicognito", source), dicom_pixels),
        ]

    count = min(settings.images)
    targets = [Target(INLINE, _DEID, 1 / 5, 1_000)]
    title = "De-identification"
    yield _benchmark("deidentify", title, "", contestants, count, LOCAL, targets, settings)


def _benchmark(
    label: str,
    title: str,
    what: str,
    contestants: Callable[[Path], list[Contestant]],
    count: int,
    base: str,
    targets: Sequence[Target],
    settings: Settings,
) -> Benchmark:
    say(f"DICOM files: {count}")
    source = data.dicom_directory(settings.data, count)
    size = data.read_through(source)
    return Benchmark(
        label=f"{label}-{count}",
        title=f"{title}, {count:,} DICOM files of {size / count / 1000:.0f} kB{what}",
        amount=count,
        unit="images",
        contestants=contestants(source),
        base=base,
        warm_up=contestants(data.dicom_directory(settings.data, _WARM_UP)),
        targets=targets,
    )
