"""Selection of a job's images by their headers, and groups of those that belong together."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mapreduce_jobs.core.inputs.image_reader import Item

if TYPE_CHECKING:  # slow to import
    from pydicom.dataset import Dataset

    from mapreduce_jobs.imaging.dicom.where import Where

__all__ = ["GROUPS", "group_of", "selected"]

GROUPS = {
    "series": "SeriesInstanceUID",
    "study": "StudyInstanceUID",
    "patient": "PatientID",
    "modality": "Modality",
    "body-part": "BodyPartExamined",
}
"""What images are grouped by, beside their names: an element of their headers."""


def selected(
    items: Iterable[tuple[str, Item]],
    where: "Where | None",
    keywords: Collection[str] | None,
    exclude: Callable[[], None],
) -> Iterator[tuple[str, Item]]:
    """Read the headers of images, and pass over those that are not meant.

    Parameters
    ----------
    items : iterable of (str, Item)
        Images by name.
    where : Where or None
        Which are meant; None for all.
    keywords : collection of str or None
        The elements to read, those that `where` asks for among them; None for all.
    exclude : callable
        Called for each image that is passed over.

    Yields
    ------
    name : str
        As it came.
    item : Item
        The image with its header; it raises the error if that cannot be read.
    """
    from mapreduce_jobs.imaging.dicom.header import read_beginning

    for name, item in items:
        try:
            with item.open() as file:
                beginning = read_beginning(file, keywords)
            is_meant = where is None or where(beginning.header)
        except Exception as error:  # the image's own, raised when it is its turn
            yield name, replace(item, error=error)
            continue
        if is_meant:
            yield name, replace(item, beginning=beginning, file=None)
        else:
            exclude()


def group_of(header: "Dataset | None", keyword: str) -> str | None:
    """Return the value of an element, by which images are grouped; None where there is none.

    Several values are one text, with a backslash between them, as in the file.
    """
    from mapreduce_jobs.imaging.dicom.keywords import Element

    return "\\".join(Element.named(keyword).values(header)) or None
