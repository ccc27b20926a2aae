"""Restoration: an unsharp mask against blur, and three ways against noise."""

from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import each_frame, fitted
from mapreduce_jobs.imaging.arrays.masking import continued, keeping_padding
from mapreduce_jobs.imaging.arrays.parameters import (
    Between,
    Border,
    NotNegative,
    Odd,
    Positive,
    Size,
)
from mapreduce_jobs.imaging.errors import MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.measures.levels import finite
from mapreduce_jobs.imaging.operations.filters import gaussian

__all__ = ["denoise", "sharpen"]

Sigma = Annotated[float, Between(above=0, most=500)]
Floats = npt.NDArray[np.floating]

_WAVELET = "db2"  # orthogonal, so that noise stays white; smoother than Haar's
_SHORTEST = 6  # rows or columns that the wavelet divides once: its 4 taps less 1, doubled
_NORMAL_QUARTILE = 0.6744897501960817  # of |x| for x normally distributed, the median
_FILTER_BY_NOISE = 0.8  # h / σ of non-local means that know σ


@keeping_padding
def sharpen(
    image: Image,
    *,
    sigma: Sigma = 1.0,
    amount: NotNegative = 1.0,
    border: Border = "reflect",
    fill: float = 0.0,
) -> Image:
    """Sharpen with an unsharp mask: x + amount · (x − gaussian(x)).

    Parameters
    ----------
    image : Image
        Any dtype; each channel of colour by itself.
    sigma : float, optional
        Standard deviation of the Gaussian in pixels, at most 500: the size of what is made
        sharper.
    amount : float, optional
        How much of what the Gaussian takes away is added; 0 changes nothing.
    border : str, optional
    fill : float, optional
        The value outside, for the border constant.

    Returns
    -------
    Image
        Clipped to the range of the bits stored, floats as they are.

    Examples
    --------
    A step from 100 to 200: what was 100 beside it becomes darker, what was 200 brighter.

    >>> step = Image(np.uint8([[[100] * 4 + [200] * 4]]), bits=8)
    >>> sharpen(step, sigma=0.5).pixels.tolist()  # 0.107 of its weight lies beyond
    [[[100, 100, 100, 89, 211, 200, 200, 200]]]
    """
    exact = replace(image, pixels=image.pixels.astype(np.float64))
    smooth = gaussian(exact, sigma=sigma, border=border, fill=fill)
    with np.errstate(over="ignore", invalid="ignore"):  # inf − inf is NaN
        return fitted(exact.pixels + amount * (exact.pixels - smooth.pixels), image)


@keeping_padding
def denoise(
    image: Image,
    *,
    method: Literal["nlmeans", "tv", "wavelet"] = "nlmeans",
    strength: Positive | None = None,
    patch: Odd = 5,
    search: Size = 6,
) -> Image:
    """Remove noise and keep edges; needs the extra denoise.

    nlmeans: non-local means (Buades, Coll and Morel, CVPR 2005); a pixel becomes the mean of those
    around it, each weighted by how alike the patches around both are, with h = 0.8 · strength
    and the patches' distance less what noise of that strength makes of it. tv: total variation
    (Chambolle, J. Math. Imaging Vis. 20, 2004); the image u that makes ‖x − u‖² / 2 +
    strength · TV(u) least. wavelet: soft thresholds of the coefficients of Daubechies' wavelet
    with 4 taps, strength² / σ of the signal in each subband (BayesShrink: Chang, Yu and Vetterli,
    IEEE Trans. Image Process. 9, 2000). All by scikit-image, each frame by itself. Of colour,
    nlmeans compares patches in all channels together; the others take each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype; finite numbers.
    method : {"nlmeans", "tv", "wavelet"}, optional
        How.
    strength : float, optional
        Standard deviation of the noise, in the unit of the pixels. Without it, it is estimated
        for each frame, from the median of its finest wavelet coefficients (Donoho and Johnstone,
        Biometrika 81, 1994).
    patch : int, optional
        Rows and columns of a patch; for the method nlmeans.
    search : int, optional
        How many pixels away alike patches are looked for; for the method nlmeans.

    Returns
    -------
    Image
        The strength is in the note ``denoise``; of a stack, one for each frame.

    Raises
    ------
    MissingExtra
        scikit-image or PyWavelets is not installed.
    UnsuitableImage
        A pixel is not a finite number; or there are fewer than 6 rows or columns, too few for
        wavelets, and so too few to estimate the noise.

    Examples
    --------
    Total variation moves the 5 pixels at each side of a step by strength / 5.

    >>> step = Image(np.uint8([[[0] * 5 + [100] * 5]]), bits=8)
    >>> denoise(step, method="tv", strength=10).pixels.tolist()
    [[[2, 2, 2, 2, 2, 98, 98, 98, 98, 98]]]
    """
    restoration, wavelets = _package("skimage.restoration"), _package("pywt")
    image = continued(image)
    finite(image.pixels)
    if (method == "wavelet" or strength is None) and min(image.pixels.shape[1:3]) < _SHORTEST:
        use = (
            "for method=wavelet" if method == "wavelet" else "to estimate the noise: say strength=…"
        )
        raise UnsuitableImage(f"it has fewer than {_SHORTEST} rows or columns, too few {use}")
    strengths = []

    def denoised(frame: Pixels) -> Floats:
        values = frame.astype(np.float64)
        noise = _noise(values, wavelets) if strength is None else strength
        strengths.append(noise)
        if noise <= np.finfo(np.float64).eps * np.abs(values).max():
            return values
        # In units of the noise none of the methods meets numbers that are very small or large.
        values /= noise
        channels = -1 if image.is_colour else None
        if method == "nlmeans":
            clean = restoration.denoise_nl_means(
                values,
                patch_size=patch,
                patch_distance=search,
                h=_FILTER_BY_NOISE,
                sigma=1.0,
                channel_axis=channels,
            )
        elif method == "tv":
            clean = restoration.denoise_tv_chambolle(values, weight=1.0, channel_axis=channels)
        else:
            clean = restoration.denoise_wavelet(
                values, sigma=1.0, wavelet=_WAVELET, channel_axis=channels
            )
        return clean * noise

    result = fitted(each_frame(image, denoised), image)
    note = strengths[0] if len(strengths) == 1 else strengths
    return replace(result, notes={**image.notes, "denoise": note})


def _noise(frame: Floats, wavelets: ModuleType) -> float:
    """Return the median of the finest diagonal coefficients in standard deviations of noise."""
    channels = np.atleast_3d(frame)
    estimates = []
    for channel in np.moveaxis(channels, -1, 0):
        sizes = np.abs(wavelets.dwtn(channel, _WAVELET)["dd"])
        sizes = sizes[sizes > 0]  # 0 exactly is where a region has one value, and no noise
        estimates.append(np.median(sizes) / _NORMAL_QUARTILE if sizes.size else 0.0)
    return float(np.mean(estimates))


def _package(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError:
        package = {"skimage.restoration": "scikit-image", "pywt": "PyWavelets"}[module]
        raise MissingExtra("denoise", package, "denoise") from None
