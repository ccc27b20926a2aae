"""Translation by phase correlation (Kuglin & Hines 1975), of gradient magnitudes.

Where edges are does not depend on which side of them is bright, so images of other contrast, and of
other machines, correlate too. The shift is found to whole pixels first, then in what both images
show, by the Fourier transform at positions between pixels (Guizar-Sicairos et al. 2008, Opt. Lett.
33, 156).
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.formats.spacing import Spacing
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.operations.resampling import warp

__all__ = ["find"]

_Floats = npt.NDArray[np.float64]

# In standard deviations of the whole correlation. Of images that have nothing in common the highest
# is 5 to 9; of two that are the same it is the root of the number of pixels.
_MIN_PEAK = 11.0
_MIN_SIDE = 16
_MAX_PIXELS = 1 << 26
_REFINEMENTS = 2


def find(fixed: Pixels, moving: Pixels, ours: Spacing, theirs: Spacing) -> tuple[_Floats, float]:
    """Return the matrix from the fixed image's (x, y) to the moving one's, and the peak's height.

    Parameters
    ----------
    fixed, moving : ndarray of float64
        A frame each.
    ours, theirs : tuple of float
        Their spacings, in the same unit.

    Raises
    ------
    UnsuitableImage
        There is no peak, or an image is too small.
    """
    scale = np.array(ours) / theirs
    # As large as the moving image is, in pixels of the fixed one.
    rows, columns = (max(1, round(n)) for n in (moving.shape / scale).tolist())
    extent = rows, columns
    sides = np.maximum(fixed.shape, extent)
    if math.prod(sides.tolist()) > _MAX_PIXELS:
        raise UnsuitableImage(
            "the images differ too much in size to be registered:"
            f" {fixed.shape[0]} × {fixed.shape[1]} and {rows} × {columns} pixels of one spacing"
        )
    if min(*fixed.shape, *extent) < _MIN_SIDE:
        raise UnsuitableImage(
            f"an image of fewer than {_MIN_SIDE} rows or columns is too small to be registered"
        )
    resampled = warp(_as_image(moving), _matrix(scale, _centring(scale, extent, moving)), extent)
    # Both in the middle of what holds both, so that the search begins with centre on centre.
    ahead, behind = ((sides - np.array(size)) // 2 for size in (fixed.shape, extent))
    spectrum = _cross_power(
        _placed(_edges(fixed), sides, ahead), _placed(_edges(resampled.pixels[0]), sides, behind)
    )
    peak, height = _peak(spectrum)
    if height < _MIN_PEAK:
        raise UnsuitableImage(
            "the images have too little in common to be registered: no shift makes them alike"
        )
    offset = scale * (peak + ahead - behind) + _centring(scale, extent, moving)
    for _ in range(_REFINEMENTS):
        offset = offset + scale * _between_pixels(fixed, moving, scale, offset)
    return _matrix(scale, offset), height


# Scales, offsets and places are pairs of rows and columns.


def _matrix(scale: _Floats, offset: _Floats) -> _Floats:
    return np.array([[scale[1], 0.0, offset[1]], [0.0, scale[0], offset[0]]])


def _centring(scale: _Floats, extent: tuple[int, int], moving: Pixels) -> _Floats:
    """Return the offset by which the centres of a grid and of the moving image coincide."""
    return (np.array(moving.shape) - 1) / 2 - scale * (np.array(extent) - 1) / 2


def _as_image(frame: Pixels) -> Image:
    return Image(frame[np.newaxis], 64)


def _edges(frame: Pixels) -> Pixels:
    """Return the gradient magnitude of a frame, less its mean, fading out towards the border."""
    smooth = cv2.GaussianBlur(frame, (0, 0), 1.0)
    magnitude = np.hypot(cv2.Sobel(smooth, cv2.CV_64F, 1, 0), cv2.Sobel(smooth, cv2.CV_64F, 0, 1))
    down, across = (np.hanning(n + 2)[1:-1] for n in frame.shape)
    window = np.outer(down, across)
    return (magnitude - np.average(magnitude, weights=window)) * window


def _placed(frame: Pixels, sides: npt.NDArray[np.int64], at: npt.NDArray[np.int64]) -> Pixels:
    result = np.zeros(sides)
    result[at[0] : at[0] + frame.shape[0], at[1] : at[1] + frame.shape[1]] = frame
    return result


def _cross_power(fixed: Pixels, moving: Pixels) -> Pixels:
    """Return the phases of the cross-correlation's spectrum."""
    product = np.fft.fft2(moving) * np.conj(np.fft.fft2(fixed))
    length = np.abs(product)
    return product / np.maximum(length, 1e-9 * max(length.max(), np.finfo(float).tiny))


def _peak(spectrum: Pixels) -> tuple[npt.NDArray[np.int64], float]:
    """Return the place of the highest correlation, which may be negative, and its height."""
    correlation = np.fft.ifft2(spectrum).real
    place = np.array(np.unravel_index(np.argmax(correlation), correlation.shape))
    sides = np.array(correlation.shape)
    spread = float(correlation.std())
    height = float(correlation.max()) / spread if spread > 0 else 0.0
    return np.where(place > sides // 2, place - sides, place), height


def _between_pixels(fixed: Pixels, moving: Pixels, scale: _Floats, offset: _Floats) -> _Floats:
    """Return the shift that is left, in pixels of the fixed image, where both have pixels."""
    first = np.maximum(0, np.ceil(-offset / scale)).astype(int)
    last = np.floor((np.array(moving.shape) - 1 - offset) / scale)
    beyond = np.minimum(fixed.shape, last + 1).astype(int)
    rows, columns = (int(n) for n in beyond - first)
    if min(rows, columns) < _MIN_SIDE:
        raise UnsuitableImage("the images do not overlap where they have been found alike")
    ours = fixed[first[0] : beyond[0], first[1] : beyond[1]]
    theirs = warp(_as_image(moving), _matrix(scale, scale * first + offset), (rows, columns))
    spectrum = _cross_power(_edges(ours), _edges(theirs.pixels[0]))
    near = _highest(spectrum, np.zeros(2), reach=1.5, step=0.1)
    return _highest(spectrum, near, reach=0.1, step=0.005)


def _highest(spectrum: Pixels, around: _Floats, reach: float, step: float) -> _Floats:
    """Return where the correlation is highest on a fine grid, by its Fourier transform."""
    count = round(reach / step)
    steps = np.arange(-count, count + 1) * step
    y, x = around[0] + steps, around[1] + steps
    down, across = (np.fft.fftfreq(n) for n in spectrum.shape)
    correlation = (
        np.exp(2j * math.pi * np.outer(y, down))
        @ spectrum
        @ np.exp(2j * math.pi * np.outer(across, x))
    ).real
    row, column = np.unravel_index(np.argmax(correlation), correlation.shape)
    return np.array([y[row], x[column]])
