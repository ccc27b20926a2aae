"""Fingerprints of images: equal for equal pixels, near for images that look alike."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.measures.grey_levels import left_out

__all__ = ["BITS", "bands", "check", "content_hash", "firsts", "near_pairs", "perceptual_hash"]

BITS = 64
"""Length of a perceptual hash."""


def content_hash(image: Image) -> str:
    """Return the SHA-256 of an image's pixels, their type and their shape.

    It is the same for the same pixels from files of any format, compressed in any lossless way.

    Parameters
    ----------
    image : Image
        Any dtype.

    Returns
    -------
    str
        64 hexadecimal digits: of dtype and shape as numpy writes them, and then the pixels, in
        little-endian order.

    Examples
    --------
    >>> one = np.uint8([[[1, 2]]])
    >>> content_hash(Image(one, 8)) == content_hash(Image(one.astype(np.uint16), 16))
    False
    """
    dtype = image.pixels.dtype.newbyteorder("<")
    found = hashlib.sha256(f"{dtype.str} {image.pixels.shape}".encode())
    for frame in image.pixels:
        found.update(np.ascontiguousarray(frame, dtype).data)
    return found.hexdigest()


def check() -> None:
    """Raise `MissingExtra` if there is no package for perceptual hashes."""
    _library()


def _library() -> Any:
    try:
        import imagehash
    except ImportError:
        raise MissingExtra("finding near duplicates", "imagehash", "clean") from None
    return imagehash


def perceptual_hash(image: Image) -> int | None:
    """Return a hash whose bits change little if the image looks much the same.

    The pHash of the package imagehash, of 8 × 8 bits: which of the lowest frequencies of the cosine
    transform of 32 × 32 pixels are above their median. The pixels are grey levels, the mean of all
    frames, from the least to the greatest; what is padding, or no finite number, is as the least.
    So scaling, and any linear change of grey levels, change few bits.

    Parameters
    ----------
    image : Image
        Any dtype; values within ±1e140.

    Returns
    -------
    int or None
        0 to 2^64 − 1; None if the mean of the frames is the same everywhere.

    Raises
    ------
    MissingExtra
        The package is not installed.

    Examples
    --------
    >>> slope = np.arange(64.0).reshape(1, 8, 8)
    >>> perceptual_hash(Image(slope, 64)) == perceptual_hash(Image(slope * 7 - 3, 64))
    True
    """
    from PIL import Image as PillowImage

    library = _library()
    levels, others = grey(image), left_out(image)
    measured = levels if others is None else levels[~others]
    if not measured.size:
        return None
    least = float(measured.min())
    total = np.zeros(levels.shape[1:])
    for index, frame in enumerate(levels):
        above = frame.astype(np.float64) - least
        if others is not None:
            above[others[index]] = 0
        total += above
    total -= total.min()
    greatest = float(total.max())
    if not greatest:
        return None
    shown = PillowImage.fromarray(np.rint(total * (255 / greatest)).astype(np.uint8))
    return int(str(library.phash(shown)), 16)


def bands(code: int, distance: int) -> list[int]:
    """Cut a hash into as many bands as any two hashes of a distance must share one of.

    Of ``distance`` + 1 bands, so many bits that differ leave one as it is.

    Parameters
    ----------
    code : int
        A perceptual hash.
    distance : int
        Most bits that differ.

    Returns
    -------
    list of int
        Of `distance` + 1 bands, from the lowest bits on.

    Examples
    --------
    >>> [hex(band) for band in bands(0x0123_4567_89AB_CDEF, 3)]
    ['0xcdef', '0x89ab', '0x4567', '0x123']
    """
    edges = [BITS * i // (distance + 1) for i in range(distance + 2)]
    return [code >> low & (1 << high - low) - 1 for low, high in pairwise(edges)]


def near_pairs(
    codes: Sequence[int], names: Sequence[str], distance: int
) -> Iterator[tuple[str, str]]:
    """Find pairs of images whose hashes differ in few bits: enough of them to connect all.

    Parameters
    ----------
    codes : sequence of int
        Perceptual hashes.
    names : sequence of str
        Of each image.
    distance : int
        Most bits that differ.

    Yields
    ------
    one, other : str
        Names. Of images that are connected by others already, no pair.

    Examples
    --------
    >>> list(near_pairs([0b1111, 0b0111, 0b0000], ["a", "b", "c"], 1))
    [('a', 'b')]
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    of_code: dict[int, str] = {}
    for index in order:
        first = of_code.setdefault(codes[index], names[index])
        if first != names[index]:
            yield first, names[index]
    distinct = np.fromiter(of_code, np.uint64, len(of_code))
    firsts_of = list(of_code.values())
    parents: dict[str, str] = {}
    for index, code in enumerate(distinct[:-1]):
        differing = _ones(distinct[index + 1 :] ^ code)
        for other in np.flatnonzero(differing <= distance).tolist():
            pair = firsts_of[index], firsts_of[index + 1 + other]
            if _join(parents, *pair):
                yield pair


def _ones(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Count the bits that are 1 of each word."""
    return np.unpackbits(words.view(np.uint8).reshape(-1, BITS // 8), axis=1).sum(
        axis=1, dtype=np.uint8
    )


def firsts(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each image the first by name of those that pairs connect it with.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Names of images that are near each other.

    Returns
    -------
    dict of str to str
        Of all that are not the first themselves.

    Examples
    --------
    >>> firsts([("b", "c"), ("c", "a"), ("x", "y")])
    {'b': 'a', 'c': 'a', 'y': 'x'}
    """
    parents: dict[str, str] = {}
    for pair in pairs:
        _join(parents, *pair)
    found = {name: _root(parents, name) for name in sorted(parents)}
    return {name: first for name, first in found.items() if name != first}


def _root(parents: dict[str, str], name: str) -> str:
    """Return the root of a tree of names, and shorten the way to it."""
    while (parent := parents.setdefault(name, name)) != name:
        parents[name] = parents.setdefault(parent, parent)
        name = parent
    return name


def _join(parents: dict[str, str], one: str, other: str) -> bool:
    """Put two trees together, under the first root by name; False if they are one already."""
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first
    return first != second
