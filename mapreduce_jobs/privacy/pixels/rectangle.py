"""Rectangles of pixels, and what is left of an image around some of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from mapreduce_jobs.imaging.errors import BadParameter, OutsideImage

__all__ = ["Rectangle", "around"]


@dataclass(frozen=True, order=True)
class Rectangle:
    """A rectangle of pixels.

    Attributes
    ----------
    left, top : int
        Column and row of its first pixel, the image's first is 0. A negative number counts from
        the right or bottom edge: −100 is where the last 100 begin.
    width, height : int
        Columns and rows, at least 1; they may reach beyond the image.

    Raises
    ------
    BadParameter
        The width or height is below 1.
    """

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise BadParameter(f"the rectangle {self} must be at least one pixel wide and high")

    def __str__(self) -> str:
        return f"[{self.left}, {self.top}, {self.width}, {self.height}]"

    def within(self, rows: int, columns: int) -> "Rectangle":
        """Return the part of it that lies in an image of so many rows and columns.

        Raises
        ------
        OutsideImage
            There is none.

        Examples
        --------
        >>> Rectangle(-100, 0, 1000, 20).within(rows=480, columns=640)
        Rectangle(left=540, top=0, width=100, height=20)
        >>> Rectangle(0, 500, 640, 20).within(rows=480, columns=640)
        Traceback (most recent call last):
        mapreduce_jobs.imaging.errors.OutsideImage: the rectangle [0, 500, 640, 20] lies outside the
        image, which has 480 rows and 640 columns
        """
        left = self.left + (columns if self.left < 0 else 0)
        top = self.top + (rows if self.top < 0 else 0)
        right, bottom = min(left + self.width, columns), min(top + self.height, rows)
        left, top = max(left, 0), max(top, 0)
        if left >= right or top >= bottom:
            raise OutsideImage(
                f"the rectangle {self} lies outside the image, which has {rows} rows and {columns}"
                " columns"
            )
        return Rectangle(left, top, right - left, bottom - top)


def around(kept: Iterable[Rectangle], rows: int, columns: int) -> list[Rectangle]:
    """Return rectangles that together are everything but those that are kept.

    Parameters
    ----------
    kept : iterable of Rectangle
        They may overlap.
    rows, columns : int
        Of the image.

    Returns
    -------
    list of Rectangle
        None of them overlaps another; empty if everything is kept.

    Raises
    ------
    OutsideImage
        One of those that are kept lies outside the image.

    Examples
    --------
    >>> for rectangle in around([Rectangle(0, 40, 600, 400)], rows=480, columns=640):
    ...     print(rectangle)
    [0, 0, 640, 40]
    [600, 40, 40, 400]
    [0, 440, 640, 40]
    """
    inside = [rectangle.within(rows, columns) for rectangle in kept]
    edges = {0, rows}
    for one in inside:
        edges.update((one.top, one.top + one.height))
    return [
        Rectangle(start, top, end - start, bottom - top)
        for top, bottom in pairwise(sorted(edges))
        for start, end in _gaps([one for one in inside if _covers(one, top)], columns)
    ]


def _covers(rectangle: Rectangle, row: int) -> bool:
    return rectangle.top <= row < rectangle.top + rectangle.height


def _gaps(rectangles: list[Rectangle], columns: int) -> list[tuple[int, int]]:
    """Return first columns, and those behind the last, that no rectangle has."""
    gaps, start = [], 0
    for one in sorted(rectangles):
        if one.left > start:
            gaps.append((start, one.left))
        start = max(start, one.left + one.width)
    return [*gaps, (start, columns)] if start < columns else gaps
