"""What a condition on a header is made of; `mapreduce_jobs.imaging.where` reads it from text."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.elements import Element

__all__ = ["AllOf", "AnyOf", "Comparison", "Condition", "IsMissing", "Not", "Values"]

Condition = Callable[[Dataset | None], bool]
"""Tells whether a header fulfils it; None is the header of an image that has none."""

_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda part, text: part in text,
}


@dataclass(frozen=True)
class Values:
    """What is compared: an element, or constants.

    Attributes
    ----------
    source : Element or tuple
        Where the values are from.
    """

    source: Element | tuple[Any, ...]

    def __call__(self, header: Dataset | None) -> Sequence[Any]:
        """Return the values for a header; none for an element that is missing or empty."""
        return self.source.values(header) if isinstance(self.source, Element) else self.source


@dataclass(frozen=True)
class Comparison:
    """A chain of comparisons, ``0.5 < PixelSpacing <= 1``.

    Of an element with several values one that fits is enough, on both of its sides the same one.

    Attributes
    ----------
    operands : tuple of Values
        Two or more.
    signs : tuple of str
        What stands between them: ``==``, ``<``, ``<=``, ``>``, ``>=``, or ``in``, a text in a text.
    """

    operands: tuple[Values, ...]
    signs: tuple[str, ...]

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils it."""
        first, *others = self.operands
        fitting = first(header)
        for sign, operand in zip(self.signs, others, strict=True):
            fits = _FITS[sign]
            fitting = [
                right for right in operand(header) if any(fits(left, right) for left in fitting)
            ]
        return bool(fitting)


@dataclass(frozen=True)
class IsMissing:
    """Whether an element has no value."""

    element: Element

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils it."""
        return self.element.is_missing(header)


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils it."""
        return not self.condition(header)


@dataclass(frozen=True)
class AllOf:
    """All of some conditions, looked at in their order as far as need be."""

    conditions: tuple[Condition, ...]

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils it."""
        return all(condition(header) for condition in self.conditions)


@dataclass(frozen=True)
class AnyOf:
    """At least one of some conditions, looked at in their order as far as need be."""

    conditions: tuple[Condition, ...]

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils it."""
        return any(condition(header) for condition in self.conditions)
