"""Conditions on the header of an image, as text.

::

    Modality == 'CT' and 0.5 < SliceThickness <= 1.5
    Modality in ('CT', 'MR') and not 'LOCALIZER' in ImageType
    PatientID == None or SharedFunctionalGroupsSequence.PixelMeasuresSequence.SliceThickness > 3

Names are the keywords of PS3.6, those of sequences joined by dots to what their items hold. Words
and signs are Python's, and Python's parser reads them; nothing is run as Python. Numbers are
compared with numbers, text with text, which stands in quotes and is compared as it is: dates as
``'20240131'``, persons as ``'Doe^Jane'``.

An element may have several values, or lie in several items: one that fits is enough. ``!=`` and
``not in`` are the opposites of ``==`` and ``in``: no value may fit. ``'AXIAL' in ImageType`` looks
for text within each value. An element that is missing, or empty, is None, and fits nothing else.
"""

import ast
import re
import warnings
from dataclasses import dataclass

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.conditions import Condition, Operand, comparison, opposite, wrong
from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.errors import BadParameter

__all__ = ["Where"]

_MAX_LENGTH = 10_000  # characters
_MAX_DEPTH = 50  # parentheses, and words not
_MAX_DIGITS = 1000  # of an integer; Python itself refuses more than some 4000

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_PART = re.compile(
    rf"""(?P<text>'[^']*'|"[^"]*") | \s+ | (?P<long>\d{{{_MAX_DIGITS},}})
      | \w+ | [<>=!]= | [<>().,+-] | (?P<other>.)""",
    re.VERBOSE | re.ASCII,
)
_BEFORE_SIGN = re.compile(r"[\s)]*")
_START = "_="  # a condition is read as what is assigned: it may begin with spaces


@dataclass(frozen=True)
class Where:
    """A condition on headers.

    Attributes
    ----------
    text : str
        The condition.
    keywords : tuple of str
        The elements that a header has to be read for; of sequences, the outermost.
    condition : callable
        The condition as a function of a header.

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
            It is not one; the message says at which character.

        Examples
        --------
        >>> Where.parse("Rows > '512'")
        Traceback (most recent call last):
        mapreduce_jobs.imaging.errors.BadParameter: at character 8: Rows is a number, and '512' is
        text
        """
        if len(text) > _MAX_LENGTH:
            wrong(_MAX_LENGTH, "longer than a condition may be")
        reader = _Reader(text)
        try:
            condition = reader.condition(_parsed(text))
        except (RecursionError, MemoryError):  # of names and signs without end
            wrong(1, "nested too deeply")
        return cls(text, tuple(dict.fromkeys(reader.keywords)), condition)

    def __call__(self, header: Dataset | None) -> bool:
        """Return whether a header fulfils the condition.

        Parameters
        ----------
        header : Dataset or None
            As `read_header` returns it; in None, every element is missing.

        Raises
        ------
        CorruptImage
            An element that is compared cannot be read, or is no number although it should be.
        """
        return self.condition(header)


def _parsed(text: str) -> ast.expr:
    """Return the syntax tree of a condition."""
    plain = _plain(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a number with a word right behind it
            (statement,) = ast.parse(_START + plain).body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - len(_START), 1), len(text) + 1)
        found = _PART.match(text, at - 1)
        what = f"{found[0] if found else 'the end'} is not expected"
        wrong(at, what if error.msg.startswith("invalid syntax") else error.msg)
    assert isinstance(statement, ast.Assign)  # noqa: S101
    return statement.value


def _plain(text: str) -> str:
    """Return a condition of the same length without what Python would take for more than one.

    What stands in quotes has no escapes, and is replaced; the rest is ASCII in one line.
    """
    parts = []
    depth = words = 0
    for part in _PART.finditer(text):
        said, at = part[0], part.start() + 1
        if said.isspace():
            parts.append(" " * len(said))
            continue
        depth += (said == "(") - (said == ")")
        words = words + 1 if said == "not" else 0
        if depth + words > _MAX_DEPTH:
            wrong(at, f"more than {_MAX_DEPTH} parentheses or words not, one in the other")
        if part["long"]:
            wrong(at, f"a number of more than {_MAX_DIGITS} digits")
        if part["other"]:
            hint = "; to compare, write ==" if said == "=" else ""
            is_quote = said in "'\""
            wrong(at, "the quote is not closed" if is_quote else f"{said} is not understood{hint}")
        parts.append(f"'{'x' * (len(said) - 2)}'" if part["text"] else said)
    return "".join(parts)


class _Reader:
    """Makes a condition of a syntax tree, and collects its keywords."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.keywords: list[str] = []

    def condition(self, node: ast.expr) -> Condition:
        if isinstance(node, ast.BoolOp):
            parts = tuple(map(self.condition, node.values))
            join = all if isinstance(node.op, ast.And) else any
            return lambda header: join(part(header) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return opposite(self.condition(node.operand))
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        said = self._operand(node).said
        wrong(_end(node) + 1, f"a comparison is missing after {said}, such as {said} != None")

    def _comparison(self, node: ast.Compare) -> Condition:
        operands, signs = [self._operand(node.left)], []
        for left, kind, right in zip(
            [node.left, *node.comparators], node.ops, node.comparators, strict=False
        ):
            found = _BEFORE_SIGN.match(self._text, _end(left))
            at = found.end() + 1 if found else 1
            sign = _SIGNS.get(type(kind)) or wrong(at, "is is not understood: compare by ==")
            operands.append(self._operand(right, sign))
            signs.append((at, sign))
        return comparison(operands, signs)

    def _operand(self, node: ast.expr, sign: str = "") -> Operand:
        """Return what stands at the beginning of a comparison, or behind a sign."""
        at, said = _at(node), self._said(node)
        name = _dotted(node)
        if name:
            try:
                element = Element.named(name)
            except BadParameter as error:
                wrong(at, f"{error}; text stands in quotes" if sign else str(error))
            self.keywords.append(element.keyword)
            return Operand(at, said, element.kind, element)
        items = [node]
        if sign in ("in", "not in"):
            if isinstance(node, ast.Tuple):
                items = node.elts or wrong(
                    _end(node), ") is not expected: a number or text in quotes is"
                )
            elif not self._text[: at - 1].rstrip().endswith("("):
                wrong(at, "after in comes an element, or a list in parentheses")
        first, *others = map(self._constant, items)
        for other in others:
            if other.kind != first.kind:
                wrong(other.at, "numbers and texts do not go together in a list")
        values = [one.source for one in (first, *others) if isinstance(one.source, tuple)]
        return first._replace(source=sum(values, ()))

    def _constant(self, node: ast.expr) -> Operand:
        at, said = _at(node), self._said(node)
        try:
            value = ast.literal_eval(node)
        except ValueError:
            value = ...
        if value is None:
            return Operand(at, said, "None", ())
        if type(value) in (int, float):
            return Operand(at, said, "number", (value,))
        if not isinstance(value, str) or len(value) + 2 != len(said):  # of several texts
            wrong(at, f"{said} is not expected: a keyword, number, text or None is")
        if not value:
            wrong(at, "an empty text fits nothing: ask for == None")
        return Operand(at, said, "text", (said[1:-1],))

    def _said(self, node: ast.expr) -> str:
        return self._text[_at(node) - 1 : _end(node)]


def _at(node: ast.expr) -> int:
    """Return the first character of a part of a condition."""
    return node.col_offset - len(_START) + 1


def _end(node: ast.expr) -> int:
    """Return its last character."""
    return (node.end_col_offset or 0) - len(_START)


def _dotted(node: ast.expr) -> str:
    """Return a name with the names before its dots; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
