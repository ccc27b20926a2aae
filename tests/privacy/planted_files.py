"""Image files of every format with a name in each place that has room for one."""

import gzip
import io
import struct
import zlib

import nibabel
import numpy as np
from PIL import Image as PillowImage
from PIL import PngImagePlugin

from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from tests.privacy.planted_parts import NAME, colour, exif, pillow, profile, segment, xmp
from tests.privacy.planted_tiffs import (
    tiff,
    tiff_of_jpeg,
    tiff_with_exif,
    tiff_with_reduced_pictures,
)
from tests.support import scan


def deep_image():
    """Return an image with everything that files have a place for."""
    pixels = scan(5, (40, 52), np.uint16)[np.newaxis] >> 4
    return Image(pixels, 12, spacing=(0.5, 0.25), notes={"patient": NAME})


def _chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png():
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", NAME)
    info.add_text("Comment", NAME * 20, zip=True)
    info.add_itxt("XML:com.adobe.xmp", xmp().decode())
    data = pillow(colour(), "PNG", pnginfo=info, exif=exif(), icc_profile=profile(), dpi=(300, 150))
    extra = [
        _chunk(b"prVt", NAME.encode()),
        _chunk(b"gAMA", b"\0\1\0\0" + NAME.encode()),  # longer than a gamma is
        _chunk(b"tIME", bytes([7, 208, 1, 2, 3, 4, 5])),
    ]
    return data[:33] + b"".join(extra) + data[33:] + NAME.encode("utf-16")


def animated_png():
    first, *others = (PillowImage.fromarray(colour(seed)) for seed in range(3))
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", NAME)
    file = io.BytesIO()
    first.save(file, "PNG", save_all=True, append_images=others, pnginfo=info, duration=50)
    return file.getvalue()


def jpeg(pixels=None, **options):
    pixels = colour() if pixels is None else pixels
    data = pillow(
        pixels,
        "JPEG",
        exif=exif(),
        icc_profile=profile(),
        xmp=xmp(),
        comment=NAME,
        dpi=(300, 150),
        **options,
    )
    extra = [
        segment(0xED, b"Photoshop 3.0\0" + NAME.encode()),
        segment(0xE5, NAME.encode()),
        segment(0xE0, b"JFXX\0\x10" + NAME.encode()),
    ]
    return data[:20] + b"".join(extra) + data[20:] + NAME.encode()


def jpeg_with_thumbnail():
    data = pillow(scan(1), "JPEG")
    thumbnail = NAME.encode()  # 2 pixels of 3 bytes
    return data[:2] + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + thumbnail) + data[20:]


def jpeg_of_four_colours():
    """Return CMYK, which Adobe's segment tells of."""
    file = io.BytesIO()
    PillowImage.fromarray(colour()).convert("CMYK").save(file, "JPEG", comment=NAME)
    return file.getvalue()


def gif():
    first, *others = (PillowImage.fromarray(scan(seed)) for seed in range(3))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, loop=3, comment=NAME.encode())
    data = file.getvalue()
    blocks = bytes([len(NAME)]) + NAME.encode() + b"\0"
    extra = [
        b"\x21\xff\x0bXMP DataXMP" + blocks,
        b"\x21\xf9\x04\0\0\0\0\0" + b"\x21\x01\x0c" + bytes(12) + blocks,  # a text of its own
        b"\x21\x77" + blocks,
    ]
    return data[:-1] + b"".join(extra) + b"\x3b" + NAME.encode()


def bmp(pixels=None):
    data = bytearray(pillow(scan(1, (31, 29)) if pixels is None else pixels, "BMP"))
    start = int.from_bytes(data[10:14], "little")
    gap = NAME.encode().ljust(8)
    data[6:10] = NAME.encode()[:4]
    data[10:14] = (start + len(gap)).to_bytes(4, "little")
    return bytes(data[:start] + gap + data[start:]) + NAME.encode()


def bmp_with_profile():
    """Return a BITMAPV5HEADER whose profile is linked: the path of a file (LCS PROFILE_LINKED)."""
    rows, columns = 3, 5
    path = f"C:\\{NAME}\\display.icc\0".encode()
    pixels = bytes(range(rows * 16))
    header = struct.pack("<IiiHHIIiiII", 124, columns, rows, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header += (
        bytes(16) + b"KNIL" + bytes(48) + struct.pack("<IIII", 4, 124 + len(pixels), len(path), 0)
    )
    first = struct.pack("<2sIII", b"BM", 138 + len(pixels) + len(path), 0, 138)
    return first + header + pixels + path


def bmp_of_runs():
    """Return 2 rows of 4 pixels: a run, two pixels as they are, a step; the end of the bitmap."""
    runs = bytes([4, 1, 0, 0, 0, 3, 1, 2, 1, 0, 0, 0, 0, 1])
    header = struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, 0, 0, 0, 3, 0)
    palette = bytes(range(12))
    start = 54 + len(palette)
    first = struct.pack("<2sIII", b"BM", start + len(runs), 0, start)
    return first + header + palette + runs + NAME.encode()


def webp(**options):
    return (
        pillow(colour(), "WEBP", exif=exif(), icc_profile=profile(), xmp=xmp(), **options)
        + NAME.encode()
    )


def animated_webp():
    first, *others = (PillowImage.fromarray(colour(seed)) for seed in range(3))
    file = io.BytesIO()
    first.save(file, "WEBP", save_all=True, append_images=others, exif=exif(1), lossless=True)
    return file.getvalue()


def _box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content


def jp2():
    data = pillow(colour(), "JPEG2000", comment=NAME)
    first, rest = data[:32], data[32:]
    name = NAME.encode()
    return first + _box(b"xml ", name) + rest + _box(b"uuid", bytes(16) + name) + name


def jp2_with_profile():
    data = pillow(colour(), "JPEG2000")
    enumerated = _box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16))
    start = data.index(enumerated)
    own = _box(b"colr", b"\2\0\0" + profile())
    header = data.index(b"jp2h") - 4
    length = int.from_bytes(data[header : header + 4], "big") + len(own) - len(enumerated)
    data = data[:start] + own + data[start + len(enumerated) :]
    return data[:header] + struct.pack(">I", length) + data[header + 4 :]


def codestream():
    """Return a bare codestream of several tiles, with a comment in the header of the first."""
    data = pillow(scan(1), "JPEG2000", no_jp2=True, tile_size=(32, 32), comment=NAME)
    start = data.index(b"\xff\x90")
    length = int.from_bytes(data[start + 6 : start + 10], "big")
    comment = segment(0x64, b"\0\1" + NAME.encode())
    header = data[start : start + 6] + struct.pack(">I", length + len(comment))
    return data[:start] + header + data[start + 10 : start + 12] + comment + data[start + 12 :]


def nifti(version=1, zipped=False, order="<"):
    kind = {1: nibabel.Nifti1Image, 2: nibabel.Nifti2Image}[version]
    header = kind.header_class(endianness=order)
    image = kind(np.arange(60, dtype=order + "i2").reshape(3, 4, 5), np.diag([2, 3, 4, 1]), header)
    image.header["descrip"] = image.header["intent_name"] = image.header["aux_file"] = NAME
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", NAME.encode()))
    data = image.to_bytes() + (b"" if zipped else NAME.encode())
    if not zipped:
        return data
    file = io.BytesIO()
    with gzip.GzipFile(f"{NAME}.nii", "wb", fileobj=file) as packed:
        packed.write(data)
    return file.getvalue()


_END, _PROFILE = "data after the end", "colour profile"
_TAGS = "Artist Copyright DateTime DocumentName HostComputer ImageDescription Make Model PageName"
_TIFF = [*_TAGS.split(), "Software", "XMP", _PROFILE, "tag 65000"]
_PNG = ["eXIf", "gAMA", "iTXt", "tEXt", "tIME", "unknown chunk", "zTXt", _PROFILE, _END]
_JPEG = ["EXIF", "IPTC", "XMP", "application segment", "comment", "thumbnail", _PROFILE, _END]
_NIFTI = ["aux_file", "descrip", "extensions", "intent_name"]

FILES = {
    "PNG": (png, _PNG),
    "PNG, animated": (animated_png, ["tEXt"]),
    "PNG of this project": (lambda: encode(deep_image(), "png"), ["iTXt"]),
    "JPEG": (jpeg, _JPEG),
    "JPEG, progressive": (lambda: jpeg(progressive=True), _JPEG),
    "JPEG, grey with restarts": (lambda: jpeg(scan(1), restart_marker_rows=1), _JPEG),
    "JPEG with a thumbnail": (jpeg_with_thumbnail, ["thumbnail"]),
    "JPEG, CMYK": (jpeg_of_four_colours, ["comment"]),
    "TIFF": (tiff, _TIFF),
    "TIFF, big-endian": (lambda: tiff(">", compression="zlib"), _TIFF),
    "TIFF, tiled": (lambda: tiff(tile=(32, 32), predictor=2, compression="zlib"), _TIFF),
    "BigTIFF": (lambda: tiff(bigtiff=True), _TIFF),
    "TIFF with reduced pictures": (tiff_with_reduced_pictures, ["ImageDescription", "Software"]),
    "TIFF of JPEG": (tiff_of_jpeg, ["bytes that no tag holds", "comment"]),
    "TIFF with EXIF": (
        tiff_with_exif,
        ["EXIF", "GPS", "bytes that no tag holds"],
    ),
    "TIFF of this project": (lambda: encode(deep_image(), "tiff"), ["ImageDescription"]),
    "GIF": (gif, ["application extension", "comment", "plain text", "unknown extension", _END]),
    "BMP": (bmp, ["data before the pixels", "reserved bytes", _END]),
    "BMP, colour": (lambda: bmp(colour()), ["data before the pixels", "reserved bytes", _END]),
    "BMP with a profile": (bmp_with_profile, [_PROFILE, _END]),
    "BMP of runs": (bmp_of_runs, [_END]),
    "WebP": (webp, ["EXIF", "XMP", _PROFILE, _END]),
    "WebP, lossless": (lambda: webp(lossless=True), ["EXIF", "XMP", _PROFILE, _END]),
    "WebP, animated": (animated_webp, ["EXIF"]),
    "JPEG 2000": (jp2, ["UUID box", "XML", "comment", _END]),
    "JPEG 2000 with a profile": (jp2_with_profile, ["comment", _PROFILE]),
    "JPEG 2000, bare": (codestream, ["comment"]),
    "JPEG 2000 of this project": (lambda: encode(deep_image(), "jp2"), ["UUID box", "comment"]),
    "NIfTI-1": (nifti, [*_NIFTI, _END]),
    "NIfTI-1, big-endian": (lambda: nifti(order=">"), [*_NIFTI, _END]),
    "NIfTI-2": (lambda: nifti(2), [*_NIFTI, _END]),
    "NIfTI, gzipped": (lambda: nifti(zipped=True), [*_NIFTI, "name and time of gzip"]),
}
"""What makes a file of each kind, and what is to be removed from it."""
