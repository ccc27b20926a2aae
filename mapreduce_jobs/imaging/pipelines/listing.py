"""The operations as text, from their docstrings."""

import textwrap
from collections.abc import Iterator
from itertools import groupby

from mapreduce_jobs.imaging.pipelines.operation import Operation, Parameter, text_of
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS

__all__ = ["listing", "parameter_words"]

_WIDTH = 100


def listing() -> str:
    """Return what ``--list-ops`` shows: families, operations, parameters."""
    lines: list[str] = []
    for family, operations in groupby(OPERATIONS.values(), lambda operation: operation.family):
        lines += ["", f"{family}:"] if lines else [f"{family}:"]
        for operation in operations:
            lines += _operation(operation)
    return "\n".join(lines) + "\n"


def _operation(operation: Operation) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"{operation.name}: {operation.summary}", 2)
    for parameter in operation.parameters.values():
        yield from _wrapped(f"{parameter.name}={parameter_words(parameter)}. {parameter.about}", 6)


def parameter_words(parameter: Parameter) -> str:
    """Return the allowed values of a parameter and its default.

    >>> parameter_words(Parameter("sigma", float, 1.0, ""))
    'a number (default: 1)'
    """
    if parameter.is_required:
        return f"{parameter.allowed} (required)"
    if parameter.default is None:
        return parameter.allowed
    return f"{parameter.allowed} (default: {text_of(parameter.default)})"


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text.replace("``", ""),
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_on_hyphens=False,
    )
