"""Whatever bytes come, `decode` gives an image or says why not: it neither crashes nor hangs.

Files of each format are damaged, each in a way that its number tells, and read in processes of
their own with little memory and time. For more of them:

    FUZZ_FILES=20000 pytest tests/imaging/test_fuzz.py
"""

import faulthandler
import gzip
import io
import json
import math
import os
import re
import resource
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.keywords import everything
from mapreduce_jobs.imaging.dicom.series.slice_position import slice_position_of
from mapreduce_jobs.imaging.errors import DecodeError
from tests.imaging.dicoms import file_of, header_of, item
from tests.imaging.formats import tiffs
from tests.support import ROOT, dicom, scan

FILES = int(os.environ.get("FUZZ_FILES", "1500"))
PROCESSES = 2
MEMORY = 2 << 30  # bytes of address space
SECONDS = 20  # a file
MAX_PIXELS = 1 << 20
VALUES = ("stored", "modality", "display")
SENTENCE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{9,300}")

DICOM = [
    "693_J2KI", "CT_small", "ExplVR_BigEnd", "JPEG-lossy", "JPEG2000", "JPEGLSNearLossless_08",
    "JPEGLSNearLossless_16", "MR_small", "MR_small_RLE", "MR_small_bigendian",
    "MR_small_implicit", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_padded",
    "SC_rgb_dcmtk_+eb+cy+s4", "SC_rgb_gdcm_KY", "SC_rgb_jls_lossy_line",
    "SC_rgb_jls_lossy_sample", "SC_rgb_jpeg_dcmtk", "SC_rgb_jpeg_gdcm",
    "SC_rgb_rle_16bit_2frame", "SC_rgb_rle_32bit", "SC_rgb_small_odd", "UN_sequence",
    "empty_charset_LEI", "liver_1frame", "nested_priv_SQ", "no_meta", "priv_SQ", "reportsi",
    "rtdose", "rtdose_rle", "rtplan", "test-SR",
]  # fmt: skip

Wrap = Callable[[bytes], bytes]


def pillow(mode: str, kind: str, count: int = 1, **options: object) -> bytes:
    frames = [PillowImage.fromarray(scan(seed, (64, 64))).convert(mode) for seed in range(count)]
    more = {"save_all": True, "append_images": frames[1:]} if count > 1 else {}
    file = io.BytesIO()
    frames[0].save(file, kind, **more, **options)
    return file.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def nifti(version: int, dtype: str, order: str, **fields: object) -> bytes:
    from nibabel import Nifti1Header, Nifti2Header

    header = {1: Nifti1Header, 2: Nifti2Header}[version](endianness=order)
    voxels = np.arange(24 * 20 * 3 * 2).reshape(24, 20, 3, 2).astype(np.dtype(order + dtype))
    header.set_data_dtype(voxels.dtype)
    header.set_data_shape(voxels.shape)
    header.set_sform(np.diag([-2, 3, 4, 1]), 1)
    for name, value in fields.items():
        header[name] = value
    header["vox_offset"] = 544 if version == 2 else 352
    return header.binaryblock + bytes(4) + voxels.tobytes("F")


def nested(depth: int) -> bytes:
    """Return DICOM whose sequences lie in one another; none of them ends."""
    start = b"\x08\x00\x40\x11SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4
    return dicom("MR_small.dcm")[:132] + b"\x08\x00\x05\x00CS\x02\x00  " + start * depth


def odd_dicom() -> dict[str, bytes]:
    """Return DICOM of kinds that pydicom's files are not."""
    deep = scan(1, (64, 64), np.uint16)
    high = header_of(deep, BitsStored=12, RescaleSlope=1, RescaleIntercept=-1024)
    high.HighBit, high.SpecificCharacterSet = 15, ["", "ISO 2022 IR 58"]
    high.PatientName, high.PatientComments = "Zhang^XiaoDong=张^小东", "第一行\r\n第二行"
    table = item(LUTDescriptor=[4096, -1024, 8], LUTData=bytes(4096))
    table["LUTDescriptor"].VR, table["LUTData"].VR = "SS", "OW"
    high.VOILUTSequence = [table]
    indices = header_of(
        scan(2, (64, 64)).astype(np.int16), PhotometricInterpretation="PALETTE COLOR"
    )
    for colour in ("Red", "Green", "Blue"):
        indices.add_new(f"{colour}PaletteColorLookupTableDescriptor", "SS", [256, -20, 16])
        indices.add_new(f"{colour}PaletteColorLookupTableData", "OW", bytes(range(256)) * 2)
    enhanced = header_of(np.stack([deep, deep]))
    place, plane = item(ImagePositionPatient=[1, 2, 3]), item(StackID="1")
    enhanced.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[place], FrameContentSequence=[plane]),
        item(PixelMeasuresSequence=[item(PixelSpacing=[1, 2])]),
    ]
    return {
        "high bit and table": file_of(high),
        "palette of signed indices": file_of(indices),
        "enhanced": file_of(enhanced),
    }


def as_it_is(data: bytes) -> bytes:
    return data


def png_checksums(data: bytes) -> bytes:
    """Give each chunk of a PNG the checksum of what it holds now."""
    made, position = data[:8], 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        chunk = data[position + 4 : end]
        made += data[position : position + 4] + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        position = end + 4
    return made


def deflated(head: bytes) -> Wrap:
    def wrap(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return head + packer.compress(data) + packer.flush()

    return wrap


def seeds() -> dict[str, tuple[bytes, Wrap]]:
    """Return whole files, or what they hold and what makes a file of that, by name."""
    deep = scan(1, (64, 64), np.uint16)
    colour = np.dstack([scan(seed, (64, 64)) for seed in range(3)])
    made: dict[str, bytes] = {
        "PNG colour": bytes(cv2.imencode(".png", colour)[1]),
        "PNG palette": pillow("P", "PNG"),
        "JPEG": pillow("L", "JPEG"),
        "JPEG progressive": pillow("RGB", "JPEG", progressive=True),
        "TIFF": tiff(deep, compression="zlib"),
        "TIFF pages": tiff(np.stack([deep, deep]), photometric="minisblack", byteorder=">"),
        "TIFF tiles": tiff(deep.astype(np.float32), tile=(32, 32), bigtiff=True),
        "TIFF LZW": pillow("RGB", "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": pillow("YCbCr", "TIFF", compression="jpeg"),
        "TIFF fax": pillow("1", "TIFF", compression="group4"),
        "TIFF zstd": pillow("F", "TIFF", compression="zstd"),
        "TIFF palette": pillow("P", "TIFF", compression="packbits"),
        "TIFF planes": tiff(
            np.stack([deep] * 3),
            photometric="rgb",
            planarconfig="separate",
            predictor=2,
            compression="zlib",
        ),
        "TIFF stack": tiff(np.stack([deep] * 3), photometric="minisblack", truncate=True),
        "TIFF 12 bits": tiffs.tiff(tiffs.page(64, 64, scan(1, (64, 96)).tobytes(), bits=12)),
        "BMP": pillow("RGB", "BMP"),
        "BMP palette": pillow("P", "BMP"),
        "GIF": pillow("P", "GIF", 3),
        "WebP": pillow("RGB", "WEBP", quality=50),
        "WebP lossless": pillow("RGBA", "WEBP", lossless=True),
        "WebP frames": pillow("RGB", "WEBP", 3),
        "JPEG 2000": pillow("L", "JPEG2000"),
        "JPEG 2000 colour": bytes(cv2.imencode(".jp2", colour)[1]),
        "NIfTI-1": nifti(1, "i2", "<", scl_slope=2.5, scl_inter=-3),
        "NIfTI-1 float": nifti(1, "f4", ">", qform_code=1, sform_code=0),
        "NIfTI-2": nifti(2, "u1", "<", cal_max=9),
        "NIfTI-2 double": nifti(2, "f8", ">"),
        "nested sequences": nested(2000),
        **odd_dicom(),
        **{name: dicom(f"{name}.dcm") for name in DICOM},
    }
    found = {name: (data, as_it_is) for name, data in made.items()}
    found["PNG"] = bytes(cv2.imencode(".png", deep)[1]), png_checksums
    found["NIfTI-1 gzipped"] = found["NIfTI-1"][0], lambda data: gzip.compress(data, 1, mtime=0)
    found["NIfTI-2 damaged gzip"] = gzip.compress(found["NIfTI-2"][0], mtime=0), as_it_is
    whole = dicom("image_dfl.dcm")
    position = whole.index(DeflatedExplicitVRLittleEndian.encode())
    # Group 0002 ends where its group length says.
    end = 144 + struct.unpack_from("<I", whole, 140)[0]
    assert 144 < position < end
    found["deflated"] = zlib.decompress(whole[end:], -zlib.MAX_WBITS), deflated(whole[:end])
    return found


# Damage


def flip(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place] ^= 1 << int(random.integers(8))


def truncate(data: bytearray, random: np.random.Generator, place: int) -> None:
    del data[place:]


def overwrite(data: bytearray, random: np.random.Generator, place: int) -> None:
    """Write numbers that lengths and counts do not expect."""
    numbers = ["00", "0000", "00000000", "ffffffff", "ffff", "ffffff7f", "7fffffff", "01", "0100"]
    number = bytes.fromhex(numbers[random.integers(len(numbers))])
    data[place : place + len(number)] = number


def randomise(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place : place + 4] = random.bytes(4)


def duplicate(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place:place] = data[place : place + int(random.integers(1, 200))]


def remove(data: bytearray, random: np.random.Generator, place: int) -> None:
    del data[place : place + int(random.integers(1, 200))]


def blank(data: bytearray, random: np.random.Generator, place: int) -> None:
    length = min(int(random.integers(1, 200)), len(data) - place)
    data[place : place + length] = bytes(length)


DAMAGE = [flip, flip, truncate, overwrite, overwrite, randomise, duplicate, remove, blank]


def damaged(data: bytes, seed: int) -> bytes:
    """Return a file with one to four kinds of damage, half of them at its beginning."""
    random = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(random.integers(1, 5)):
        if changed:
            near = random.integers(2) and len(changed) > 600
            place = int(random.integers(600 if near else len(changed)))
            DAMAGE[random.integers(len(DAMAGE))](changed, random, place)
    return bytes(changed)


def files(first: int, step: int) -> Iterator[tuple[int, str, bytes]]:
    """Iterate over every so many-th number, the seed it is made from, and the file."""
    known = seeds()
    names = sorted(known)
    for number in range(first, FILES, step):
        name = names[number % len(names)]
        data, wrap = known[name]
        yield number, name, wrap(data if number < len(names) else damaged(data, number))


# Reading, in a process of its own


def outcome(data: bytes, values: str | None) -> str:
    """Return what comes of a file: an image, an error that may be, or, with !, what may not."""
    try:
        if values is None:
            header = read_header(io.BytesIO(data))
            if header is not None:
                everything(header)
                slice_position_of(header)
            return "header"
        image = decode(data, MAX_PIXELS, values)
        is_sound = (
            0 < math.prod(image.pixels.shape[:3]) <= MAX_PIXELS
            and 1 <= image.bits <= 8 * image.pixels.dtype.itemsize
            and image.pixels.dtype.isnative
        )
        return "image" if is_sound else f"! {image.pixels.shape}, {image.bits} bits"
    except DecodeError as error:
        # One sentence, which a person can read.
        return type(error).__name__ if SENTENCE.fullmatch(str(error)) else f"! {error!r}"
    except Exception as error:
        return f"! {type(error).__name__}: {error}"


def work(first: int, step: int) -> None:
    """Read files, and write a line before each, and one after it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number, name, data in files(first, step):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        found = {str(values): outcome(data, values) for values in (*VALUES, None)}
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps([number, name, found]) + "\n")


def results(first: int) -> Iterator[list]:
    """Iterate over what comes of the files of one process; another goes on where one dies."""
    while first < FILES:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.imaging.test_fuzz", str(first), str(PROCESSES)],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "FUZZ_FILES": str(FILES)},
            capture_output=True,
            text=True,
            errors="replace",
        )
        assert ran.stdout, ran.stderr
        *whole, last = [json.loads(line) for line in ran.stdout.splitlines()]
        yield from (line for line in [*whole, last] if isinstance(line, list))
        if not ran.returncode:
            return
        assert isinstance(last, int), ran.stderr
        yield [last, "?", {"process": f"! ended with {ran.returncode}: {ran.stderr[-300:]}"}]
        first = last + PROCESSES


@pytest.mark.parametrize("first", range(PROCESSES))
def test_damaged_files_give_images_or_errors(first):
    found = list(results(first))
    assert len(found) == len(range(first, FILES, PROCESSES))
    bad = [
        (number, name, values, what)
        for number, name, each in found
        for values, what in each.items()
        if what.startswith("!")
    ]
    assert not bad, "\n".join(map(str, bad))
    # The damage is neither so small that all are read, nor so great that none is.
    kinds = Counter(what for _, _, each in found for what in each.values())
    assert min(kinds["image"], kinds["CorruptImage"], kinds["Truncated"]) > len(found) / 20


if __name__ == "__main__":
    work(*map(int, sys.argv[1:]))
