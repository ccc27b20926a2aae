"""What the samples of a TIFF mean: grey levels and colours, or none that can be read here."""

import numpy as np

from mapreduce_jobs.imaging.errors import CorruptImage, Unsupported
from mapreduce_jobs.imaging.formats.tiff_pages import Page
from mapreduce_jobs.imaging.formats.tiff_parts import JPEG, dtype_of
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["as_pixels", "bits_of", "check"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_SAMPLES = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_OTHERS = {
    4: "a mask",
    8: "colours of CIELAB",
    9: "colours of ICCLAB",
    10: "colours of ITULAB",
    32803: "what a camera's colour filters let through",
    32844: "logarithmic luminances",
    32845: "logarithmic luminances and colours",
    34892: "linear samples of a camera",
}
_PREMULTIPLIED, _ALPHA = 1, 2  # of ExtraSamples
_COLOUR_MAP, _INK_SET = 320, 332
_MAX_COLOUR = 65535  # of a colour map, whatever the type of its numbers
_COEFFICIENTS, _SUBSAMPLING, _REFERENCE = 529, 530, 532
_BT_601 = (0.299, 0.587, 0.114)
_WHOLE_RANGE = (0, 255, 128, 255, 128, 255)


def check(page: Page) -> None:
    """Raise `Unsupported` if the samples of a page are none that `as_pixels` knows the meaning of.

    Other samples than those of grey or colour are left out where they are alpha, and are a reason
    to refuse the image where they may be channels of their own.
    """
    dtype = dtype_of(page)
    meaning, samples, bits = page.photometric, page.samples, page.bits
    if meaning not in _SAMPLES:
        raise Unsupported(
            f"its pixels are {_OTHERS.get(meaning, f'of the unknown kind {meaning}')}"
        )
    others = samples - _SAMPLES[meaning]
    # Writers before TIFF 6.0 had no word for the alpha beside colour.
    has_alpha = others == 1 and (
        page.extra[:1] in ((_PREMULTIPLIED,), (_ALPHA,)) or meaning == _RGB
    )
    if others < 0:
        raise Unsupported(f"{samples} samples a pixel, fewer than its kind of colour has")
    if others and not has_alpha:
        raise Unsupported(
            f"{samples} samples a pixel, of which the last {others} are channels of their own,"
            " neither colour nor alpha"
        )
    if meaning in (_WHITE_IS_ZERO, _CMYK, _PALETTE) and dtype.kind != "u":
        kind = {_WHITE_IS_ZERO: "grey whose 0 is white", _CMYK: "CMYK"}.get(meaning, "a palette")
        raise Unsupported(f"{kind}, of samples that are no unsigned whole numbers")
    if meaning == _CMYK and (bits not in (8, 16) or page.tags.get(_INK_SET, 1) != 1):
        raise Unsupported(f"{samples} inks of {bits} bits, which are not CMYK of 8 or 16 bits")
    if meaning == _PALETTE and bits > 16:
        raise Unsupported(f"a palette of {bits} bits")
    if meaning == _YCBCR and page.compression != JPEG:
        coefficients = tuple(round(float(c), 4) for c in page.tags.get(_COEFFICIENTS, _BT_601))
        reference = tuple(map(float, page.tags.get(_REFERENCE, _WHOLE_RANGE)))
        if (
            (bits, dtype.kind, page.tags.get(_SUBSAMPLING, (2, 2))) != (8, "u", (1, 1))
            or coefficients != _BT_601
            or reference != _WHOLE_RANGE
        ):
            raise Unsupported("YCbCr that is subsampled, or other than that of JPEG")


def as_pixels(page: Page, samples: Pixels) -> Pixels:
    """Return grey, rows × columns, or colour, rows × columns × 3.

    Parameters
    ----------
    page : Page
        One that `check` has passed.
    samples : ndarray
        Its samples, rows × columns × samples.

    Returns
    -------
    ndarray
        In the dtype of the samples, but for palettes, which have their own. Grey and colour of 1, 2
        and 4 bits get 8. Where 0 is white, levels are inverted.
    """
    dtype, meaning = dtype_of(page), page.photometric
    if meaning == _PALETTE:
        return _colours(page, samples[..., 0])
    greatest = (1 << page.bits) - 1 if dtype.kind in "iu" else 1
    colours = _SAMPLES[meaning]
    if samples.shape[2] > colours and page.extra[:1] == (_PREMULTIPLIED,):
        samples = _divided(samples, greatest)
    values = samples[..., :colours]
    if meaning == _CMYK:
        inks = greatest - values.astype(np.uint32)  # what is left of the light
        values = (inks[..., :3] * inks[..., 3:] + greatest // 2) // greatest
    elif meaning == _YCBCR and page.compression != JPEG:
        values = _rgb(values)
    elif meaning == _WHITE_IS_ZERO:
        values = greatest - values
    if dtype.kind == "u" and page.bits in (1, 2, 4):
        values = values * (255 // greatest)
    values = np.ascontiguousarray(values, dtype)
    return values[..., 0] if values.shape[2] == 1 else values


def bits_of(page: Page, pixels: Pixels) -> int:
    """Return the bits stored of the pixels that `as_pixels` has returned."""
    is_widened = pixels.dtype.kind == "f" or page.bits in (1, 2, 4) or page.photometric == _PALETTE
    return pixels.dtype.itemsize * 8 if is_widened else page.bits


def _colours(page: Page, indices: Pixels) -> Pixels:
    """Return the colours that a colour map has for indices: of 8 bits if these say it all."""
    values = page.tags.get(_COLOUR_MAP, ())
    if len(values) != 3 << page.bits:
        raise CorruptImage(f"its colour map has {len(values)} values for {page.bits} bits")
    if not 0 <= min(values) <= max(values) <= _MAX_COLOUR:
        raise CorruptImage(f"its colour map has values that are not from 0 to {_MAX_COLOUR}")
    colour_map = np.array(values, np.uint16)
    high, low = colour_map >> 8, colour_map & 255
    if not high.any():
        colour_map = low.astype(np.uint8)  # of 8 bits in spite of TIFF 6.0; libtiff asks this too
    elif not low.any() or np.array_equal(low, high):
        colour_map = high.astype(np.uint8)
    return np.ascontiguousarray(colour_map.reshape(3, -1).T[indices])


def _divided(samples: Pixels, greatest: int) -> Pixels:
    """Return samples without the alpha that they have been multiplied by."""
    colour, alpha = samples[..., :-1], samples[..., -1:]
    whole = np.where(alpha == 0, greatest, alpha)
    if samples.dtype.kind == "f":
        return colour / whole
    quotient = colour.astype(np.float64) * greatest // whole
    return np.minimum(quotient, greatest).astype(samples.dtype)


def _rgb(values: Pixels) -> Pixels:
    """Return red, green and blue of YCbCr (TIFF 6.0, section 21)."""
    luma, blue, red = np.moveaxis(values.astype(np.float64) - (0, 128, 128), -1, 0)
    from_red, from_green, from_blue = _BT_601
    r = luma + red * (2 - 2 * from_red)
    b = luma + blue * (2 - 2 * from_blue)
    g = (luma - from_red * r - from_blue * b) / from_green
    return np.clip(np.rint(np.stack([r, g, b], axis=-1)), 0, 255)
