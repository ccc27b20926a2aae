"""Histograms of images in each format and transfer syntax, beside what others decode them by."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.declare import LOCAL, Benchmark, Contestant, Settings, Target, here, peer
from benchmarks.encoded import KINDS, encoded_directory
from benchmarks.runner import say

__all__ = ["formats"]

_WARM_UP = 16
_MOST = 1.15
# The plug-in of pydicom that is the fastest; none decodes JPEG of 12 bits and has a free licence.
_PLUGINS = {
    "native": "",
    "deflated": "",
    "RLE": "pylibjpeg",
    "JPEG baseline, 8 bits": "pillow",
    "JPEG Lossless SV1": "gdcm",
    "JPEG-LS": "pyjpegls",
    "JPEG-LS near-lossless": "pyjpegls",
    "JPEG 2000": "pylibjpeg",
    "HTJ2K": "pylibjpeg",
}
_OTHERS = {"TIFF, Deflate": ["tifffile", "SimpleITK"], "NIfTI": ["nibabel", "SimpleITK"]}
_NOT_HTJ2K = ["SimpleITK", "gdcm"]


def formats(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a format and transfer syntax."""
    count = min(settings.images)
    for kind in KINDS:
        say(f"{kind}: {count} images")
        source = encoded_directory(settings.data, count, kind)
        size = data.read_through(source)
        peers = _peers(kind)
        yield Benchmark(
            label="-".join(["formats", *kind.replace(",", "").split()]),
            title=f"{kind}, {count:,} images of 512×512, {size / count / 1000:.0f} kB each",
            amount=count,
            unit="images",
            contestants=_contestants(peers, source, settings.tasks),
            base=next(iter(peers)),
            warm_up=_contestants(
                peers, encoded_directory(settings.data, _WARM_UP, kind), settings.tasks
            ),
            targets=[Target(LOCAL, name, _MOST, 1_000) for name in peers],
        )


def _peers(kind: str) -> dict[str, str]:
    """Return what `peers.decoders` is to decode with, by the contestants' names."""
    found = {}
    if kind in _PLUGINS:
        plugin = _PLUGINS[kind]
        found[f"Pool, pydicom{plugin and ' with '}{plugin}"] = f"pydicom:{plugin}"
    others = _OTHERS.get(kind) or ([] if kind == "HTJ2K" else _NOT_HTJ2K)
    return found | {f"Pool, {name}": name for name in others}


def _contestants(peers: dict[str, str], source: Path, tasks: int) -> list[Contestant]:
    return [
        *here("image_histogram.py", source, tasks),
        *(Contestant(name, peer("decoders", who, source, tasks)) for name, who in peers.items()),
    ]
