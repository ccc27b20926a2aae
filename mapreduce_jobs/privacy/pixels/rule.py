"""One rule of where images have text in their pixels."""

from dataclasses import dataclass
from typing import NoReturn

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, named
from mapreduce_jobs.imaging.dicom.where import Where
from mapreduce_jobs.imaging.errors import BadParameter, CorruptImage, OutsideImage
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle, around
from mapreduce_jobs.privacy.pixels.rules_file import Entry, Item

__all__ = ["Rule"]

_KEYS = ("name", "when", "rectangles", "outside")
_REGIONS = "ultrasound regions"

# Region Spatial Format (0018,6012), by PS3.3 C.8.5.5.1.1: 2D, M-mode, spectral, wave form; not 0,
# none, nor 5, graphics.
_PICTURES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Rule:
    """Where some images have text.

    Attributes
    ----------
    name : str
        What messages call it.
    when : Where
        Which images it is for.
    rectangles : tuple of Rectangle
        Where the text is.
    outside_regions : bool
        Whether it is everywhere around the regions of an ultrasound image, too.
    """

    name: str
    when: Where
    rectangles: tuple[Rectangle, ...] = ()
    outside_regions: bool = False

    @classmethod
    def of(cls, item: Item) -> "Rule":
        """Return the rule that an item of a file of rules says.

        Raises
        ------
        BadParameter
            It is wrong; the message names the line and the rule.
        """
        name = item.entries.get("name")
        if name is None or not isinstance(name.value, str):
            raise BadParameter(f"line {item.line}: the rule has no name, such as name: banner")
        for key, entry in item.entries.items():
            if key not in _KEYS:
                _wrong(name.value, entry.line, f"{key} is not one of {', '.join(_KEYS)}")
        when = item.entries.get("when")
        if when is None or not isinstance(when.value, str):
            line = when.line if when else item.line
            _wrong(name.value, line, "a condition is missing, such as when: Modality == 'US'")
        rectangles, outside = item.entries.get("rectangles"), item.entries.get("outside")
        if rectangles is None and outside is None:
            _wrong(
                name.value,
                item.line,
                "rectangles are missing, such as rectangles: [[0, 0, 640, 20]]",
            )
        if outside is not None and outside.value != _REGIONS:
            _wrong(name.value, outside.line, f"outside: {outside.value}: must be {_REGIONS}")
        try:
            condition = Where.parse(when.value)
        except BadParameter as error:
            _wrong(name.value, when.line, f"when: {error}")
        return cls(name.value, condition, _rectangles(name.value, rectangles), outside is not None)

    def rectangles_in(self, dataset: Dataset) -> list[Rectangle]:
        """Return where an image that the rule is for has text; see `Rules.rectangles`."""
        rows, columns = _size(dataset)
        try:
            found = [one.within(rows, columns) for one in self.rectangles]
        except OutsideImage as error:
            raise OutsideImage(
                f"rule {self.name}: {error}: let its condition ask for Rows and Columns"
            ) from None
        return found + _outside_regions(dataset, rows, columns) if self.outside_regions else found


def _rectangles(name: str, entry: Entry | None) -> tuple[Rectangle, ...]:
    if entry is None:
        return ()
    if not isinstance(entry.value, list) or not entry.value:
        _wrong(name, entry.line, "rectangles: a list of [left, top, width, height] is expected")
    found = []
    for numbers in entry.value:
        is_rectangle = isinstance(numbers, list) and list(map(type, numbers)) == [int] * 4
        if not is_rectangle:
            what = f"rectangles: {numbers} is not [left, top, width, height], whole pixels each"
            _wrong(name, entry.line, what)
        try:
            found.append(Rectangle(*numbers))
        except BadParameter as error:
            _wrong(name, entry.line, str(error))
    return tuple(found)


def _wrong(name: str, line: int, what: str) -> NoReturn:
    raise BadParameter(f"line {line}: rule {name}: {what}")


def _size(dataset: Dataset) -> tuple[int, int]:
    sides = []
    for keyword in ("Rows", "Columns"):
        try:
            sides.append(int(dataset[keyword].value))
        except READ_ERRORS as error:
            raise CorruptImage(f"the header has no {named(keyword)}") from error
    return sides[0], sides[1]


def _outside_regions(dataset: Dataset, rows: int, columns: int) -> list[Rectangle]:
    """Return what is around the regions of an ultrasound image."""
    kept = []
    try:
        for region in dataset.get("SequenceOfUltrasoundRegions") or ():
            left, top = int(region.RegionLocationMinX0), int(region.RegionLocationMinY0)
            right, bottom = int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)
            # Some count to the last pixel, some to behind it.
            if right > columns or bottom > rows:
                return []
            if int(region.RegionSpatialFormat) in _PICTURES:
                kept.append(Rectangle(left, top, right + 1 - left, bottom + 1 - top))
        return around(kept, rows, columns) if kept else []
    except (*READ_ERRORS, BadParameter, OutsideImage) as error:
        said = named("SequenceOfUltrasoundRegions")
        raise CorruptImage(f"a region of its {said} is no rectangle within it") from error
