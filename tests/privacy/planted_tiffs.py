"""TIFF files with a name in each place that has room for one."""

import io
import struct

import numpy as np
import tifffile

from tests.privacy.planted_parts import NAME, colour, pillow, profile, segment, xmp
from tests.support import scan


def tiff(byteorder="<", bigtiff=False, **options):
    """Return three pages, each with every tag of text."""
    file = io.BytesIO()
    name = f"{NAME}\0".encode()
    tags = [(tag, 2, len(name), name, True) for tag in (269, 271, 272, 285, 315, 316, 33432, 65000)]
    tags += [(700, 1, len(xmp()), xmp(), True), (34675, 7, len(profile()), profile(), True)]
    stack = np.stack([scan(seed, (64, 80), np.uint16) for seed in range(3)])
    with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=bigtiff) as writer:
        for page in stack:
            writer.write(
                page,
                description=NAME,
                software=NAME,
                datetime=True,
                extratags=tags,
                metadata=None,
                resolution=(40, 20),
                resolutionunit="CENTIMETER",
                **options,
            )
    return file.getvalue()


def tiff_with_reduced_pictures():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(scan(1), subifds=2, description=NAME, metadata=None)
        for step in (2, 4):
            writer.write(scan(1)[::step, ::step].copy(), description=NAME, metadata=None)
    return file.getvalue()


def tiff_of_jpeg():
    """Return a TIFF with JPEG within, in which there is a comment; its old place is not used."""
    data = pillow(colour(), "TIFF", compression="jpeg")
    comment = segment(0xFE, NAME.encode().ljust(20))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        offset, length = page.dataoffsets[0], page.databytecounts[0]
        places = [page.tags[tag].valueoffset for tag in (273, 279)]
    stream = data[offset : offset + length]
    moved = bytearray(data)
    for place, number in zip(places, (len(data), length + len(comment)), strict=True):
        moved[place : place + 4] = struct.pack("<I", number)
    return bytes(moved) + stream[:2] + comment + stream[2:]


def tiff_with_exif():
    """Return a TIFF that points to directories of EXIF and GPS, with the name in each."""
    file = io.BytesIO()
    others = 65001, 65002  # tifffile does not write these two
    places = [(tag, 4, 1, 0, True) for tag in others]
    tifffile.imwrite(file, scan(1), extratags=places, metadata=None, software=False)
    data = bytearray(file.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as written:
        entries = [written.pages[0].tags[tag].offset for tag in others]
    for entry, tag in zip(entries, (34665, 34853), strict=True):
        start = len(data)
        data[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, start)
        data += struct.pack("<HHHIII", 1, 0x1B, 2, len(NAME), start + 18, 0) + NAME.encode()
    return bytes(data)
