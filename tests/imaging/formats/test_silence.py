"""What C libraries say on standard error stays away from it: it would name no file."""

import io
import os
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import DecodeError
from mapreduce_jobs.imaging.formats.samples import silenced
from tests.imaging.support import noise
from tests.support import ROOT


def chunk(kind, content):
    crc = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + crc


def png(change=lambda rows: rows, extra=b""):
    """Return a PNG of 16-bit colour whose compressed rows are changed; its chunks are sound."""
    whole = bytes(cv2.imencode(".png", noise("u2", (16, 16, 3)))[1])
    at = whole.index(b"IDAT")
    end = at + 4 + int.from_bytes(whole[at - 4 : at], "big")
    return whole[:33] + extra + chunk(b"IDAT", change(whole[at + 4 : end])) + whole[end + 4 :]


def lzw():
    """Return a TIFF with a code that its table does not have."""
    file = io.BytesIO()
    PillowImage.fromarray(noise("u1", (64, 64))).save(file, "TIFF", compression="tiff_lzw")
    data = bytearray(file.getvalue())
    middle = data.index(b"\x80", 8) + 200
    data[middle : middle + 9] = b"\xff" * 9
    return bytes(data)


def other_checksum(rows):
    return rows[:-1] + bytes([rows[-1] ^ 1])


def other_filter(rows):
    samples = bytearray(zlib.decompress(rows))
    samples[0] = 77
    return zlib.compress(samples)


def by_opencv(data):
    cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def by_pillow(data):
    with pytest.raises(OSError, match="decoder error"):
        PillowImage.open(io.BytesIO(data)).load()


@pytest.mark.parametrize(
    ("data", "library", "reason"),
    [
        (png(other_checksum), by_opencv, "cannot be decompressed: .* incorrect data check"),
        (png(lambda rows: rows[:-300]), by_opencv, "compressed pixels end before the image does"),
        (png(other_filter), by_opencv, "the pixels cannot be read"),
        (lzw(), by_pillow, "its pixels cannot be decompressed"),
    ],
    ids=["checksum", "rows", "filter", "LZW"],
)
def test_what_is_damaged_is_said_by_the_error_alone(data, library, reason, capfd):
    library(data)
    assert capfd.readouterr().err  # the library does speak
    with pytest.raises(DecodeError, match=reason):
        decode(data)
    assert capfd.readouterr() == ("", "")


def test_warnings_about_sound_images_are_not_shown(capfd):
    profile = b"name\0\0" + zlib.compress(bytes(200))
    data = png(extra=chunk(b"iCCP", profile))
    by_opencv(data)
    assert "libpng warning: iCCP" in capfd.readouterr().err
    assert decode(data).pixels.shape == (1, 16, 16, 3)
    assert capfd.readouterr() == ("", "")


def test_standard_error_is_back_after_threads_and_errors(capfd):
    barrier = threading.Barrier(4)

    def speak(number):
        with silenced():
            barrier.wait()
            os.write(2, b"of a library")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(speak, range(4)))
    with pytest.raises(ValueError, match="invalid literal"), silenced(), silenced():
        int("not a number")
    os.write(2, b"of ours")
    assert capfd.readouterr().err == "of ours"


def test_where_standard_error_is_closed(tmp_path):
    (tmp_path / "image.png").write_bytes(png())
    code = (
        "import os, sys; os.close(2); from mapreduce_jobs.imaging.decode import decode;"
        " print(decode(open(sys.argv[1], 'rb').read()).pixels.shape)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "image.png"], cwd=ROOT, capture_output=True
    )
    assert (ran.returncode, ran.stdout) == (0, b"(1, 16, 16, 3)\n")
