"""Headers of NIfTI files: version, voxels and direction of the axes."""

import math
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from mapreduce_jobs.imaging.errors import CorruptImage, MissingExtra, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.file_formats import nifti_beginning, nifti_kind
from mapreduce_jobs.imaging.formats.spacing import Spacing, spacing_of
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["Facts", "facts_of"]

# The codes of nifti1.h whose voxels are one number, or red, green, blue and perhaps alpha.
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
    1024: "i8", 1280: "u8",
}  # fmt: skip
_COLOURS = {128: 3, 2304: 4}
_OTHER_TYPES = {
    0: "an unknown type", 1: "single bits", 32: "complex numbers", 1536: "128-bit floats",
    1792: "complex numbers", 2048: "complex numbers",
}  # fmt: skip

_MILLIMETRES = {1: 1000.0, 3: 0.001}  # of a metre and a micron; of all else, 1


@dataclass(frozen=True)
class Facts:
    """What a header says.

    Attributes
    ----------
    shape : tuple of int
        Frames in time, and the three axes of space as the file has them, the slowest first.
    dtype : dtype
        Of a sample.
    samples : int
        Of a voxel.
    offset : int
        Bytes before the voxels.
    scaling, shown : tuple of float, optional
        Slope and intercept, if they change anything; least and greatest value to be shown.
    axes : list of int
        The axis of `shape` that becomes frames, rows, columns.
    flips : list of bool
        Which of these three are to be reversed.
    spacing : tuple of float, optional
    """

    shape: tuple[int, int, int, int]
    dtype: "np.dtype[Any]"
    samples: int
    offset: int
    scaling: tuple[float, float] | None
    shown: tuple[float, float] | None
    axes: list[int]
    flips: list[bool]
    spacing: Spacing | None


def facts_of(data: bytes) -> Facts:
    """Read the header of a NIfTI file.

    Parameters
    ----------
    data : bytes
        The whole file, or as much as its header is.

    Returns
    -------
    Facts
        What the header says.

    Raises
    ------
    DecodeError
        One of its kinds.
    MissingExtra
        nibabel is not installed.
    """
    beginning = nifti_beginning(data)
    kind = nifti_kind(beginning)
    assert kind is not None  # noqa: S101  (it was sniffed)
    version, size, order, is_pair = kind
    if is_pair:
        raise Unsupported(
            "it is a header whose voxels are in another file (.img): write both as one .nii file"
        )
    if len(beginning) < size:
        raise Truncated("the file ends within its header")
    nibabel = _nibabel(f"nifti{version}")
    try:
        header = getattr(nibabel, f"Nifti{version}Header")(beginning[:size], order, check=False)
        shape = _shape([int(number) for number in header["dim"]])
        code = int(header["datatype"])
        samples = _COLOURS.get(code, 1)
        letter = "u1" if samples > 1 else _DTYPES.get(code)
        if letter is None:
            raise Unsupported(f"voxels of {_OTHER_TYPES.get(code, f'the unknown type {code}')}")
        offset = float(header["vox_offset"])
        if not 0 <= offset < math.inf:
            raise CorruptImage(f"its voxels begin at byte {offset:g} (vox_offset)")
        scaling = float(header["scl_slope"]), float(header["scl_inter"])
        shown = float(header["cal_min"]), float(header["cal_max"])
        affine, are_known = _affine(header)
        unit = _MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    except (nibabel.HeaderDataError, ValueError, ArithmeticError) as error:
        raise CorruptImage(f"the header cannot be read: {error}") from error
    axes, flips, zooms = _orientation(affine, are_known)
    return Facts(
        shape,
        np.dtype(order + letter),
        samples,
        # Files that say 0 mean: behind the header and the four bytes that announce extensions.
        max(int(offset), size) if offset else size + 4,
        # nifti1.h: a slope of 0 is none; nibabel asks for a finite one too.
        scaling if scaling[0] and math.isfinite(scaling[0]) and scaling != (1, 0) else None,
        shown if shown[0] < shown[1] and all(map(math.isfinite, shown)) else None,
        axes,
        flips,
        spacing_of(zooms[1] * unit, zooms[2] * unit),
    )


def _nibabel(module: str) -> Any:
    try:
        return import_module(f"nibabel.{module}")
    except ImportError:
        raise MissingExtra("reading NIfTI", "nibabel", "nifti") from None


def _shape(dim: list[int]) -> tuple[int, int, int, int]:
    """Return times and the axes of space, the slowest first, from the header's dim."""
    count = dim[0]
    if not 1 <= count <= 7 or min(dim[1 : count + 1]) < 1:
        raise CorruptImage(f"its dimensions are {dim[: max(0, min(count, 7)) + 1]} (dim)")
    lengths = [*dim[1 : count + 1], 1, 1, 1][: max(count, 4)]
    if math.prod(lengths[4:]) > 1:
        words = " × ".join(map(str, lengths))
        raise Unsupported(f"it has more than four dimensions: {words}")
    columns, rows, frames, times = lengths[:4]
    return times, frames, rows, columns


def _affine(header: Any) -> tuple[Pixels, Pixels]:
    """Return what sform, else qform, else pixdim turns axes to, 3 × 3; which lengths are known.

    An sform that does not tell three axes is passed over where there is a qform. It is not where
    there is none, since pixdim knows of no directions.
    """
    has_sform, has_qform = int(header["sform_code"]) > 0, int(header["qform_code"]) > 0
    if has_sform:
        affine, are_known = np.array(header.get_sform(), np.float64)[:3, :3], np.ones(3, bool)
        lengths = [*header["dim"][1 : header["dim"][0] + 1], 1, 1][:3]
        for axis in range(3):
            if lengths[axis] == 1 and not affine[:, axis].any():
                # An axis of one voxel, as of a 2-D image: whatever its direction, it is the same.
                affine[:, axis] = np.cross(affine[:, axis - 2], affine[:, axis - 1])
                are_known[axis] = False
        if not has_qform or (np.isfinite(affine).all() and np.linalg.matrix_rank(affine) == 3):
            return affine, are_known
    # nifti1.h: of pixdim[0] the sign counts. A length of 0 is unknown; 1 does to turn by.
    pixdim = np.array(header["pixdim"], np.float64)[:4]
    are_known = np.isfinite(pixdim[1:]) & (pixdim[1:] != 0)
    header["pixdim"][0] = -1 if pixdim[0] < 0 else 1
    header["pixdim"][1:4] = np.where(are_known, np.abs(pixdim[1:]), 1)
    affine = header.get_qform() if has_qform else header.get_base_affine()
    return np.array(affine, np.float64)[:3, :3], are_known


def _orientation(affine: Pixels, are_known: Pixels) -> tuple[list[int], list[bool], list[float]]:
    """Return axes and flips that bring a volume to frames, rows and columns; millimetres of each.

    An axis of `Facts.shape` is 3 less that of the affine: both name the same three.
    """
    orientations = import_module("nibabel.orientations")
    found = np.full((3, 2), np.nan)
    if np.isfinite(affine).all():
        found = orientations.io_orientation(np.pad(affine, (0, 1)))
    if not np.isfinite(found).all():
        raise CorruptImage("its affine (sform, qform or pixdim) does not tell three axes")
    axes, flips, zooms = [], [], []
    for world, towards in ((2, 1), (1, -1), (0, -1)):  # head; back, left: against nibabel's RAS
        axis = int(np.flatnonzero(found[:, 0] == world)[0])
        axes.append(3 - axis)
        flips.append(found[axis, 1] != towards)
        # Six digits, since an affine of 32-bit floats makes 2.00000005 of 2.
        zoom = float(f"{np.linalg.norm(affine[:, axis]):.6g}")
        zooms.append(zoom if are_known[axis] else math.nan)
    return axes, flips, zooms
