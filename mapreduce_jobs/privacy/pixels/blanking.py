"""Text in the pixels of DICOM files: where rules or a detector find it, it is blanked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import FileDataset

from mapreduce_jobs.imaging import MAX_PIXELS

if TYPE_CHECKING:
    from mapreduce_jobs.privacy.pixels.burned_in import Rectangle, Rules

__all__ = ["Blanked", "Blanking"]


@dataclass(frozen=True)
class Blanked:
    """What became of the pixels of one file.

    Attributes
    ----------
    pixels : str
        ``"unchanged"`` or ``"blanked"``.
    is_clean : bool
        Whether a rule lists where the device writes; that a detector finds no text, or no more, is
        no proof.
    """

    pixels: str
    is_clean: bool


@dataclass(frozen=True)
class Blanking:
    """How text in pixels is looked for.

    Parameters
    ----------
    rules : Rules, optional
        Where the devices write.
    find_text : bool, optional
        Look for text in images that may hold some; needs the extra ``ocr``.
    max_pixels : int, optional
        Most frames × rows × columns to look at.
    """

    rules: "Rules | None" = None
    find_text: bool = False
    max_pixels: int = MAX_PIXELS

    def blank(self, dataset: FileDataset, at_risk: bool) -> Blanked:
        """Blank what is found in the pixels of a data set.

        Parameters
        ----------
        dataset : FileDataset
            What is changed.
        at_risk : bool
            Whether something speaks for text, see `pixel_risk`.

        Returns
        -------
        Blanked
            What was done.
        """
        from mapreduce_jobs.privacy.pixels.burned_in import blank

        by_rule = self.rules.rectangles(dataset) if self.rules else []
        is_complete = self.rules is not None and self.rules.are_complete(dataset)
        found = self._found(dataset) if self.find_text and at_risk else []
        if by_rule or found:
            blank(dataset, [*by_rule, *found], self.max_pixels)
        return Blanked("blanked" if by_rule or found else "unchanged", is_complete)

    def _found(self, dataset: FileDataset) -> "list[Rectangle]":
        from mapreduce_jobs.imaging.dicom.file import layout_of
        from mapreduce_jobs.imaging.dicom.pixels.stored_values import stored_values
        from mapreduce_jobs.privacy.pixels.text_detector import find_text

        found: dict[Rectangle, None] = {}
        for frame in stored_values(dataset, layout_of(dataset, self.max_pixels)):
            found.update(dict.fromkeys(find_text(frame)))
        return list(found)
