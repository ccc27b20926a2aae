"""Metadata are taken out of image files, and nothing that shows the image is."""

import functools
import io
import re
import struct
import warnings
import zlib

import nibabel
import numpy as np
import PIL.ExifTags
import pytest
import tifffile
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import (
    ChecksumMismatch,
    CorruptImage,
    DecodeError,
    EmptyFile,
    Truncated,
    UnknownFormat,
    Unsupported,
)
from mapreduce_jobs.imaging.formats.file_formats import format_of
from mapreduce_jobs.privacy.metadata import removal
from tests.privacy import planted_files
from tests.privacy.planted_files import FILES
from tests.privacy.planted_parts import NAME, TURNED, colour, pillow


@functools.cache
def planted(kind):
    return FILES[kind][0]()


def strip(data):
    return removal.strip(data, format_of(data))


def inflated(data):
    """Return what a file holds, and what is compressed in it by gzip."""
    return data + zlib.decompress(data, 31) if data.startswith(b"\x1f\x8b") else data


@pytest.mark.parametrize("kind", FILES)
class TestEveryFormat:
    def test_nothing_planted_is_left(self, kind):
        data, _ = strip(planted(kind))
        for encoding in ("ascii", "utf-16-le", "utf-16-be"):
            assert NAME.encode(encoding) not in inflated(data)

    def test_the_image_is_the_same(self, kind):
        before, after = decode(planted(kind)), decode(strip(planted(kind))[0])
        np.testing.assert_array_equal(after.pixels, before.pixels)
        assert after.pixels.dtype == before.pixels.dtype
        assert (after.bits, after.spacing) == (before.bits, before.spacing)

    def test_what_is_removed_is_told(self, kind):
        _, removed = strip(planted(kind))
        assert sorted(removed) == sorted(FILES[kind][1])
        assert removal.metadata(planted(kind), format_of(planted(kind))) == removed

    def test_twice_is_once(self, kind):
        data, _ = strip(planted(kind))
        assert strip(data) == (data, [])

    def test_no_half_of_a_file_passes(self, kind):
        """Cut anywhere, a file is refused, or all of its image was before the cut."""
        data = planted(kind)
        whole, _ = strip(data)
        if kind == "NIfTI, gzipped":
            whole = data
        for length in range(0, len(data), max(len(data) // 60, 1)):
            try:
                strip(data[:length])
            except DecodeError:
                continue
            assert length >= len(whole) - 200


def opened(kind):
    return PillowImage.open(io.BytesIO(strip(planted(kind))[0]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "JPEG, progressive", "WebP", "WebP, lossless"])
def test_pillow_finds_the_orientation_and_nothing_else(kind):
    with opened(kind) as picture:
        assert dict(picture.getexif()) == {PIL.ExifTags.Base.Orientation: TURNED}
        assert not picture.getexif().get_ifd(PIL.ExifTags.IFD.GPSInfo)
        known = {"dpi", "jfif", "jfif_version", "jfif_unit", "jfif_density", "gamma", "srgb"}
        known |= {"exif", "progressive", "progression", "loop", "background", "timestamp"}
        assert set(picture.info) - known - {"duration"} == set()


@pytest.mark.parametrize("kind", [kind for kind in FILES if "TIFF" in kind])
def test_tifffile_finds_no_text(kind):
    with tifffile.TiffFile(io.BytesIO(strip(planted(kind))[0])) as file:
        pages = [page for top in file.pages for page in (top, *(top.pages or ()))]
        for page in pages:
            assert not [tag for tag in page.tags if tag.dtype == tifffile.DATATYPE.ASCII]


def chunks(data):
    """Return the chunks of a PNG."""
    found, position = [], 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found.append((kind, data[position + 8 : position + 8 + length]))
        position += 12 + length
        if kind == b"IEND":
            break
    return found


@pytest.mark.parametrize("kind", ["PNG", "PNG, animated"])
def test_compressed_pixels_of_png_stay(kind):
    pixels = (b"IDAT", b"fdAT", b"fcTL", b"acTL")
    before, after = (
        [one for one in chunks(data) if one[0] in pixels]
        for data in (planted(kind), strip(planted(kind))[0])
    )
    assert after == before
    assert before


@pytest.mark.parametrize("kind", ["JPEG", "JPEG, progressive", "JPEG, grey with restarts"])
def test_compressed_pixels_of_jpeg_stay(kind):
    """From the first scan to the end, all bytes are the same."""
    before, after = planted(kind), strip(planted(kind))[0]
    scans = after[after.index(b"\xff\xda") :]
    assert scans in before
    assert len(scans) > 500


@pytest.mark.parametrize("kind", ["TIFF", "TIFF, big-endian", "TIFF, tiled", "BigTIFF"])
def test_strips_and_tiles_stay(kind):
    def parts(data):
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            return [
                data[start : start + length]
                for page in file.pages
                for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)
            ]

    before = planted(kind)
    after, _ = strip(before)
    assert parts(after) == parts(before)
    assert after[:4] == before[:4]


def test_reduced_pictures_stay():
    data, _ = strip(planted("TIFF with reduced pictures"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        (page,) = file.pages
        sizes = [inner.shape for inner in page.pages]
        np.testing.assert_array_equal(page.pages[1].asarray(), page.asarray()[::4, ::4])
    assert sizes == [(24, 32), (12, 16)]


def test_an_animation_stays_one():
    with opened("GIF") as picture:
        assert (picture.n_frames, picture.info["loop"]) == (3, 3)
    with opened("PNG, animated") as picture:
        assert (picture.n_frames, picture.info["duration"]) == (3, 50)
    with opened("WebP, animated") as picture:
        assert picture.n_frames == 3


def test_a_comment_in_a_tile_of_jpeg_2000_becomes_zeros():
    data, _ = strip(planted("JPEG 2000, bare"))
    assert b"\xff\x64\0\x0a" + bytes(8) in data


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind.startswith("NIfTI")])
def test_nibabel_reads_the_same_volume(kind):
    read = nibabel.Nifti2Image if "2" in kind else nibabel.Nifti1Image
    before, after = (
        read.from_bytes(inflated(data)[len(data) if data.startswith(b"\x1f\x8b") else 0 :])
        for data in (planted(kind), strip(planted(kind))[0])
    )
    np.testing.assert_array_equal(after.get_fdata(), before.get_fdata())
    np.testing.assert_array_equal(after.affine, before.affine)
    assert not after.header.extensions


class TestDamage:
    @pytest.mark.parametrize(
        ("data", "error", "said"),
        [
            (b"", EmptyFile, "empty"),
            (b"no image", UnknownFormat, "not an image"),
            (planted_files.png()[:-80], Truncated, "PNG: the file ends"),
            (planted_files.png().replace(b"prVt", b"prVu"), ChecksumMismatch, "PNG: the CRC"),
            (planted_files.gif()[:900], Truncated, "GIF: the file ends"),
            (planted_files.gif()[:-7] + b"\x77", CorruptImage, "GIF: it has a block"),
            (planted_files.bmp()[:200], Truncated, "BMP: the file ends"),
            (b"BM" + bytes(12) + b"\x28" + bytes(60), CorruptImage, "BMP: its header"),
            (planted_files.tiff()[:1000], Truncated, "TIFF: the file ends"),
            (b"II*\0\x08\0\0\0" + bytes(6), CorruptImage, "TIFF: a page of it has no pixels"),
            (b"II*\0\0\0\0\0", CorruptImage, "TIFF: it has no page"),
            (b"II+\0\x04\0\0\0" + bytes(8), CorruptImage, "TIFF: its header"),
            (planted_files.webp()[:500], Truncated, "WebP: the file is shorter"),
            (planted_files.jp2()[:300], Truncated, "JPEG 2000: the file ends"),
            (planted_files.nifti()[:400], Truncated, "NIfTI: the file ends"),
        ],
    )
    def test_is_named(self, data, error, said):
        with pytest.raises(error, match=re.escape(said)):
            strip(data)

    def test_a_stack_that_only_its_description_knows_of(self):
        file = io.BytesIO()
        stack = np.zeros((3, 8, 8), np.uint8)
        tifffile.imwrite(file, stack, truncate=True, photometric="minisblack")
        with pytest.raises(Unsupported, match="its description says where its images are"):
            strip(file.getvalue())

    def test_a_ring_of_pages(self):
        data = bytearray(pillow(colour(), "TIFF"))
        (start,) = struct.unpack_from("<I", data, 4)
        (count,) = struct.unpack_from("<H", data, start)
        struct.pack_into("<I", data, start + 2 + 12 * count, start)
        with pytest.raises(CorruptImage, match="ring"):
            strip(bytes(data))

    def test_strips_that_overlap_do_not_fill_the_memory(self):
        """A megabyte whose 10,000 strips are all of it, each by a byte less, would be 10 GB."""
        content = bytes(1 << 20)
        count = 10_000
        entries = [(256, 4, 1, 1), (257, 4, 1, count), (273, 4, count, 8), (279, 4, count, 40_008)]
        start = 80_008 + len(content)
        data = b"II*\0" + struct.pack("<I", start)
        data += struct.pack(f"<{count}I", *[80_008] * count)
        data += struct.pack(f"<{count}I", *range(len(content) - count, len(content))) + content
        data += struct.pack("<H", len(entries))
        data += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
        with pytest.raises(CorruptImage, match="again and again"):
            strip(data)

    def test_jpeg_of_the_old_kind_in_tiff(self):
        data = pillow(colour(), "TIFF", compression="jpeg")
        data = data.replace(struct.pack("<HHII", 259, 3, 1, 7), struct.pack("<HHII", 259, 3, 1, 6))
        with pytest.raises(Unsupported, match="old kind"):
            strip(data)


@pytest.mark.parametrize("kind", FILES)
def test_mutations_give_a_file_or_a_decode_error(kind):
    """80 of each kind: bytes changed, cut out, put in, or doubled."""
    rng = np.random.default_rng(7)
    data = planted(kind)
    for _ in range(80):
        mutant = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(len(mutant)) ** rng.choice([0.5, 1]))  # headers more often
            length = int(rng.integers(1, 9))
            change = rng.integers(4)
            if change == 0:
                mutant[place] = rng.integers(256)
            elif change == 1:
                del mutant[place : place + length]
            elif change == 2:
                mutant[place:place] = rng.bytes(length)
            else:
                mutant[place : place + length] = b"\xff" * length
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result, _ = strip(bytes(mutant))
            except DecodeError:
                continue
            assert strip(result) == (result, [])
