"""TIFF of other writers, compared with what tifffile was given."""

import io

import numpy as np
import pytest
import tifffile

from mapreduce_jobs.imaging.decode import decode


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4"])
def test_grey_of_either_order_of_bytes(dtype, compression, order):
    rng = np.random.default_rng(1)
    kind = np.dtype(dtype)
    limits = (-1e3, 1e3) if kind.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    pixels = rng.uniform(*limits, (40, 30)).astype(kind)
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, byteorder=order, compression=compression)
    image = decode(file.getvalue())
    assert image.pixels.dtype == kind
    assert image.pixels.dtype.isnative
    np.testing.assert_array_equal(image.pixels[0], pixels)
