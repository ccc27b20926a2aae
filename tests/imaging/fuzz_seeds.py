"""Files of every kind, which `test_fuzz` damages: whole, small, and made of code."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import tifffile
from PIL import Image as PillowImage
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.imaging.formats import tiffs
from tests.imaging.fuzz_dicoms import dicoms
from tests.support import dicom, scan

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


def members(data: bytes) -> bytes:
    """Return gzip of three members, such as bgzip and pigz write."""
    third = len(data) // 3
    parts = (data[:third], data[third : 2 * third], data[2 * third :])
    return b"".join(gzip.compress(part, 1, mtime=0) for part in parts)


def more_tiffs() -> dict[str, bytes]:
    """Return TIFF of rarer layouts, small enough that damage meets the directories."""
    deep = scan(5, (24, 24), np.uint16)
    stack = np.stack([deep, deep // 2, deep // 4])
    colour = np.dstack([scan(seed, (24, 24)) for seed in range(3)])
    inks = np.dstack([deep, deep // 2, deep // 3, deep // 5])
    colours = np.random.default_rng(1).integers(0, 1 << 16, (3, 256), np.uint16)
    reduced = io.BytesIO()
    with tifffile.TiffWriter(reduced) as writer:
        writer.write(stack, photometric="minisblack", subifds=1)
        writer.write(stack[:, ::2, ::2], photometric="minisblack", subfiletype=1)
    gradient = np.linspace(0, 1, 24 * 24).reshape(24, 24)
    strip = scan(6, (24, 24)).tobytes()
    subsampled = {"photometric": 6, "samples": 3, "subsampling": (1, 1)}
    return {
        "TIFF of ImageJ": tiff(stack, imagej=True, metadata={"axes": "ZYX"}),
        "TIFF of MetaMorph": tiffs.tiff(
            tiffs.page(24, 24, strip, planes=(0, 1, 2), strip_rows=24), behind=strip * 2
        ),
        "BigTIFF pages in tiles": tiff(
            stack, bigtiff=True, tile=(16, 16), photometric="minisblack", compression="zlib"
        ),
        "TIFF tiles of colour": tiff(colour, photometric="rgb", tile=(16, 16), compression="zlib"),
        "TIFF reduced images": reduced.getvalue(),
        "TIFF CMYK of 16 bits": tiff(inks, photometric="separated", extrasamples=()),
        "TIFF colour map": tiff(deep.astype(np.uint8), photometric="palette", colormap=colours),
        "TIFF colour map of 4 bits": tiffs.tiff(
            tiffs.page(24, 24, strip[:288], bits=4, photometric=3, colour_map=tuple(range(48)))
        ),
        "TIFF YCbCr": tiffs.tiff(tiffs.page(24, 24, colour.tobytes(), bits=(8,) * 3, **subsampled)),
        "TIFF white is 0": tiff(
            deep, photometric="miniswhite", byteorder=">", predictor=True, compression="zlib"
        ),
        "TIFF floats, predicted": tiffs.tiff(
            tiffs.page(
                24,
                24,
                zlib.compress(gradient.astype(">f4").tobytes()),
                bits=32,
                sample_format=3,
                compression=8,
                predictor=3,
            )
        ),
        "TIFF halves": tiff(gradient.astype(np.float16), compression="lzma"),
        "TIFF doubles": tiff(gradient, tile=(16, 16)),
        "TIFF alpha": tiff(
            np.dstack([colour, colour[..., 0]]), photometric="rgb", extrasamples=["unassalpha"]
        ),
        "TIFF 1 bit": tiff(gradient > 0.5, photometric="minisblack"),
        "TIFF filled from the other end": tiffs.tiff(
            tiffs.page(24, 24, strip[:72], bits=1, fill_order=2, photometric=0)
        ),
        "TIFF 64 bits": tiff(deep.astype(np.int64) << 20, photometric="minisblack"),
        "TIFF planes in tiles": tiff(
            np.moveaxis(colour, 2, 0), photometric="rgb", planarconfig="separate", tile=(16, 16)
        ),
    }


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
        "NIfTI-1 flat sform": nifti(1, "u2", "<", srow_x=0, srow_y=0, srow_z=0, qform_code=1),
        "NIfTI-1 slope not a number": nifti(1, "i4", "<", scl_slope=np.nan, scl_inter=np.inf),
        "nested sequences": nested(2000),
        **more_tiffs(),
        **dicoms(),
        **{name: dicom(f"{name}.dcm") for name in DICOM},
    }
    found = {name: (data, as_it_is) for name, data in made.items()}
    found["PNG"] = bytes(cv2.imencode(".png", deep)[1]), png_checksums
    found["NIfTI-1 gzipped"] = found["NIfTI-1"][0], lambda data: gzip.compress(data, 1, mtime=0)
    found["NIfTI-1 gzip of members"] = nifti(1, "i2", ">", cal_max=99, cal_min=1), members
    found["NIfTI-2 gzip of members"] = members(nifti(2, "f4", "<", scl_slope=2)), as_it_is
    found["NIfTI-2 damaged gzip"] = gzip.compress(found["NIfTI-2"][0], mtime=0), as_it_is
    whole = dicom("image_dfl.dcm")
    position = whole.index(DeflatedExplicitVRLittleEndian.encode())
    # Group 0002 ends where its group length says.
    end = 144 + struct.unpack_from("<I", whole, 140)[0]
    assert 144 < position < end
    found["deflated"] = zlib.decompress(whole[end:], -zlib.MAX_WBITS), deflated(whole[:end])
    return found
