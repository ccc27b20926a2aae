"""Columns of a table that are made of what objects hold, and of which type each is."""

import json
from collections.abc import Callable
from typing import Any

from mapreduce_jobs.viewing.lines import Line

__all__ = ["Seen", "as_json", "converter", "flat", "short", "written"]

_MAX_LETTERS = 60
_EXACT = 1 << 53  # up to which each whole number is a float64


def flat(line: Line) -> dict[str, Any]:
    """Return a line as a row: the key, and what the object holds, objects within it with dots.

    >>> flat(Line("a", "other", {"bins": {"start": 0, "stop": 9}, "key": [1, {}]}))
    {'key': 'a', 'bins.start': 0, 'bins.stop': 9, 'key (2)': [1, {}]}
    """
    row: dict[str, Any] = {"key": line.key}
    _add(row, "", line.value)
    return row


def _add(row: dict[str, Any], before: str, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        name = before + written(field)
        if isinstance(value, dict):
            _add(row, f"{name}.", value)
            continue
        if name in row:  # a field's own name has a dot
            number = 2
            while f"{name} ({number})" in row:
                number += 1
            name = f"{name} ({number})"
        row[name] = value


def written(text: str) -> str:
    r"""Return a text as any file can hold it: escapes for NUL, and for bytes that are not UTF-8.

    >>> written("Größe \0 \udcff")
    'Größe \\x00 \\udcff'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def short(text: str) -> str:
    r"""Return a text of which what is long is cut, and what cannot be seen is an escape.

    >>> short("Gr\u00f6\u00dfe\n" + "x" * 80)
    'Größe\\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'
    """
    from mapreduce_jobs.viewing.lettering import visible

    return visible(text if len(text) <= _MAX_LETTERS else f"{text[:_MAX_LETTERS]}…")


def as_json(value: Any) -> str:
    """Return a value in JSON, as readable as the lines of results."""
    return json.dumps(value, ensure_ascii=False)


class Seen:
    """What the values of a column are.

    >>> seen = Seen()
    >>> for value in (1, None, 2.5):
    ...     seen.add(value)
    >>> seen.type(), seen.count
    ('float64', 2)
    """

    __slots__ = ("_greatest", "_kinds", "_least", "_lists", "count")

    def __init__(self) -> None:
        self.count = 0
        """How many values there are."""
        self._lists = 0
        self._kinds: set[type] = set()
        self._least = self._greatest = 0

    def add(self, value: Any) -> None:
        """Look at a value as JSON has it; None is none."""
        if value is None:
            return
        self.count += 1
        is_list = type(value) is list
        self._lists += is_list
        values = value if is_list else [value]
        kinds = set(map(type, values))
        self._kinds |= kinds
        if int in kinds:
            numbers = values if len(kinds) == 1 else [one for one in values if type(one) is int]
            self._least = min(self._least, min(numbers))
            self._greatest = max(self._greatest, max(numbers))

    def type(self, expected: str | None = None) -> str:
        """Return the type of the column.

        Parameters
        ----------
        expected : str, optional
            The type that it is to have, if the values can.

        Returns
        -------
        str
            ``int64``, ``uint64``, ``float64``, ``bool``, ``text``, a list of one of these as in
            ``list[int64]``, or ``json``: values of several types, objects, lists in lists, numbers
            that none of the others holds exactly.
        """
        base = self._base()
        found = f"list[{base}]" if self._lists and base != "json" else base
        if expected is None or found == expected:
            return found
        if self.count and self._kinds:
            whole = expected.replace("float64", "int64")  # also numbers with a fraction are whole
            return expected if found == whole and self._is_exact() else found
        return expected if not self.count or expected.startswith("list") else found

    def _base(self) -> str:
        kinds = self._kinds
        if kinds == {int}:
            if self._least >= -(1 << 63) and self._greatest < 1 << 63:
                return "int64"
            return "uint64" if self._least >= 0 and self._greatest < 1 << 64 else "json"
        if kinds and kinds <= {int, float}:
            return "float64" if self._is_exact() else "json"
        if kinds == {bool}:
            return "bool"
        return "text" if kinds <= {str} else "json"

    def _is_exact(self) -> bool:
        return self._least >= -_EXACT and self._greatest <= _EXACT


def converter(type_name: str) -> Callable[[Any], Any]:
    """Return what brings a value, as JSON has it, to the type of its column.

    >>> converter("float64")(1), converter("list[float64]")(1), converter("int64")(None)
    (1.0, [1.0], None)
    """
    if type_name == "float64":
        return lambda value: None if value is None else float(value)
    if type_name == "list[float64]":
        return lambda value: None if value is None else list(map(float, _listed(value)))
    if type_name.startswith("list"):
        return lambda value: None if value is None else _listed(value)
    return lambda value: value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
