"""A condition on the header of an image, as text: which images are meant.

::

    Modality == 'CT' and 0.5 < SliceThickness <= 1.5
    Modality in ('CT', 'MR') and not 'LOCALIZER' in ImageType
    PatientID == None or SharedFunctionalGroupsSequence.PixelMeasuresSequence.SliceThickness > 3

Names are the keywords of PS3.6, those of sequences joined by dots to what their items hold. Words
and signs are Python's; nothing is run as Python. Numbers are compared with numbers, text with text,
which stands in quotes and is compared as it is: dates as ``'20240131'``, persons as ``'Doe^Jane'``.

An element may have several values, or lie in several items: one that fits is enough. ``!=`` and
``not in`` are the opposites of ``==`` and ``in``: no value may fit. ``'AXIAL' in ImageType`` looks
for text within each value. An element that is missing, or empty, is None, and fits nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    IsMissing,
    Not,
    Values,
)
from mapreduce_jobs.imaging.elements import Element
from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.imaging.tokens import Token, tokens_of, wrong

__all__ = ["Where"]

_LONGEST = 10_000  # characters
_DEEPEST = 50  # parentheses, and words not
_LONGEST_INTEGER = 30  # digits

_CHAINABLE = ("==", "<", "<=", ">", ">=")
_SIGNS = (*_CHAINABLE, "!=", "in", "not")


@dataclass(frozen=True)
class Where:
    """A condition on headers.

    Attributes
    ----------
    text : str
        As it was given.
    keywords : tuple of str
        The elements that a header has to be read for; of sequences, the outermost.
    condition : callable
        What tells whether a header fulfils it.

    Examples
    --------
    >>> header = Dataset()
    >>> header.Modality, header.SliceThickness = "CT", 1.25
    >>> where = Where.parse("Modality == 'CT' and SliceThickness <= 1.5")
    >>> where.keywords, where(header), where(None)
    (('Modality', 'SliceThickness'), True, False)
    """

    text: str
    keywords: tuple[str, ...]
    condition: Condition

    @classmethod
    def parse(cls, text: str) -> "Where":
        """Read a condition.

        Raises
        ------
        BadParameter
            It is not one; the message tells the place.

        Examples
        --------
        >>> Where.parse("Rows > '512'")
        Traceback (most recent call last):
        mapreduce_jobs.imaging.errors.BadParameter: at character 8: Rows is a number, and '512' is
        text
        """
        if len(text) > _LONGEST:
            raise BadParameter(f"at character {_LONGEST}: longer than a condition may be")
        parser = _Parser(text)
        condition = parser.whole()
        return cls(text, tuple(dict.fromkeys(parser.keywords)), condition)

    def __call__(self, header: Dataset | None) -> bool:
        """Tell whether a header fulfils the condition.

        Parameters
        ----------
        header : Dataset or None
            As `read_header` gives it; in None, every element is missing.

        Raises
        ------
        CorruptImage
            An element that is compared cannot be read, or is no number although it should be.
        """
        return self.condition(header)


class _Operand(NamedTuple):
    """What is compared; `values` are those of None if it is None."""

    token: Token
    values: Values | None
    kind: str

    @property
    def element(self) -> Element | None:
        source = self.values and self.values.source
        return source if isinstance(source, Element) else None


class _Parser:
    """Reads a condition from the left to the right, one method a rule of its grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._next = 0
        self._depth = 0
        self.keywords: list[str] = []

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        """Step over the next token if it is one of these words or signs."""
        token = self._token
        if token.kind not in ("word", "sign") or token.text not in texts:
            return None
        self._next += 1
        return token

    def whole(self) -> Condition:
        condition = self._disjunction()
        if self._token.kind != "end":
            wrong(self._token, f"{self._token.text} is not expected: and, or, or the end is")
        return condition

    def _disjunction(self) -> Condition:
        return self._several("or", self._conjunction, AnyOf)

    def _conjunction(self) -> Condition:
        return self._several("and", self._negation, AllOf)

    def _several(
        self, word: str, part: Callable[[], Condition], join: Callable[[Any], Condition]
    ) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return join(tuple(parts)) if len(parts) > 1 else parts[0]

    def _negation(self) -> Condition:
        opening = self._take("not", "(")
        if opening is None:
            return self._comparison()
        self._depth += 1
        if self._depth > _DEEPEST:
            wrong(opening, f"more than {_DEEPEST} parentheses or words not, one in the other")
        if opening.text == "not":
            condition: Condition = Not(self._negation())
        else:
            condition = self._disjunction()
            if not self._take(")"):
                what = f"the parenthesis of character {opening.at} is not closed"
                wrong(self._token, f"{self._token.text} is not expected: {what}")
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        operands = [self._operand()]
        signs: list[Token] = []
        while sign := self._take(*_SIGNS):
            signs.append(sign)
            if sign.text == "not" and not self._take("in"):
                wrong(self._token, f"{self._token.text} is not expected: in is, after not")
            operands.append(self._list() if sign.text in ("in", "not") else self._operand())
        if not signs:
            said = operands[0].token.text
            wrong(self._token, f"a comparison is missing after {said}, such as {said} != None")
        if len(signs) == 1:
            return self._pair(operands[0], signs[0], operands[1])
        for sign in signs:
            if sign.text not in _CHAINABLE:
                wrong(sign, f"{sign.text} does not stand in a chain of comparisons: use and")
        for left, sign, right in zip(operands, signs, operands[1:], strict=False):
            _check(left, sign, right)
        values = tuple(operand.values for operand in operands if operand.values)
        return Comparison(values, tuple(sign.text for sign in signs))

    def _pair(self, left: _Operand, sign: Token, right: _Operand) -> Condition:
        is_opposite = sign.text in ("!=", "not")
        condition: Condition
        if sign.text in ("==", "!=") and (left.element or right.element):
            for one, other in ((left, right), (right, left)):
                if one.kind == "None" and other.element:
                    condition = IsMissing(other.element)
                    return Not(condition) if is_opposite else condition
        _check(left, sign, right)
        assert left.values  # noqa: S101  (None is refused)
        assert right.values  # noqa: S101
        fits = {"!=": "==", "not": "in"}.get(sign.text, sign.text)
        if fits == "in" and right.element is None:
            fits = "=="  # to one of the list
        condition = Comparison((left.values, right.values), (fits,))
        return Not(condition) if is_opposite else condition

    def _operand(self) -> _Operand:
        token = self._token
        self._next += 1
        if token.kind == "name":
            try:
                element = Element.named(token.text)
            except BadParameter as error:
                is_value = self._next > 1 and self._tokens[self._next - 2].text in _SIGNS
                wrong(token, f"{error}; text stands in quotes" if is_value else str(error))
            self.keywords.append(element.keyword)
            return _Operand(token, Values(element), element.kind)
        if token.kind in ("number", "text"):
            return _Operand(token, Values((_constant(token),)), token.kind)
        if token.text == "None":
            return _Operand(token, None, "None")
        wrong(token, f"{token.text} is not expected: a keyword, number, text or None is")

    def _list(self) -> _Operand:
        """Read what stands after ``in``: constants in parentheses, or an element."""
        opening = self._token
        if not self._take("("):
            operand = self._operand()
            if operand.element is None:
                wrong(opening, "after in comes an element, or a list in parentheses")
            return operand
        first = self._token
        constants: list[Any] = []
        while not constants or self._take(","):
            token = self._token
            if constants and token.text == ")":
                break  # a comma behind the last
            if token.kind not in ("number", "text"):
                wrong(token, f"{token.text} is not expected: a number or text in quotes is")
            if token.kind != first.kind:
                wrong(token, "numbers and texts do not go together in a list")
            constants.append(_constant(token))
            self._next += 1
        if not self._take(")"):
            wrong(self._token, f"{self._token.text} is not expected: a comma or ) is")
        return _Operand(first, Values(tuple(constants)), first.kind)


def _constant(token: Token) -> int | float | str:
    if token.kind == "text":
        return token.text[1:-1] or wrong(token, "an empty text fits nothing: ask for == None")
    is_whole = token.text.lstrip("+-").isdigit() and len(token.text) < _LONGEST_INTEGER
    return int(token.text) if is_whole else float(token.text)


def _check(left: _Operand, sign: Token, right: _Operand) -> None:
    """Refuse a comparison of what cannot be compared."""
    for operand in (left, right):
        name = operand.token.text
        if operand.kind == "None":
            wrong(operand.token, "None is compared by == and != with an element, and nothing else")
        if operand.kind == "other":
            wrong(operand.token, f"{name} is no number and no text: ask for == None or != None")
    if not (left.element or right.element):
        wrong(left.token, f"neither {left.token.text} nor {right.token.text} is of the header")
    if sign.text in ("in", "not") and right.element and "number" in (left.kind, right.kind):
        number = left if left.kind == "number" else right
        wrong(number.token, f"{number.token.text} is a number, and in looks for text in text")
    if left.kind != right.kind:
        number, text = (left, right) if left.kind == "number" else (right, left)
        wrong(right.token, f"{number.token.text} is a number, and {text.token.text} is text")
