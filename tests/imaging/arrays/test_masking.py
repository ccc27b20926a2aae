"""Padding through operations: it changes no measured value, and stays known as what it is."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.imaging.arrays.masking import continued, measured
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import described
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS
from mapreduce_jobs.imaging.registration.fusion import fuse
from mapreduce_jobs.imaging.registration.register import register

ROWS, COLUMNS = 40, 36

# Each operation, with what of it may differ; `None` are those to which padding is no more.
KEEPING = [
    "convolve kernel=emboss",
    "convolve kernel=1,2,1;2,0,2;1,2,1",
    "mean size=5",
    "mean size=3 border=constant fill=9",
    "gaussian sigma=1.5",
    "median size=3",
    "median size=7",
    "bilateral sigma_colour=30 sigma_space=2",
    "lowpass cutoff=0.2",
    "frequency_convolve kernel=gaussian",
    "erode size=3",
    "dilate size=5 shape=ellipse iterations=3",
    "opening size=3",
    "closing size=3 shape=cross",
    "sharpen sigma=1",
    "denoise method=tv",
    "denoise method=nlmeans",
    "denoise method=wavelet",
]
EMPTYING = [
    "laplacian",
    "sobel axis=x",
    "gradient",
    "gradient result=scale",
    "canny low=40 high=90",
    "highpass cutoff=0.1",
    "bandpass low=0.1 high=0.3",
    "tophat",
    "blackhat",
    "morphological_gradient",
    "adjust gamma=2",
    "normalise",
    "normalise method=percentile",
    "normalise method=zscore",
    "window centre=100 width=90",
    "invert",
    "equalise",
    "clahe",
    "classify means=30;120",
    "kmeans k=3",
    "kmeans k=3 show=labels",
]
ZEROING = ["threshold method=otsu", "threshold value=100", "components"]
MOVING = [
    "scale factor=0.5",
    "scale factor=1.7 interpolation=lanczos",
    "scale rows=11 columns=50 interpolation=area",
    "rotate angle=30 expand=true interpolation=cubic border=edge",
    "rotate angle=90 expand=true",
    "translate x=2.5 y=-3 border=wrap",
    "translate x=10 border=edge",
    "flip axis=both",
    "crop left=3 top=10 width=20 height=20",
    "pad left=4 bottom=5 border=reflect",
]


def scan(frames=2, dtype=np.uint8):
    """Return a round scan with padding outside; of two frames, the second has a hole as well."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    outside = np.hypot(y - 20, x - 18) > 15
    padding = np.stack([outside] * frames)
    padding[-1, 18:23, 10:13] = True
    rng = np.random.default_rng(3)
    waves = 110 + 60 * np.sin(y / 4) + 40 * np.cos(x / 3)
    pixels = np.stack([waves + rng.normal(0, 8, waves.shape) for _ in range(frames)])
    return Image(np.clip(pixels, 1, 254).astype(dtype), np.dtype(dtype).itemsize * 8), padding


def padded(image, padding, value):
    pixels = image.pixels.copy()
    pixels[padding] = value
    return replace(image, pixels=pixels, padding=padding)


def values(text, dtype=np.uint8):
    """Return what an operation makes of an image whose padding has two different values."""
    image, padding = scan(dtype=dtype)
    chain = Pipeline.parse(text)
    low, high = padded(image, padding, 0), padded(image, padding, 255)
    return (low, chain(low)), (high, chain(high))


def test_each_operation_is_here():
    """`spectrum` has no padding, for its pixels are frequencies."""
    here = {text.split()[0] for text in KEEPING + EMPTYING + ZEROING + MOVING}
    assert here | {"spectrum"} == set(OPERATIONS)


class TestWhatThePaddingIsChangesNoMeasuredPixel:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
    @pytest.mark.parametrize("text", KEEPING)
    def test_where_values_stay_what_they_are_it_keeps_its_own(self, text, dtype):
        for image, result in (pair := values(text, dtype)):
            np.testing.assert_array_equal(result.padding, image.padding)
            np.testing.assert_array_equal(
                result.pixels[result.padding], image.pixels[image.padding]
            )
        (_, low), (_, high) = pair
        np.testing.assert_array_equal(low.pixels[~low.padding], high.pixels[~high.padding])
        assert (low.notes, low.unit) == (high.notes, high.unit)

    @pytest.mark.parametrize("text", EMPTYING)
    def test_where_they_mean_something_new_it_has_the_least(self, text):
        (_, low), (_, high) = values(text)
        np.testing.assert_array_equal(low.pixels, high.pixels)
        np.testing.assert_array_equal(low.padding, scan()[1])
        assert (low.pixels[low.padding] == low.pixels[~low.padding].min()).all()
        assert low.notes == high.notes

    @pytest.mark.parametrize("text", ZEROING)
    def test_in_a_mask_it_is_0(self, text):
        (_, low), (_, high) = values(text)
        np.testing.assert_array_equal(low.pixels, high.pixels)
        np.testing.assert_array_equal(low.padding, scan()[1])
        assert not low.pixels[low.padding].any()
        assert low.pixels[~low.padding].any()
        assert low.notes == high.notes

    @pytest.mark.parametrize("text", MOVING)
    def test_geometry_moves_it(self, text):
        (_, low), (_, high) = values(text)
        np.testing.assert_array_equal(low.padding, high.padding)
        mask = low.padding
        np.testing.assert_array_equal(low.pixels[~mask], high.pixels[~mask])
        assert set(low.pixels[mask]) == {0}
        assert set(high.pixels[mask]) == {255}

    def test_of_a_spectrum(self):
        (_, low), (_, high) = values("spectrum")
        np.testing.assert_array_equal(low.pixels, high.pixels)
        assert low.padding is None


class TestGeometry:
    @pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
    def test_a_pixel_is_padding_if_the_nearest_one_is(self, interpolation):
        """The centre of the result's pixel x lies at (x + 0.5) · 4 / 3 − 0.5: 0.17, 1.5, 2.83."""
        row = Image(np.int16([[[-9, -9, 5, 8]]]), 16, padding=np.array([[[1, 1, 0, 0]]], bool))
        result = Pipeline.parse(f"scale columns=3 rows=1 interpolation={interpolation}")(row)
        assert result.padding.tolist() == [[[True, False, False]]]
        assert result.pixels[0, 0, 0] == -9
        assert result.pixels.min(where=~result.padding, initial=99) >= 5

    def test_a_half_turn_and_a_crop_move_it_as_they_move_pixels(self):
        image, padding = scan()
        turned = Pipeline.parse("rotate angle=180")(padded(image, padding, 0))
        np.testing.assert_array_equal(turned.padding, padding[:, ::-1, ::-1])
        np.testing.assert_array_equal(turned.pixels, (image.pixels * ~padding)[:, ::-1, ::-1])
        inside = Pipeline.parse("crop left=14 top=8 width=4 height=4")(padded(image, padding, 0))
        assert inside.padding is None

    def test_what_comes_from_outside_is_no_padding(self):
        image = Image(np.uint8([[[0, 7]]]), 8, padding=np.array([[[True, False]]]))
        result = Pipeline.parse("pad right=1 left=1 fill=3")(image)
        assert result.padding.tolist() == [[[False, True, False, False]]]
        assert result.pixels.tolist() == [[[3, 0, 7, 3]]]


class TestValuesOfWhatIsMeasured:
    def result(self, text):
        image, padding = scan(dtype=np.float64)
        return image.pixels, padding, Pipeline.parse(text)(padded(image, padding, -2000)).pixels

    def check(self, result, expected, padding):
        assert np.isfinite(expected[~padding]).all()
        np.testing.assert_allclose(result[~padding], expected[~padding], rtol=1e-9)

    def test_constant_tissue_stays_constant(self):
        _, padding = scan()
        tissue = Image(np.where(padding, -2000, 40).astype(np.int16), 16, padding=padding)
        for text in [*KEEPING[4:], *MOVING]:
            result = Pipeline.parse(text)(tissue)
            known = result.pixels if result.padding is None else result.pixels[~result.padding]
            assert set(known.ravel()) == {40}, text

    @pytest.mark.parametrize(
        ("text", "kernel"),
        [
            ("mean size=5", np.ones((5, 5))),
            (
                "gaussian sigma=1.5 truncate=2",
                np.exp(-(np.hypot(*np.mgrid[-3:4, -3:4]) ** 2) / (2 * 1.5**2)),
            ),
        ],
    )
    def test_linear_filters_by_normalised_convolution(self, text, kernel):
        pixels, padding, result = self.result(text)
        expected = np.empty_like(pixels)
        for frame, mask, out in zip(pixels, padding, expected, strict=True):
            sums = scipy.ndimage.convolve(np.where(mask, 0, frame), kernel, mode="mirror")
            out[...] = sums / np.maximum(
                scipy.ndimage.convolve(~mask * 1.0, kernel, mode="mirror"), 1e-9
            )
        self.check(result, expected, padding)

    @pytest.mark.parametrize("size", [3, 7])
    def test_the_median_is_of_what_is_measured(self, size):
        pixels, padding, result = self.result(f"median size={size}")
        holes = np.where(padding, np.nan, pixels)
        expected = np.stack(
            [
                scipy.ndimage.generic_filter(
                    frame,
                    lambda v: np.nan if np.isnan(v).all() else np.nanmedian(v),
                    size,
                    mode="mirror",
                )
                for frame in holes
            ]
        )
        self.check(result, expected, padding)

    @pytest.mark.parametrize(
        ("text", "extreme", "never"),
        [
            ("erode size=5", scipy.ndimage.grey_erosion, np.inf),
            ("dilate size=5", scipy.ndimage.grey_dilation, -np.inf),
        ],
    )
    def test_extremes_are_of_what_is_measured(self, text, extreme, never):
        pixels, padding, result = self.result(text)
        expected = np.stack(
            [
                extreme(np.where(mask, never, frame), 5, mode="constant", cval=never)
                for frame, mask in zip(pixels, padding, strict=True)
            ]
        )
        self.check(result, expected, padding)

    def test_the_bilateral_filter_gives_padding_no_weight(self):
        pixels, padding, result = self.result("bilateral sigma_colour=30 sigma_space=1")
        y, x = np.mgrid[-2:3, -2:3]
        near = np.where(np.hypot(y, x) <= 2, np.exp(-(y**2 + x**2) / 2), 0)
        holes = np.pad(np.where(padding, np.nan, pixels)[0], 2, "reflect")
        expected = np.zeros(pixels[:1].shape)
        for row, column in np.argwhere(~padding[0]):
            around = holes[row : row + 5, column : column + 5]
            weights = near * np.exp(-((around - around[2, 2]) ** 2) / (2 * 30**2))
            expected[0, row, column] = np.nansum(weights * around) / np.nansum(weights)
        self.check(result[:1], expected, padding[:1])

    def test_thresholds_and_classes_are_of_what_is_measured(self):
        image, padding = scan(frames=1)
        row = Image(image.pixels[~padding][None, None], 8)
        for text in ("threshold method=otsu", "kmeans k=4", "classify means=50;100"):
            name = text.split()[0]
            whole, alone = (Pipeline.parse(text)(one) for one in (padded(image, padding, 0), row))
            assert whole.notes[name] == alone.notes[name]
            np.testing.assert_array_equal(whole.pixels[~padding], alone.pixels[0, 0])

    @pytest.mark.parametrize(
        "text", ["normalise", "normalise method=percentile", "normalise method=zscore", "equalise"]
    )
    def test_ranges_are_of_what_is_measured(self, text):
        image, padding = scan(frames=1)
        row = Image(image.pixels[~padding][None, None], 8)
        whole, alone = (Pipeline.parse(text)(one) for one in (padded(image, padding, 0), row))
        np.testing.assert_allclose(whole.pixels[~padding], alone.pixels[0, 0], rtol=1e-6)

    def test_no_edge_lies_between_tissue_and_padding(self):
        _, padding = scan()
        tissue = Image(np.where(padding, 0, 200).astype(np.uint8), 8, padding=padding)
        for text in EMPTYING[:7]:
            result = Pipeline.parse(text)(tissue)
            assert not result.pixels.any(), text

    @pytest.mark.parametrize("shape", [(1, 30, 20), (1, 1, 40), (1, 30, 20, 3)])
    def test_continued_is_the_nearest(self, shape):
        """OpenCV's distances are exact to some 2 %."""
        rng = np.random.default_rng(5)
        padding = rng.random(shape[:3]) < 0.9
        padding.flat[0] = False
        places = np.arange(padding.size).reshape(shape[:3])
        pixels = places if len(shape) == 3 else np.stack([places] * 3, axis=-1)
        found = continued(Image(pixels.astype(np.float64), 64, padding=padding)).pixels
        found = found if len(shape) == 3 else found[..., 0]
        assert not padding.ravel()[found.ravel().astype(int)].any()
        from_there = np.array(np.unravel_index(found.astype(int), shape[:3]))[1:]
        distance = np.hypot(*(from_there - np.indices(shape[:3])[1:]))
        least = scipy.ndimage.distance_transform_edt(padding[0])
        assert (distance <= least * 1.05 + 1e-9).all()


class TestAllIsPadding:
    image = Image(np.full((1, 8, 8), 7, np.uint8), 8, padding=np.ones((1, 8, 8), bool))

    @pytest.mark.parametrize("text", KEEPING + MOVING)
    def test_what_needs_no_value_is_done(self, text):
        result = Pipeline.parse("pad right=60 bottom=60 border=wrap | " + text)(self.image)
        assert result.padding.all()
        assert set(result.pixels.ravel()) == {7}

    @pytest.mark.parametrize("text", ["threshold method=otsu", "normalise", "kmeans k=1"])
    def test_what_needs_one_says_so(self, text):
        with pytest.raises(UnsuitableImage, match="every pixel is padding"):
            Pipeline.parse(text)(self.image)


def test_measured_is_a_row_of_colours_too():
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    image = Image(pixels, 8, padding=np.array([[[True, False], [False, True]]]))
    assert measured(image).pixels.tolist() == [[[[3, 4, 5], [6, 7, 8]]]]
    assert measured(replace(image, padding=None)).pixels is pixels


class TestFusion:
    """Of a pixel that one image has as padding the others count alone."""

    one = Image(np.int16([[[-99, -99, 10]]]), 16, padding=np.array([[[True, True, False]]]))
    two = Image(np.int16([[[-99, 20, 30]]]), 16, padding=np.array([[[True, False, False]]]))
    three = Image(np.int16([[[-99, 5, -99]]]), 16, padding=np.array([[[True, False, True]]]))

    @pytest.mark.parametrize(
        ("method", "expected"), [("mean", [-99, 12, 20]), ("maximum", [-99, 20, 30])]
    )
    def test_by_hand(self, method, expected):
        """(20 + 5) / 2 = 12.5 goes to the even 12, (10 + 30) / 2 is 20."""
        fused = fuse([self.one, self.two, self.three], method)
        assert fused.pixels.tolist() == [[expected]]
        assert fused.padding.tolist() == [[[True, False, False]]]

    def test_a_pyramid_of_one_image_and_of_padding_is_the_image(self):
        image, padding = scan(frames=1)
        nothing = Image(np.zeros_like(image.pixels), 8, padding=np.ones_like(padding))
        fused = fuse([nothing, image], "pyramid")
        np.testing.assert_allclose(fused.pixels, image.pixels, atol=1)
        assert not fused.padding.any()


def test_registration_does_not_follow_the_padding():
    """The edge of the scan stays where it is; what it shows moves by 4 rows."""
    rng = np.random.default_rng(2)
    scene = scipy.ndimage.gaussian_filter(rng.normal(0, 1, (1, 120, 120)), (0, 1.5, 1.5)) * 1000
    outside = np.hypot(*(np.mgrid[:96, :96] - 47.5)) > 44
    fixed, moving = (
        Image(
            np.where(outside, -30000, scene[:, top : top + 96, 10:106]).astype(np.int16),
            16,
            padding=outside[None],
        )
        for top in (12, 8)
    )
    image, found = register(fixed, moving, "translation")
    assert found["shift"]["rows"] == pytest.approx(4, abs=0.1)
    assert found["shift"]["columns"] == pytest.approx(0, abs=0.1)
    assert image.pixels[~image.padding].min() > -30000
    np.testing.assert_array_equal(image.padding[0, :90], np.roll(outside, -4, axis=0)[:90])


class TestInFiles:
    @pytest.mark.parametrize("format", ["tiff", "png", "jp2", "jpeg", "webp"])
    def test_it_goes_through_every_format(self, format):
        image, padding = scan(frames=2 if format == "tiff" else 1)
        read = decode(encode(replace(padded(image, padding, 0), unit="HU"), format))
        np.testing.assert_array_equal(read.padding, padding)
        assert read.unit == "HU"
        assert decode(encode(image, format)).padding is None

    @given(st.integers(1, 5), st.integers(1, 20), st.integers(0, 2**100 - 1))
    def test_every_mask(self, rows, columns, bits):
        mask = np.array([bits >> i & 1 for i in range(rows * columns)], bool)
        mask = mask.reshape(1, rows, columns)
        image = Image(np.zeros(mask.shape, np.uint8), 8, padding=mask)
        np.testing.assert_array_equal(decode(encode(image, "png")).padding, mask)

    def test_colour_has_it_as_well(self):
        mask = np.array([[[True, False]]])
        image = Image(np.uint8([[[[1, 2, 3], [4, 5, 6]]]]), 8, padding=mask)
        np.testing.assert_array_equal(decode(encode(image, "tiff")).padding, mask)

    def test_an_image_that_was_changed_since_is_refused(self):
        image, padding = scan(frames=1)
        data = encode(padded(image, padding, 0), "png")
        smaller = Image(np.zeros((1, 4, 4), np.uint8), 8)
        with pytest.raises(
            CorruptImage,
            match=r"not that of 1 × 4 × 4 pixels \(frames × rows × columns\): the image has been",
        ):
            described(smaller, data, "PNG")

    @pytest.mark.parametrize("text", ["7", '"?"', '"AAAA"', "null", "[]"])
    def test_what_is_no_mask_is_refused(self, text):
        image = Image(np.zeros((1, 4, 4), np.uint8), 8, notes={"padding": 0})
        data = encode(image, "jpeg").replace(b'"padding": 0', b'"padding": ' + text.encode())
        data = data.replace(b"\0\x10{", b"\0" + bytes([len(text) + 15]) + b"{")
        with pytest.raises(CorruptImage, match="the padding in its description cannot be read"):
            decode(data)
