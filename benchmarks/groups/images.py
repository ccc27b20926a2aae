"""Jobs on images, beside a bare pool of processes, Dask and Spark."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import data
from benchmarks.compare import bundle_lines, profile_lines
from benchmarks.declare import (
    DASK,
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

__all__ = ["depth16", "edges", "histogram", "profile", "transform"]

_DASK_FORK = "Dask bag, forked"
_WARM_UP = 16
_DEEP_BITS = 12
_MAX_TRANSFORMED = 5_000
_BELOW_ONE = 0.99
# Chains of operations by their length.
_CHAINS = {
    1: "gaussian sigma=1.5",
    3: "rotate angle=30 | gaussian sigma=1.5 | normalise",
    6: "scale factor=0.5 | rotate angle=30 | median size=3 | gaussian sigma=1.5 | sharpen"
    " | normalise",
}
_TARGETS = (
    Target(LOCAL, POOL, 1.15, 10_000),
    Target(LOCAL, DASK, _BELOW_ONE, 10_000),
    Target(LOCAL, _DASK_FORK, _BELOW_ONE, 10_000),
    Target(LOCAL, SPARK, 1 / 3, 1_000),
)


def histogram(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a size."""
    for count in settings.images:
        yield _measured("histogram", "Histogram", "image_histogram.py", count, 8, settings)


def edges(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a size."""
    for count in settings.images:
        yield _measured("edges", "Edge density", "edge_density.py", count, 8, settings)


def depth16(settings: Settings) -> Iterator[Benchmark]:
    """Yield both jobs on 16-bit images."""
    count = min(settings.images)
    yield _measured("histogram", "Histogram", "image_histogram.py", count, _DEEP_BITS, settings)
    yield _measured("edges", "Edge density", "edge_density.py", count, _DEEP_BITS, settings)


def _measured(
    measure: str, title: str, script: str, count: int, bits: int, settings: Settings
) -> Benchmark:
    def contestants(source: Path) -> list[Contestant]:
        work = (measure, source, settings.tasks)
        return [
            *here(script, source, settings.tasks),
            Contestant(POOL, peer("pool", *work)),
            Contestant(DASK, peer("dask_bag", *work, "spawn")),
            Contestant(_DASK_FORK, peer("dask_bag", *work, "fork")),
            Contestant(SPARK, peer("spark_images", *work)),
        ]

    depth = "8-bit" if bits == 8 else f"16-bit ({bits} bits used)"
    return _benchmark(
        f"{measure}-{bits}bit-{count}",
        f"{title}, {count:,} images: {depth} grey PNG, 512×512, {{kB:.0f}} kB each",
        contestants,
        count,
        settings,
        bits,
        targets=_TARGETS if bits == 8 else (),
    )


def transform(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a chain."""
    count = min(max(settings.images), _MAX_TRANSFORMED)
    for length, chain in _CHAINS.items():
        operations = f"{length} operation{'s' if length > 1 else ''}"
        yield _benchmark(
            f"transform-{length}-{count}",
            f"Transform to PNG, {count:,} images, {operations}: `{chain}`",
            partial(_transformers, chain, settings.tasks),
            count,
            settings,
            targets=[Target(LOCAL, POOL, 1.2, _MAX_TRANSFORMED)],
        )


def _transformers(chain: str, tasks: int, source: Path) -> list[Contestant]:
    options = ("--ops", chain, "--format", "png")
    command = peer("pool_transform", chain, source, tasks)
    return [
        *here("image_transform.py", source, tasks, *options, read=bundle_lines),
        Contestant(POOL, command, bundle_lines),
    ]


def profile(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a size."""

    def contestants(source: Path) -> list[Contestant]:
        return [
            *here("collection_profile.py", source, settings.tasks, read=profile_lines),
            *(
                Contestant(name, peer("profiles", who, source, settings.tasks), profile_lines)
                for name, who in ((POOL, "pool"), (DASK, "dask"), (SPARK, "spark"))
            ),
        ]

    for count in settings.images:
        yield _benchmark(
            f"profile-{count}",
            f"Profile of {count:,} images: 8-bit grey PNG, 512×512",
            contestants,
            count,
            settings,
            targets=[
                Target(LOCAL, POOL, 1.2, 10_000),
                Target(LOCAL, DASK, _BELOW_ONE, 10_000),
                Target(LOCAL, SPARK, _BELOW_ONE, 10_000),
            ],
        )


def _benchmark(
    label: str,
    title: str,
    contestants: Callable[[Path], list[Contestant]],
    count: int,
    settings: Settings,
    bits: int = 8,
    targets: Sequence[Target] = (),
) -> Benchmark:
    """Return a benchmark on generated images, which are read through once."""
    say(f"images: {count} of {bits} bits")
    source = data.image_directory(settings.data, count, bits)
    size = data.read_through(source)
    return Benchmark(
        label=label,
        title=title.format(kB=size / count / 1000),
        amount=count,
        unit="images",
        contestants=contestants(source),
        base=POOL,
        warm_up=contestants(data.image_directory(settings.data, _WARM_UP, bits)),
        targets=targets,
    )
