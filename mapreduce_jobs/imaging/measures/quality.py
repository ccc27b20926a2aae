"""Measures of an image's quality that need no other image to compare with.

Colour is measured by its luma, a stack in all its frames together. Padding, and pixels that are not
finite numbers, were not measured and are left out. The values are those of the image, so that what
is in grey levels can be compared between images of one depth, modality and unit.

A measure that is not defined on an image raises `UnsuitableImage`, whose message is the reason.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.arrays.kernels import convolved, weights_of
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.measures.grey_levels import Levels, left_out, levels_of
from mapreduce_jobs.imaging.measures.histogram import bins_of

__all__ = [
    "MEASURES",
    "Quality",
    "clipped",
    "cnr",
    "efc",
    "entropy",
    "fber",
    "foreground",
    "michelson_contrast",
    "quality",
    "rms_contrast",
    "sharpness",
    "snr",
]

_BINS = 256
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def sharpness(image: Image) -> float:
    """Return the variance of the Laplacian: high where there is fine detail, or noise.

    The Laplacian is I(x−1, y) + I(x+1, y) + I(x, y−1) + I(x, y+1) − 4 I(x, y), with the border
    repeated: what ``cv2.Laplacian(image, cv2.CV_64F).var()`` gives, save at the border. Proposed
    for autofocusing by J. L. Pech-Pacheco, G. Cristóbal, J. Chamorro-Martínez and
    J. Fernández-Valdivia (Diatom autofocusing in brightfield microscopy: a comparative study.
    ICPR 2000), there of its absolute values and divided by 6. Pixels next to padding are left out.

    Returns
    -------
    float
        In squares of grey levels, 0 or more.

    Raises
    ------
    UnsuitableImage
        No pixel has all its neighbours.

    Examples
    --------
    The Laplacian is 3, −3, 0, 0 in each row: a mean of 0, and squares of 18 / 4 in the mean.

    >>> sharpness(Image(np.uint8([[[1, 4, 4, 4]] * 3]), bits=8))
    4.5
    """
    levels = grey(image)
    others = left_out(image)
    weights = weights_of("laplacian4")
    pixels, total, squares = 0, 0.0, 0.0
    for index, frame in enumerate(levels):
        found = convolved(frame, weights, "edge")
        if others is not None:
            near = cv2.dilate(others[index].view(np.uint8), _CROSS)
            found = found[near == 0]
        pixels += found.size
        total += float(found.sum())
        squares += float(np.square(found).sum())
    if not pixels:
        raise UnsuitableImage("no pixel has all its neighbours")
    return max(squares / pixels - (total / pixels) ** 2, 0.0)


def rms_contrast(levels: Levels) -> float:
    """Return the root-mean-square contrast, √(Σ (I − Ī)² / n): the standard deviation.

    In grey levels; E. Peli (Contrast in complex images. J. Opt. Soc. Am. A 7, 1990) has them
    between 0 and 1.

    >>> rms_contrast(levels_of(Image(np.uint8([[[10, 10, 30, 30]]]), bits=8)))
    10.0
    """
    return math.sqrt(levels.moments()[1])


def michelson_contrast(levels: Levels) -> float:
    """Return the contrast of A. Michelson, (max − min) / (max + min), 0 to 1.

    >>> michelson_contrast(levels_of(Image(np.uint8([[[10, 10, 30, 30]]]), bits=8)))  # 20 / 40
    0.5
    """
    least, greatest = float(levels.values[0]), float(levels.values[-1])
    if levels.is_negative:
        raise UnsuitableImage("it has values below 0, and the contrast is one of luminances")
    if not greatest:
        raise UnsuitableImage("all pixels are 0")
    return (greatest - least) / (greatest + least)


def entropy(levels: Levels) -> float:
    """Return the Shannon entropy −Σ p log₂ p of the histogram, in bits.

    The bins are those of `histogram.bins_of`, at most 256: one a grey level for 8 bits, as in
    ``skimage.measure.shannon_entropy``; else of a width that is a power of two. So it is between 0
    and 8, whatever the depth. (C. E. Shannon: A mathematical theory of communication. Bell Syst.
    Tech. J. 27, 1948.)

    >>> entropy(levels_of(Image(np.uint8([[[1, 2, 3, 3]]]), bits=8)))  # 2 · ¼ · 2 + ½ · 1
    1.5
    """
    values = levels.values[np.newaxis, np.newaxis]
    bins = bins_of(Image(values, levels.values.dtype.itemsize * 8), _BINS)
    wide = levels.values.astype(np.float64)
    counts = np.histogram(wide, bins.count, (bins.start, bins.stop), weights=levels.counts)[0]
    shares = (counts[counts > 0] / levels.pixels).tolist()
    # Of math, not of numpy, whose logarithms differ in their last bit from processor to processor.
    return abs(math.fsum(share * math.log2(share) for share in shares))


def foreground(levels: Levels) -> float:
    """Return the share of pixels above Otsu's threshold.

    >>> foreground(levels_of(Image(np.uint8([[[0, 1, 2, 90]]]), bits=8)))
    0.25
    """
    return levels.split()[0].pixels / levels.pixels


def snr(levels: Levels) -> float:
    """Return the signal-to-noise ratio of the foreground, μ / (σ √(n / (n − 1))).

    As MRIQC has it within a tissue; here the foreground is what Otsu's threshold finds, whose
    structure counts as noise, too. (O. Esteban et al.: MRIQC. PLoS ONE 12, 2017.)

    >>> snr(levels_of(Image(np.uint8([[[0, 0, 0, 90, 110]]]), bits=8))) == 100 / (10 * 2**0.5)
    True
    """
    front, _ = levels.split()
    mean, variance = front.moments()
    if not variance:
        raise UnsuitableImage("the foreground is constant")
    return mean / math.sqrt(variance * front.pixels / (front.pixels - 1))


def cnr(levels: Levels) -> float:
    """Return the contrast-to-noise ratio ``|μ_F − μ_B| / √(σ_F² + σ_B²)``.

    Of foreground and background by Otsu. MRIQC has it of grey and white matter, with the variance
    of air added, after V. A. Magnotta, L. Friedman (Measurement of signal-to-noise and
    contrast-to-noise in the fBIRN multicenter imaging study. J. Digit. Imaging 19, 2006).

    >>> cnr(levels_of(Image(np.uint8([[[0, 6, 90, 98]]]), bits=8)))  # 91 / √(3² + 4²)
    18.2
    """
    front, back = levels.split()
    (front_mean, front_variance), (back_mean, back_variance) = front.moments(), back.moments()
    if not front_variance + back_variance:
        raise UnsuitableImage("foreground and background are constant")
    return abs(front_mean - back_mean) / math.sqrt(front_variance + back_variance)


def fber(levels: Levels) -> float:
    """Return the foreground–background energy ratio E[F²] / E[B²].

    As MRIQC defines it (FBER; from Z. Shehzad et al.: The Preprocessed Connectomes Project Quality
    Assessment Protocol. Front. Neurosci. 2015), with foreground and background by Otsu in place of
    a head mask. For images in which air is about 0, as of MR.

    >>> fber(levels_of(Image(np.uint8([[[1, 1, 10, 10]]]), bits=8)))
    100.0
    """
    _not_negative(levels)
    front, back = levels.split()
    energy = back.energy()
    if not energy:
        raise UnsuitableImage("the background is 0 everywhere")
    ratio = front.energy() / energy
    if not math.isfinite(ratio):
        raise UnsuitableImage("the background is too near to 0")
    return ratio


def efc(levels: Levels) -> float:
    """Return the entropy focus criterion: 0 for one bright pixel, 1 for the same everywhere.

    Σ (x / b) ln (x / b), with b = √(Σ x²), divided by what it is for N equal pixels,
    √N ln (1 / √N). Ghosting and blurring raise it. (D. Atkinson, D. L. G. Hill, P. N. R. Stoyle,
    P. E. Summers, S. F. Keevil: Automatic correction of motion artifacts in magnetic resonance
    images using an entropy focus criterion. IEEE Trans. Med. Imaging 16, 1997; the divisor is
    MRIQC's.)

    >>> efc(levels_of(Image(np.uint8([[[0, 0, 0, 9]]]), bits=8)))
    0.0
    >>> round(efc(levels_of(Image(np.uint8([[[9, 9, 9, 9]]]), bits=8))), 12)
    1.0
    """
    _not_negative(levels)
    pixels = levels.pixels
    if pixels == 1:
        raise UnsuitableImage("it has one pixel")
    used = levels.values > 0
    if not used.any():
        raise UnsuitableImage("all pixels are 0")
    values, counts = levels.values[used].astype(np.float64), levels.counts[used]
    values /= values[-1]  # whose squares then neither vanish nor exceed the range of floats
    shares = values / math.sqrt(float((values * values * counts).sum()))
    terms = zip(counts.tolist(), shares.tolist(), strict=True)
    total = math.fsum(count * share * math.log(share) for count, share in terms if share)
    return abs(total / (math.sqrt(pixels) * math.log(1 / math.sqrt(pixels))))


def _not_negative(levels: Levels) -> None:
    if levels.is_negative:
        raise UnsuitableImage("it has values below 0, whose energy tells nothing")


def clipped(image: Image, levels: Levels) -> float:
    """Return the share of pixels at, or beyond, an end of the range of the bits stored.

    Raises
    ------
    UnsuitableImage
        The pixels are floats, whose range has no ends to be clipped at.

    Examples
    --------
    >>> image = Image(np.uint16([[[0, 7, 4094, 4095]]]), bits=12)
    >>> clipped(image, levels_of(image))
    0.5
    """
    if image.pixels.dtype.kind == "f":
        raise UnsuitableImage("its pixels are floats, whose range has no ends")
    least, greatest = full_range(image)
    at_ends = (levels.values <= least) | (levels.values >= greatest)
    return int(levels.counts[at_ends].sum()) / levels.pixels


_OF_LEVELS: dict[str, Callable[[Levels], float]] = {
    "rms_contrast": rms_contrast,
    "michelson_contrast": michelson_contrast,
    "entropy": entropy,
    "foreground": foreground,
    "snr": snr,
    "cnr": cnr,
    "fber": fber,
    "efc": efc,
}
MEASURES = ("sharpness", *_OF_LEVELS)
"""Names of the measures, in the order in which they are shown."""


@dataclass(frozen=True)
class Quality:
    """What was measured of an image.

    Attributes
    ----------
    measures : dict of str to float or None
        One of each of `MEASURES`, finite; None where it is not defined.
    undefined : dict of str to str
        Why not, for each that is None.
    """

    measures: dict[str, float | None]
    undefined: dict[str, str]


def quality(image: Image) -> Quality:
    """Measure an image in every way.

    Raises
    ------
    UnsuitableImage
        No pixel can be measured.

    Examples
    --------
    >>> found = quality(Image(np.uint8([[[0, 0, 9]]]), bits=8))
    >>> found.measures["rms_contrast"] == 18**0.5, found.undefined["snr"]
    (True, 'the foreground is constant')
    """
    levels = levels_of(image)
    measures: dict[str, float | None] = {}
    undefined: dict[str, str] = {}
    for name in MEASURES:
        try:
            measures[name] = sharpness(image) if name == "sharpness" else _OF_LEVELS[name](levels)
        except UnsuitableImage as error:
            measures[name] = None
            undefined[name] = str(error)
    return Quality(measures, undefined)
