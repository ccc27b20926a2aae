"""What planted files are made of: a name, pictures, and blocks that hold the name."""

import io
import struct

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageCms

from tests.support import scan

NAME = "Zaphod"
TURNED = 6  # an orientation of EXIF


def profile():
    """Return a colour profile whose description, which begins it here, is the name."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data[:84] + NAME.encode().ljust(16, b"\0") + data[100:]


def exif(orientation=TURNED):
    made = PillowImage.Exif()
    made[0x0112] = orientation
    made[0x013B] = made[0x010E] = NAME  # artist, description
    made.get_ifd(0x8769)[0x9C9D] = NAME.encode("utf-16-le")
    made.get_ifd(0x8825)[0x1B] = NAME  # of GPS
    return made


def xmp():
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{NAME}</x:xmpmeta>".encode()


def pillow(pixels, format, **options):
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, format, **options)
    return file.getvalue()


def colour(seed=1):
    return np.stack([scan(seed + index, (40, 52)) for index in range(3)], axis=-1)


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
