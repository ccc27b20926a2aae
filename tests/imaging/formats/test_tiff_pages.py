"""Which pages of a TIFF are its image, and where their pixels are."""

import io

import numpy as np
import pytest
import tifffile

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from tests.imaging.formats.test_tiff import written
from tests.imaging.formats.tiffs import page, tiff
from tests.imaging.support import noise


class TestStacksOfOneDirectory:
    STACK = noise("u2", (4, 9, 11))

    def stack(self, description, **tags):
        """Return a file with one page directory, behind whose pixels those of others follow."""
        rest = self.STACK[1:].astype(">u2").tobytes()
        first = self.STACK[0].astype(">u2").tobytes()
        parts = first[: 5 * 22], first[5 * 22 :]
        tags = {"bits": 16, "strip_rows": 5, "description": description, **tags}
        return tiff(page(11, 9, *parts, **tags), order=">", behind=rest)

    @pytest.mark.parametrize(
        "description",
        [
            "ImageJ=1.54f\nimages=4\nslices=4\n",
            "ImageJ=1.54f\nimages=4\nchannels=2\nframes=2\nhyperstack=true\n",
            '{"shape": [4, 9, 11]}',
            '{"shape": [2, 2, 9, 11], "truncated": true}',
            "shape=(4, 9, 11)",
        ],
    )
    def test_all_images_are_read(self, description):
        data = self.stack(description)
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)
        np.testing.assert_array_equal(
            tifffile.imread(io.BytesIO(data)).reshape(self.STACK.shape), self.STACK
        )

    def test_of_tifffile(self):
        data = written(self.STACK, truncate=True, photometric="minisblack")
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)
        with pytest.raises(Truncated, match="before the pixels of its 4 images do"):
            decode(data[:-1])

    def test_of_metamorph(self):
        data = self.stack("", planes=(0,) * 4)
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)

    def test_pages_and_compressed_pixels_are_what_they_are(self):
        """Of a description that has outlived an edit, the pages are right."""
        for options in [{"compression": "zlib"}, {}]:
            pixels = self.STACK[:1] if options else self.STACK[:2]
            description = "ImageJ=1.54f\nimages=4\n"
            options |= {"metadata": None, "description": description}
            data = written(pixels, photometric="minisblack", **options)
            np.testing.assert_array_equal(decode(data).pixels, pixels)
        # The page directory lies where the fifth image would.
        assert decode(self.stack("ImageJ=1.54f\nimages=5\n")).pixels.shape == (1, 9, 11)

    @pytest.mark.parametrize(
        "shape", ["[4, 9]", "[4, 10, 11]", "[4, 9, -11]", '"x"', "[[4]]", "null", "4"]
    )
    def test_a_shape_that_cannot_be(self, shape):
        assert decode(self.stack(f'{{"shape": {shape}}}')).pixels.shape == (1, 9, 11)

    def test_a_page_that_is_a_volume(self):
        with pytest.raises(Unsupported, match="a page of it is a volume"):
            decode(self.stack("", depth=4))

    def test_tiles(self):
        data = tiff(page(16, 16, bytes(256), tile_rows=16, tile_columns=16,
                         description="ImageJ=1.54f\nimages=2\n"), behind=bytes(256))  # fmt: skip
        with pytest.raises(Unsupported, match="one page directory for 2 images"):
            decode(data)


class TestPagesBesideTheImage:
    IMAGE = page(2, 1, b"\x07\x09")

    @pytest.mark.parametrize("kind", [1, 4, 5, 9])
    @pytest.mark.parametrize("is_first", [False, True])
    def test_reduced_images_and_masks(self, kind, is_first):
        aside = page(1, 1, b"\x01", subfile=kind)
        pages = [aside, self.IMAGE] if is_first else [self.IMAGE, aside, aside]
        assert decode(tiff(*pages)).pixels.tolist() == [[[7, 9]]]

    def test_reduced_images_of_old_writers(self):
        aside = page(1, 1, b"\x01", old_subfile=2)
        assert decode(tiff(self.IMAGE, aside)).pixels.tolist() == [[[7, 9]]]

    def test_a_reduced_image_alone_is_the_image(self):
        assert decode(tiff(page(1, 1, b"\x05", subfile=1))).pixels.tolist() == [[[5]]]

    def test_pyramids_of_subdirectories(self):
        stack = noise("u2", (3, 32, 32))
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            writer.write(stack, photometric="minisblack", subifds=1)
            writer.write(stack[:, ::2, ::2], photometric="minisblack", subfiletype=1)
        np.testing.assert_array_equal(decode(file.getvalue()).pixels, stack)

    def test_a_slide_of_aperio(self):
        slide = page(2, 1, b"\x07\x09", description="Aperio Image Library v12")
        data = tiff(slide, page(1, 1, b"\x01"), page(1, 1, b"\x01", subfile=9))
        assert decode(data).pixels.tolist() == [[[7, 9]]]
        with pytest.raises(Unsupported, match="pages differ"):
            decode(tiff(self.IMAGE, page(1, 1, b"\x01")))


class TestDamage:
    def test_strips_that_are_not_there(self):
        with pytest.raises(CorruptImage, match="tells where 1 of its 2 strips or tiles are"):
            decode(tiff(page(2, 2, b"12", strip_rows=1)))
        with pytest.raises(Unsupported, match="some of its strips or tiles are not in the file"):
            decode(tiff(page(2, 2, b"12", b"", strip_rows=1)))

    @pytest.mark.parametrize("compression", [1, 5, 8, 32773, 34925, 50000])
    def test_a_strip_that_is_too_short(self, compression):
        with pytest.raises(CorruptImage, match=r"ends before its rows do|cannot be decompressed"):
            decode(tiff(page(64, 64, b"12", compression=compression)))

    def test_strips_that_overlap_do_not_fill_the_memory(self):
        """A megabyte of LZW that 10,000 strips are, each, would be 10 GB."""
        places = {"offsets": (8,) * 10_000, "counts": (1 << 20,) * 10_000}
        data = tiff(page(4, 10_000, bytes(1 << 20), compression=5, strip_rows=1, **places))
        with pytest.raises(CorruptImage, match="the same bytes again and again"):
            decode(data)

    @pytest.mark.parametrize("size", [(0, 1), (1, 0)])
    def test_no_pixels(self, size):
        with pytest.raises(CorruptImage, match="a page of it has"):
            decode(tiff(page(*size, b"1")))
