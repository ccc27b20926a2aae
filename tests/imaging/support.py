"""Images for tests of operations, and how their results are compared."""

import itertools

import numpy as np

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.image import Image

DTYPES = ["u1", "u2", "i2", "u4", "i4", "i1", "f4", "f8"]
# Grey and colour, odd and even, one pixel, one row, one column, two frames.
SHAPES = [(1, 31, 46), (1, 1, 1), (1, 1, 9), (1, 9, 1), (2, 12, 7), (1, 31, 46, 3), (2, 8, 9, 3)]
# What scipy.ndimage calls the borders.
MODES = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "wrap",
    "constant": "constant",
}


def noise(dtype, shape, seed=7):
    """Return values over the whole range of integers; normal ones of floats."""
    rng = np.random.default_rng(seed)
    if dtype.startswith("f"):
        return rng.normal(0, 300, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def image_of(pixels, bits=None, **more):
    return Image(pixels, bits or pixels.dtype.itemsize * 8, **more)


def each_channel(pixels, function):
    """Apply a function of two-dimensional float64 arrays to every frame and channel."""
    wide = pixels.astype(np.float64)
    if wide.ndim == 3:
        return np.stack([function(frame) for frame in wide])
    return np.stack([each_channel(frame.transpose(2, 0, 1), function) for frame in wide]).transpose(
        0, 2, 3, 1
    )


def assert_same(image, expected):
    """Integers are the expected values clipped and rounded; halfway, to either side."""
    if image.pixels.dtype.kind == "f":
        scale = np.abs(expected).max(initial=1)
        np.testing.assert_allclose(image.pixels, expected, rtol=1e-6, atol=1e-7 * scale)
        return
    clipped = np.clip(expected, *full_range(image))
    assert np.abs(clipped - image.pixels.astype(np.float64)).max() <= 0.5 + 1e-5


def pairs(first, second, *others):
    """Return combinations in which each value meets each value of every other axis.

    There are as many as of the first two axes, which are the longest.
    """
    axes = [list(axis) for axis in (first, second, *others)]
    chosen = [
        (
            one,
            two,
            *(
                axis[(i + sign * j) % len(axis)]
                for axis, sign in zip(axes[2:], (1, -1), strict=False)
            ),
        )
        for i, one in enumerate(axes[0])
        for j, two in enumerate(axes[1])
    ]
    for a, b in itertools.combinations(range(len(axes)), 2):
        assert len({(repr(row[a]), repr(row[b])) for row in chosen}) == len(axes[a]) * len(axes[b])
    return chosen
