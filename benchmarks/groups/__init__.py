"""Groups of benchmarks, by the name that ``--only`` takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.declare import Benchmark, Settings
from benchmarks.groups import dicom, formats, hadoop, hdfs, images, operations, shuffle, tables

__all__ = ["GROUPS", "Group"]


@dataclass(frozen=True)
class Group:
    """Benchmarks that go together.

    Attributes
    ----------
    run : callable
        Yields benchmarks, each to be run before the next is asked for, and finished sections.
    help : str
        What they are, for ``--help``.
    packages : tuple of str
        What has to be installed beside this project.
    default : bool
        Whether they run where ``--only`` is not given.
    notes : str
        A line or more of Markdown for the head of the output.
    """

    run: Callable[[Settings], Iterator[Benchmark | str]]
    help: str
    packages: tuple[str, ...] = ("dask", "pyspark")
    default: bool = True
    notes: str = ""


GROUPS = {
    "histogram": Group(images.histogram, "image_histogram, 8-bit images"),
    "edges": Group(images.edges, "edge_density, 8-bit images"),
    "depth16": Group(images.depth16, "both on 16-bit images, as many as the smallest of --images"),
    "words": Group(tables.words, "word_count"),
    "transform": Group(images.transform, "image_transform, at most 5,000 images"),
    "headers": Group(dicom.headers, "dicom_headers, as many files as the largest of --images"),
    "deidentify": Group(
        dicom.deidentify, "deidentify, as many as the smallest", ("deid", "dicognito")
    ),
    "formats": Group(
        formats.formats,
        "image_histogram, formats and transfer syntaxes, as many as the smallest of --images",
        (
            "python-gdcm",
            "pylibjpeg",
            "pylibjpeg-openjpeg",
            "pylibjpeg-rle",
            "pyjpegls",
            "SimpleITK",
            "nibabel",
        ),
        default=False,
    ),
    "profile": Group(images.profile, "collection_profile"),
    "regression": Group(tables.regression, "linear_regression, 100 rows an image"),
    "operations": Group(
        operations.sections,
        "operations beside scikit-image, and steps of a transform",
        ("scikit-image", "scipy"),
        default=False,
        notes=operations.NOTES,
    ),
    "shuffle": Group(
        shuffle.sections, "bytes from map to reduce", (), default=False, notes=shuffle.NOTES
    ),
    "hadoop": Group(
        hadoop.benchmarks, "jobs on clusters that it starts", (), default=False, notes=hadoop.NOTES
    ),
    "hdfs": Group(
        hdfs.benchmarks,
        "hdfs-tools on clusters that it starts, as many files as the smallest of --images",
        ("hdfs", "requests", "google-crc32c", "hdfs-native"),
        default=False,
        notes=hdfs.NOTES,
    ),
}
