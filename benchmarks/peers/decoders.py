"""Histograms of what others decode: ``python -m benchmarks.peers.decoders WHO DIRECTORY TASKS``."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.images import histogram_of, line, write_lines
from mapreduce_jobs.imaging.image import Image


def _pydicom(path: str, plugin: str) -> npt.NDArray[Any]:
    import pydicom

    dataset = pydicom.dcmread(path)
    if plugin:
        dataset.pixel_array_options(decoding_plugin=plugin)
    return dataset.pixel_array


def _simple_itk(path: str) -> npt.NDArray[Any]:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))


def _gdcm(path: str) -> npt.NDArray[Any]:
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    if not reader.Read():
        raise ValueError(f"gdcm cannot read {path}")
    image = reader.GetImage()
    size = image.GetPixelFormat().GetPixelSize()
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(content, f"<u{size}")


def _tifffile(path: str) -> npt.NDArray[Any]:
    import tifffile

    return tifffile.imread(path)


def _nibabel(path: str) -> npt.NDArray[Any]:
    import nibabel

    return np.asanyarray(nibabel.Nifti1Image.from_filename(path).dataobj)


_DECODERS: dict[str, Callable[[str], npt.NDArray[Any]]] = {
    "SimpleITK": _simple_itk,
    "gdcm": _gdcm,
    "tifffile": _tifffile,
    "nibabel": _nibabel,
}


def _line(decode: Callable[[str], npt.NDArray[Any]], directory: str, name: str) -> str:
    pixels = decode(os.path.join(directory, name)).reshape(1, 512, 512)
    return line(name, histogram_of(Image(pixels, 8 * pixels.dtype.itemsize)))


def main() -> None:
    """Write the results as they come."""
    who, directory, tasks = sys.argv[1:]
    library, _, plugin = who.partition(":")
    decode = _DECODERS.get(library) or partial(_pydicom, plugin=plugin)
    write_lines(partial(_line, decode, directory), directory, tasks)


if __name__ == "__main__":
    main()
