"""Features of images: as many numbers of each image, whatever its size.

All are of grey levels of 8 bits (colour becomes luma). The frames of a stack are taken together.
Padding does not count, save for ``hog``, where it is what it looks like.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import BadParameter, MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures.edges import gradient_edges

__all__ = ["FAMILIES", "NOT_NEGATIVE", "check", "features", "names_of"]

Floats = npt.NDArray[np.float64]

_BINS = 32
_THRESHOLD = 100.0  # as edge_density has it
_LEVELS = 32
_PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
_ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
_NEIGHBOURS = 8
_CODES = _NEIGHBOURS + 2
_SIDE = 64
_CELL = 16
_BLOCK = 2
_ORIENTATIONS = 9
_HOG = (_SIDE // _CELL - _BLOCK + 1) ** 2 * _BLOCK**2 * _ORIENTATIONS
_BESIDE = np.ones((3, 3), np.uint8)

FAMILIES: dict[str, tuple[str, ...]] = {
    "histogram": tuple(f"histogram {number}" for number in range(_BINS)),
    "moments": ("mean", "deviation", "skewness", "kurtosis"),
    "edges": ("edge density", "mean gradient"),
    "cooccurrence": tuple(f"cooccurrence {name}" for name in _PROPERTIES),
    "binary-patterns": tuple(f"binary pattern {number}" for number in range(_CODES)),
    "hog": tuple(f"hog {number}" for number in range(_HOG)),
}
"""The features of each family, by name."""

NOT_NEGATIVE = ("histogram", "edges", "binary-patterns", "hog")
"""The families whose features are never below 0, and can be taken for counts."""

_BY_SCIKIT_IMAGE = ("cooccurrence", "binary-patterns", "hog")


def check(families: Sequence[str]) -> None:
    """Say what is wrong with a choice of features, before an image is read.

    Raises
    ------
    BadParameter
        There is none, one is not known, or is named twice.
    MissingExtra
        scikit-image is needed and is not installed.
    """
    for family in families:
        if family not in FAMILIES:
            raise BadParameter(f"{family}: must be of {', '.join(FAMILIES)}")
    if not families or len(set(families)) < len(families):
        raise BadParameter("must name each once, and at least one")
    if set(families) & set(_BY_SCIKIT_IMAGE):
        _feature_module()


def names_of(families: Sequence[str]) -> list[str]:
    """Return the names of the features, in the order in which `features` has them.

    >>> names_of(["edges", "moments"])
    ['edge density', 'mean gradient', 'mean', 'deviation', 'skewness', 'kurtosis']
    """
    return [name for family in families for name in FAMILIES[family]]


def features(image: Image, families: Sequence[str]) -> list[float]:
    """Return the features of an image.

    ``histogram``
        Percent of the pixels in each of 32 bins of 8 grey levels.
    ``moments``
        Mean and standard deviation σ (of the population) in grey levels; skewness
        Σ(x − μ)³ / n σ³ and kurtosis Σ(x − μ)⁴ / n σ⁴ − 3, which are 0 where σ is.
    ``edges``
        Percent of the pixels with a gradient above 100, and the mean gradient, in grey levels times
        8 a pixel: `edges.gradient_edges`.
    ``cooccurrence``
        Of pairs of neighbours at 0°, 45°, 90° and 135° together, in either order, with 32 levels
        (grey level // 8): contrast, dissimilarity, homogeneity, energy, correlation (Haralick,
        Shanmugam and Dinstein, IEEE Trans. Syst. Man Cybern. 3, 1973), by scikit-image.
    ``binary-patterns``
        Percent of the pixels with each of the 10 codes of the uniform local binary patterns of 8
        neighbours at a distance of 1 (Ojala, Pietikäinen and Mäenpää, IEEE Trans. Pattern Anal.
        Mach. Intell. 24, 2002), by scikit-image.
    ``hog``
        Histograms of oriented gradients of the image resized to 64 × 64, whatever its aspect, by
        area, or linearly if a side is shorter: 9 orientations, cells of 16 × 16 pixels, blocks of
        2 × 2 cells, L2-Hys (Dalal and Triggs, CVPR 2005), by scikit-image; the mean over frames.

    Parameters
    ----------
    image : Image
        uint8.
    families : sequence of str
        Which, in their order; see `FAMILIES`.

    Returns
    -------
    list of float
        Finite numbers.

    Raises
    ------
    UnsuitableImage
        The image is not of 8 bits, all is padding, or no pixel has a neighbour to be paired with.
    MissingExtra
        scikit-image is needed and is not installed.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 0, 4, 4]]]), bits=8)
    >>> features(image, ["moments"])  # mean 2, each 2 away
    [2.0, 2.0, 0.0, -2.0]
    >>> features(image, ["histogram"])[:2]  # 0 to 7, 8 to 15
    [100.0, 0.0]
    """
    if image.pixels.dtype != np.uint8:
        raise UnsuitableImage(
            f"its pixels are {image.pixels.dtype}, and features are of 8 bits: convert with"
            " --to-8bit full or minmax"
        )
    if image.padding is not None and image.padding.all():
        raise UnsuitableImage("every pixel is padding")
    found: list[float] = []
    for family in families:
        found += map(float, _MEASURES[family](image))
    return found


def _histogram(image: Image) -> Floats:
    return _percent(np.bincount(_measured(image) // (256 // _BINS), minlength=_BINS))


def _moments(image: Image) -> tuple[float, ...]:
    counts = np.bincount(_measured(image), minlength=256)
    pixels = counts.sum()
    levels = np.arange(256.0)
    mean = (counts * levels).sum() / pixels
    away = levels - mean
    variance = (counts * away**2).sum() / pixels
    if np.count_nonzero(counts) == 1:
        return mean, 0.0, 0.0, 0.0
    skewness = (counts * away**3).sum() / pixels / variance**1.5
    kurtosis = (counts * away**4).sum() / pixels / variance**2 - 3
    return mean, variance**0.5, skewness, kurtosis


def _edges(image: Image) -> tuple[float, float]:
    found = gradient_edges(image, _THRESHOLD)
    return 100 * found.edge_pixels / found.pixels, float(found.gradient_sum / found.pixels)


def _cooccurrence(image: Image) -> Floats:
    feature = _feature_module()
    levels = grey(image) // (256 // _LEVELS)
    if image.padding is not None:
        levels = np.where(image.padding, _LEVELS, levels).astype(np.uint8)
    pairs = np.zeros((_LEVELS, _LEVELS), np.int64)
    for frame in levels:
        counted = feature.graycomatrix(frame, [1], _ANGLES, _LEVELS + 1, symmetric=True)
        pairs += counted[:_LEVELS, :_LEVELS].sum(axis=(2, 3), dtype=np.int64)
    if not pairs.any():
        raise UnsuitableImage("no pixel has a neighbour to be paired with")
    matrix = pairs[:, :, np.newaxis, np.newaxis]
    return np.array([feature.graycoprops(matrix, name).item() for name in _PROPERTIES])


def _binary_patterns(image: Image) -> Floats:
    feature = _feature_module()
    counts = np.zeros(_CODES, np.int64)
    for number, frame in enumerate(grey(image)):
        codes = feature.local_binary_pattern(frame, _NEIGHBOURS, 1, "uniform")
        if image.padding is not None:
            beside = cv2.dilate(image.padding[number].astype(np.uint8), _BESIDE)
            codes = codes[beside == 0]
        counts += np.bincount(codes.ravel().astype(np.int64), minlength=_CODES)
    if not counts.any():
        raise UnsuitableImage("every pixel is padding, or beside it")
    return _percent(counts)


def _hog(image: Image) -> Floats:
    feature = _feature_module()
    total = np.zeros(_HOG)
    levels = grey(image)
    for frame in levels:
        how = cv2.INTER_AREA if min(frame.shape) >= _SIDE else cv2.INTER_LINEAR
        small = cv2.resize(frame, (_SIDE, _SIDE), interpolation=how)
        total += feature.hog(
            small, _ORIENTATIONS, (_CELL, _CELL), (_BLOCK, _BLOCK), block_norm="L2-Hys"
        )
    return total / len(levels)


_MEASURES: dict[str, Callable[[Image], Any]] = {
    "histogram": _histogram,
    "moments": _moments,
    "edges": _edges,
    "cooccurrence": _cooccurrence,
    "binary-patterns": _binary_patterns,
    "hog": _hog,
}


def _measured(image: Image) -> Pixels:
    """Return the grey levels that are no padding, one after the other."""
    levels = grey(image)
    return levels.ravel() if image.padding is None else levels[~image.padding]


def _percent(counts: npt.NDArray[np.int64]) -> Floats:
    return 100 * counts / counts.sum()


def _feature_module() -> Any:
    try:
        return import_module("skimage.feature")
    except ImportError:
        wanted = f"{', '.join(_BY_SCIKIT_IMAGE[:-1])} and {_BY_SCIKIT_IMAGE[-1]}"
        raise MissingExtra(f"each of {wanted}", "scikit-image", "recognise") from None
