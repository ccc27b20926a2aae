"""An operation as text: its parameters, read from the signature and docstring of its function."""

import inspect
import math
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from mapreduce_jobs.imaging.arrays.parameters import SHARED_TEXTS, Between, Rows
from mapreduce_jobs.imaging.errors import BadParameter, StrippedDocstrings
from mapreduce_jobs.imaging.image import Image

__all__ = ["Operation", "Parameter"]

_SECTION = re.compile(r"^\s*-{3,}\s*$")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes
    ----------
    name : str
        Its name.
    kind : type
        As it is annotated, without None.
    default : object
        Its value where none is stated; `inspect.Parameter.empty` if one must be.
    about : str
        What the docstring, or `SHARED_TEXTS`, says of it.
    """

    name: str
    kind: Any
    default: Any
    about: str

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty

    def read(self, raw: Any) -> Any:
        """Return the value of a text, or of what YAML or JSON made of it.

        Raises
        ------
        BadParameter
            It is of another type, or outside the limits; the message says what is allowed.

        Examples
        --------
        >>> Parameter("angle", float, 0.0, "").read("30")
        30.0
        >>> Parameter("axis", Literal["horizontal", "vertical"], "vertical", "").read("up")
        Traceback (most recent call last):
        mapreduce_jobs.imaging.errors.BadParameter: axis=up: must be horizontal or vertical
        """
        for kind in _choices(self.kind):
            value = _value(kind, raw)
            if value is not None:
                return value
        raise BadParameter(f"{self.name}={text_of(raw)}: must be {self.allowed}")

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return " or ".join(_words(kind) for kind in _choices(self.kind))


@dataclass(frozen=True)
class Operation:
    """A function from image to image, as a pipeline names and calls it.

    Attributes
    ----------
    name, family : str
        What it is called, and what it is listed under.
    function : callable
        ``function(image, **values)`` gives an `Image`.
    summary, description : str
        The first sentence of its docstring, and what stands between that and its sections.
    parameters : mapping of str to Parameter
        In the order of the signature.
    """

    name: str
    family: str
    function: Callable[..., Image]
    summary: str
    description: str
    parameters: Mapping[str, Parameter]

    @classmethod
    def of(cls, function: Callable[..., Image], family: str) -> "Operation":
        """Read an operation from a documented function."""
        if sys.flags.optimize > 1:
            raise StrippedDocstrings
        about = _about_parameters(function.__doc__ or "")
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = {
            name: Parameter(name, hints[name], found.default, about[name] or SHARED_TEXTS[name])
            for name, found in inspect.signature(function).parameters.items()
            if found.kind is found.KEYWORD_ONLY
        }
        head = inspect.cleandoc(function.__doc__ or "").partition("\n\nParameters\n")[0]
        summary, _, description = head.partition("\n\n")
        summary = " ".join(summary.split())
        return cls(function.__name__, family, function, summary, description.strip(), parameters)

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of parameters from texts, or from what YAML or JSON made of them.

        Raises
        ------
        BadParameter
            One is unknown, of the wrong type or missing; the message says what is allowed.
        """
        values = {}
        for name, value in raw.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "no parameters"
                raise BadParameter(f"{self.name}: {name} is not known: it has {known}")
            try:
                values[name] = self.parameters[name].read(value)
            except BadParameter as error:
                raise BadParameter(f"{self.name}: {error}") from None
        for parameter in self.parameters.values():
            if parameter.is_required and parameter.name not in values:
                raise BadParameter(
                    f"{self.name}: {parameter.name}=… is missing: {parameter.allowed},"
                    f" {parameter.about}"
                )
        return values


def text_of(value: Any) -> str:
    """Return the text of a parameter's value, which `Parameter.read` reads back.

    >>> text_of(0.5), text_of(30.0), text_of(True), text_of(((1.0, 2.0), (3.0, 4.5)))
    ('0.5', '30', 'true', '1,2;3,4.5')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple | list):
        rows = (row if isinstance(row, tuple | list) else [row] for row in value)
        return ";".join(",".join(text_of(number) for number in row) for row in rows)
    return str(value)


def _about_parameters(doc: str) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter, in one line each, may be empty."""
    lines = inspect.cleandoc(doc).splitlines()
    about: dict[str, list[str]] = {}
    names: list[str] = []
    start = lines.index("Parameters") + 2 if "Parameters" in lines else len(lines)
    for line, following in zip(lines[start:], [*lines[start + 1 :], ""], strict=True):
        if _SECTION.match(following):
            break
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
            about.update({name: [] for name in names})
        elif line.strip():
            for name in names:
                about[name].append(line.strip())
    return {name: " ".join(words).strip().removesuffix(".") for name, words in about.items()}


def _choices(kind: Any) -> tuple[Any, ...]:
    """Return the types that a union names, without None; a type by itself is one of one."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return tuple(
            choice for part in get_args(kind) if part is not type(None) for choice in _choices(part)
        )
    return (kind,)


def _value(kind: Any, raw: Any) -> Any:
    """Return a raw value as one of a type; None if it is not one."""
    if get_origin(kind) is Annotated:
        base, limits = get_args(kind)[:2]
        value = _value(base, raw)
        return value if value is not None and _within(value, limits) else None
    if get_origin(kind) is Literal:
        texts = {text_of(choice): choice for choice in get_args(kind)}
        return texts.get(text_of(raw))
    if kind == Rows:
        return _rows(raw)
    if kind is bool:
        return {"true": True, "false": False}.get(text_of(raw).lower())
    if kind is str:
        return raw if isinstance(raw, str) else None
    if isinstance(raw, bool):
        return None
    return _number(kind, raw)


def _number(kind: Any, raw: Any) -> Any:
    try:
        number = float(raw)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    if kind is float:
        return number
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else None


def _rows(raw: Any) -> Rows | None:
    if isinstance(raw, str):
        raw = [row.split(",") for row in raw.split(";")]
    if not isinstance(raw, tuple | list):
        raw = [raw]
    rows = [tuple(row) if isinstance(row, tuple | list) else (row,) for row in raw]
    values = tuple(tuple(_number(float, number) for number in row) for row in rows)
    return values if rows and all(row and None not in row for row in values) else None


def _within(value: float, limits: Between) -> bool:
    return (
        (limits.least is None or value >= limits.least)
        and (limits.most is None or value <= limits.most)
        and (limits.above is None or value > limits.above)
        and (not limits.odd or value % 2 == 1)
    )


def _words(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        base, limits = get_args(kind)[:2]
        return _words_of_limits("whole number" if base is int else "number", limits)
    if get_origin(kind) is Literal:
        texts = [text_of(choice) for choice in get_args(kind)]
        return " or ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
    if kind == Rows:
        return "numbers in rows, as in 1,2;3,4"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]


def _words_of_limits(number: str, limits: Between) -> str:
    article = "an odd" if limits.odd else "a"
    if limits.above is not None:
        above = f"above {text_of(float(limits.above))}"
        most = f" and at most {text_of(float(limits.most))}" if limits.most is not None else ""
        return f"{article} {number} {above}{most}"
    if limits.least is not None and limits.most is not None:
        least, most = text_of(float(limits.least)), text_of(float(limits.most))
        return f"{article} {number} from {least} to {most}"
    if limits.least is not None:
        return f"{article} {number}, {text_of(float(limits.least))} or more"
    if limits.most is not None:
        return f"{article} {number}, {text_of(float(limits.most))} or less"
    return f"{article} {number}"
