"""NIfTI that is damaged, or that says what cannot be, gives an error with the true reason."""

import gzip
import itertools
import sys
import zlib

import numpy as np
import pytest

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import (
    ChecksumMismatch,
    CorruptImage,
    DecodeError,
    TooManyPixels,
    Truncated,
    Unsupported,
)
from tests.imaging.formats.test_nifti import nifti, voxels_of
from tests.support import ROOT, run


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"datatype": 32}, Unsupported, "voxels of complex numbers"),
        ({"datatype": 1536}, Unsupported, "voxels of 128-bit floats"),
        ({"datatype": 77}, Unsupported, "voxels of the unknown type 77"),
        ({"magic": b"ni1"}, Unsupported, "whose voxels are in another file"),
        ({"dim": [0, 5, 4, 3, 1, 1, 1, 1]}, CorruptImage, "its dimensions are"),
        ({"dim": [3, 5, -4, 3, 1, 1, 1, 1]}, CorruptImage, r"its dimensions are \[3, 5, -4, 3\]"),
        ({"dim": [3, 5, 4, 4, 1, 1, 1, 1]}, Truncated, "ends before its voxels do"),
        ({"dim": [3, 32000, 32000, 3200, 1, 1, 1, 1]}, TooManyPixels, "3200 × 32000 × 32000"),
        ({"vox_offset": np.nan}, CorruptImage, "begin at byte nan"),
        ({"vox_offset": 1e30}, Truncated, "ends before its voxels do"),
        ({"srow_x": [0, 0, 0, 0]}, CorruptImage, "does not tell three axes"),
        ({"srow_y": [0, np.inf, 0, 0]}, CorruptImage, "does not tell three axes"),
        ({"sform_code": 0, "qform_code": 1, "quatern_b": 9}, CorruptImage, "header cannot be read"),
    ],
)
@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_a_header_that_cannot_be(fields, kind, reason, wrap):
    with pytest.raises(kind, match=reason):
        decode(wrap(nifti(voxels_of(), **fields)))


def test_an_intercept_that_is_no_number_matters_only_to_the_scaled_values():
    data = nifti(voxels_of(), scl_slope=2, scl_inter=np.inf)
    assert decode(data).pixels.shape == (3, 4, 5)
    with pytest.raises(CorruptImage, match="its intercept is inf"):
        decode(data, values="modality")


class TestDamage:
    DATA = nifti(voxels_of())

    def test_what_is_behind_the_voxels_is_none_of_the_image(self):
        for wrap in (bytes, gzip.compress):
            np.testing.assert_array_equal(
                decode(wrap(self.DATA + b"more")).pixels, decode(self.DATA).pixels
            )

    @pytest.mark.parametrize("wrap", [bytes, gzip.compress])
    @pytest.mark.parametrize("end", [348, 352, -1])
    def test_truncated(self, wrap, end):
        with pytest.raises(Truncated, match=r"^NIfTI: the file ends before its voxels do$"):
            decode(wrap(self.DATA[:end]))

    def test_truncated_gzip(self):
        packed = gzip.compress(nifti(voxels_of(shape=(64, 64, 9))))
        for end in (len(packed) // 2, -8, -1):
            with pytest.raises(Truncated, match="compressed content"):
                decode(packed[:end])

    def test_a_bit_of_gzip(self):
        packed = bytearray(gzip.compress(nifti(voxels_of(shape=(64, 64, 9)))))
        packed[-6] ^= 1
        with pytest.raises(ChecksumMismatch, match="its gzip is damaged: CRC check failed"):
            decode(bytes(packed))

    @pytest.mark.parametrize("ends", [[400], [0, 1, 100, 347, 348, 352], [380], [*range(412)]])
    @pytest.mark.parametrize("padding", [b"", bytes(9)])
    def test_several_gzips_in_a_row_are_one_file(self, ends, padding):
        """Of pieces that may be smaller than a header, or empty."""
        pieces = [self.DATA[a:b] for a, b in itertools.pairwise([0, *ends, len(self.DATA)])]
        packed = padding.join(map(gzip.compress, pieces)) + padding
        np.testing.assert_array_equal(decode(packed).pixels, decode(self.DATA).pixels)

    @pytest.mark.parametrize("junk", [b"\x01", b"more", b"\0\0more", b"II*\0" + bytes(1 << 17)])
    def test_what_follows_a_gzip_and_is_none(self, junk):
        whole = gzip.compress(self.DATA[:400]) + gzip.compress(self.DATA[400:])
        count = len(junk.lstrip(b"\0"))
        with pytest.raises(
            CorruptImage, match=f"^NIfTI: {count} bytes behind its gzip are no gzip$"
        ):
            decode(whole + junk)

    def test_gzip_of_something_else(self):
        with pytest.raises(DecodeError, match=r"not an image of a known format .*gzip"):
            decode(gzip.compress(b"Patient was seen" * 99))

    def test_a_bomb_is_not_inflated(self):
        """256 MiB of zeros behind, or before, a small image: little memory, and an answer."""
        zeros = bytes(1 << 20)
        early = nifti(voxels_of(), vox_offset=1 << 28)[:352]
        files = {}
        for name, start in {"behind": self.DATA, "before": early}.items():
            packer = zlib.compressobj(9, wbits=31)
            pieces = [packer.compress(start), *(packer.compress(zeros) for _ in range(256))]
            files[name] = b"".join(pieces) + packer.flush()
        code = (
            "import resource, sys; from mapreduce_jobs.imaging.decode import decode;"
            " data = sys.stdin.buffer.read();"
            " import nibabel.nifti1, nibabel.orientations;"
            " used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
            " print(decode(data).pixels.shape);"
            " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 64 << 10)"
        )
        for data in files.values():
            ran = run(sys.executable, "-c", code, stdin=data, cwd=ROOT)
            assert ran.stdout.split(b"\n")[:2] == [b"(3, 4, 5)", b"True"], ran.stderr
