"""RLE of DICOM: every byte of every sample where it belongs, and damage is an error."""

import struct

import numpy as np
import pytest

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.codecs import rle


def frame_of(segments) -> bytes:
    """Return a frame of segments (PS3.5 G.5)."""
    starts = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
    header = struct.pack("<L", len(segments)) + struct.pack(f"<{len(starts)}L", *starts)
    return header.ljust(64, b"\0") + b"".join(segments)


def literal(content: bytes) -> bytes:
    """Return bytes as runs of different values, a run of 128 at most."""
    parts = [content[start : start + 128] for start in range(0, len(content), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_highest_byte_of_the_first_sample_comes_first(size, samples):
    rng = np.random.default_rng(size)
    pixels = rng.integers(0, 256**size, (7, 50, samples)).astype(f"<u{size}")
    segments = [
        literal((pixels[..., sample] >> 8 * byte).astype(np.uint8).tobytes())
        for sample in range(samples)
        for byte in reversed(range(size))
    ]
    np.testing.assert_array_equal(rle.decode(frame_of(segments), 7, 50, samples, size), pixels)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (b"\xfd\7" + b"\x01\1\2", [7, 7, 7, 7, 1, 2]),
        (b"\x80\xfd\7\x80\x80\x01\1\2\x80", [7, 7, 7, 7, 1, 2]),  # 128 stands for nothing
        (b"\xfb\7" + b"\0", [7] * 6),  # a byte that makes the length even
        (b"\xfb\7" + b"\x01\1\2", [7] * 6),  # less than a row too much
        (b"\xfb\7" + b"\x04\1", [7] * 6),  # and cut
    ],
)
def test_runs(segment, expected):
    found = rle.decode(frame_of([segment]), rows=2, columns=3, samples=1, size=1)
    assert found.ravel().tolist() == expected


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (frame_of([b"\xfb\7"])[:63], "frame 4 ends within its header"),
        (frame_of([b"\xfb\7"] * 2), "2 segments of RLE, and 1 × 8 bits a pixel are 1"),
        (frame_of([b"\xfc\7"]), "frame 4 has 5 of 6 bytes in a segment"),
        (frame_of([b"\xfc\7\x02\1"]), "frame 4 has 5 of 6 bytes in a segment"),  # cut
        (frame_of([b"\xfc\7\xff"]), "frame 4 has 5 of 6 bytes in a segment"),
        (frame_of([b"\xf8\7"]), "frame 4 has 3 rows of 3 pixels, and the header says 2"),
        (frame_of([b"\xfb\7\x03\1\2\3"]), "frame 4 has 3 rows of 3 pixels"),  # cut, and too much
        (frame_of([b"\x81\7" * 9999]), "frame 4 has 426624 rows of 3 pixels"),
    ],
)
def test_damage(data, said):
    with pytest.raises(errors.CorruptImage, match=said):
        rle.decode(data, rows=2, columns=3, samples=1, size=1, name="frame 4")
