"""Meaning of a condition on a header: how its elements and constants are compared."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.errors import BadParameter

__all__ = ["Condition", "Operand", "comparison", "opposite", "wrong"]

Condition = Callable[[Dataset | None], bool]
"""Returns whether a header fulfils it; None is the header of an image that has none."""

_CHAINABLE = ("==", "<", "<=", ">", ">=")
_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda part, text: part in text,
}


def wrong(at: int, what: str) -> NoReturn:
    """Raise `BadParameter` for what is wrong at a character, counted from 1."""
    raise BadParameter(f"at character {at}: {what}")


class Operand(NamedTuple):
    """One side of a comparison.

    Attributes
    ----------
    at : int
        Its first character in the condition, counted from 1.
    said : str
        Its text there.
    kind : {"number", "text", "other", "None"}
        See `Element`.
    source : Element or tuple
        The element, or constants; of None there are none.
    """

    at: int
    said: str
    kind: str
    source: Element | tuple[Any, ...]

    @property
    def is_element(self) -> bool:
        """Whether it is of the header."""
        return isinstance(self.source, Element)

    def values(self, header: Dataset | None) -> Sequence[Any]:
        """Return the values in a header; none for an element that is missing or empty."""
        return self.source.values(header) if isinstance(self.source, Element) else self.source


def opposite(condition: Condition) -> Condition:
    """Return the condition that is fulfilled where another is not."""
    return lambda header: not condition(header)


def comparison(operands: Sequence[Operand], signs: Sequence[tuple[int, str]]) -> Condition:
    """Return the condition that a comparison, or a chain of them, is.

    Parameters
    ----------
    operands : sequence of Operand
        Two or more.
    signs : sequence of (int, str)
        The signs between them, and where each stands: ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``,
        ``in`` or ``not in``.

    Raises
    ------
    BadParameter
        They cannot be compared.
    """
    if len(signs) == 1:
        return _pair(operands[0], signs[0][1], operands[1])
    for at, sign in signs:
        if sign not in _CHAINABLE:
            wrong(at, f"{sign} does not stand in a chain of comparisons: use and")
    for left, (_, sign), right in zip(operands, signs, operands[1:], strict=False):
        _check(left, sign, right)
    return _chain(operands, [sign for _, sign in signs])


def _pair(left: Operand, sign: str, right: Operand) -> Condition:
    is_opposite = sign in ("!=", "not in")
    fits = {"!=": "==", "not in": "in"}.get(sign, sign)
    condition: Condition | None = None
    if fits == "==":
        for one, other in ((left, right), (right, left)):
            if one.kind == "None" and isinstance(other.source, Element):
                condition = other.source.is_missing
    if condition is None:
        _check(left, sign, right)
        if fits == "in" and not right.is_element:
            fits = "=="  # to one of the list
        condition = _chain([left, right], [fits])
    return opposite(condition) if is_opposite else condition


def _chain(operands: Sequence[Operand], signs: Sequence[str]) -> Condition:
    """Return a chain of comparisons, ``0.5 < PixelSpacing <= 1``.

    Of an element with several values one that fits is enough, on both of its sides the same one.
    """
    first, *others = operands

    def condition(header: Dataset | None) -> bool:
        fitting = first.values(header)
        for sign, operand in zip(signs, others, strict=True):
            fits, before = _FITS[sign], fitting
            fitting = [
                right
                for right in operand.values(header)
                if any(fits(left, right) for left in before)
            ]
        return bool(fitting)

    return condition


def _check(left: Operand, sign: str, right: Operand) -> None:
    """Refuse a comparison of what cannot be compared."""
    for operand in (left, right):
        if operand.kind == "None":
            wrong(operand.at, "None is compared by == and != with an element, and nothing else")
        if operand.kind == "other":
            what = f"{operand.said} is no number and no text"
            wrong(operand.at, f"{what}: ask for == None or != None")
    if not (left.is_element or right.is_element):
        wrong(left.at, f"neither {left.said} nor {right.said} is of the header")
    if sign in ("in", "not in") and right.is_element and "number" in (left.kind, right.kind):
        number = left if left.kind == "number" else right
        wrong(number.at, f"{number.said} is a number, and in looks for text in text")
    if left.kind != right.kind:
        number, text = (left, right) if left.kind == "number" else (right, left)
        wrong(right.at, f"{number.said} is a number, and {text.said} is text")
