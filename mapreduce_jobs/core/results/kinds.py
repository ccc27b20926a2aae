"""Kinds of the lines of results: what jobs declare that they write, and what this project's do.

A job of a user's own declares in `kind` what its lines are, and in `columns` their fields with a
type each, in the order of a table. ``--provenance`` notes both, and who reads the result together
with that file knows its lines. A result that stands alone is read by the shapes of this project's
own lines; all other objects are of the kind ``other``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["KINDS", "SCHEMA", "Declared", "kind_of", "type_in"]

# The types of what this project's jobs write, since a column without values, or with whole numbers
# only, does not say its own. Of several that fit, the first counts. Units: docs/results.md.
SCHEMA: dict[str, dict[str, str]] = {
    "histogram": {
        "images": "int64",
        "pixels": "int64",
        "padding": "int64",
        "unit": "text",
        "bins.start": "float64",
        "bins.stop": "float64",
        "bins.count": "int64",
        "counts.*": "list[int64]",
    },
    "edges": {
        "images": "int64",
        "pixels": "int64",
        "unit": "text",
        "edge_pixels": "int64",
        "density": "float64",
        "mean_gradient": "float64",
        "detector": "text",
        "threshold": "float64",
        "low": "float64",
        "high": "float64",
        "to_8bit": "text",
    },
    "profile": {
        "images": "int64",
        "frames": "int64",
        "pixels": "int64",
        "bytes": "int64",
        "decoded_bytes": "int64",
        "types.*": "int64",
        "quality.*.images": "int64",
        "quality.*.undefined.*": "int64",
        "quality.*": "float64",
        "failed.*": "int64",
    },
    "profile_image": {
        "images": "int64",
        "frames": "int64",
        "pixels": "int64",
        "bytes": "int64",
        "decoded_bytes": "int64",
        "types.bits": "int64",
        "types.*": "text",
        "quality.*": "float64",
        "undefined.*": "text",
    },
    "headers": {},
    "classes": {
        "images": "int64",
        "pixels": "int64",
        "model": "text",
        "exact": "bool",
        "values": "text",
        "window": "int64",
        "k": "int64",
        "seed": "int64",
        "means": "list[float64]",
        "sizes": "list[int64]",
        "inertia": "float64",
        "rounds": "int64",
        "converged": "bool",
    },
    "prediction": {
        "class": "text",
        "posteriors.*": "float64",
        "log_posteriors.*": "float64",
    },
    "model": {
        "model": "text",
        "distribution": "text",
        "smoothing": "float64",
        "features": "list[text]",
        "to_8bit": "text",
        "values": "text",
        "window": "int64",
        "images": "int64",
        "classes": "json",
    },
    "evaluation": {
        "folds": "int64",
        "images": "int64",
        "accuracy": "float64",
        "auc": "float64",
        "auc_of_class.*": "float64",
        "roc_of_class.*": "list[float64]",
        "confusion.*": "int64",
    },
    "regression": {
        "rows": "int64",
        "target": "text",
        "ridge": "float64",
        "intercept.*": "float64",
        "coefficients.*": "float64",
        "residual_sum": "float64",
        "r_squared": "float64",
    },
    "aggregate": {
        "rows": "int64",
        "fields.*.histogram": "list[int64]",
        "fields.*.bins.count": "int64",
        "fields.*": "float64",
    },
    "decision": {
        "kept": "bool",
        "reasons": "list[text]",
        "duplicate_of": "text",
        "contrast": "float64",
        "sharpness": "float64",
        "clipped": "float64",
    },
    "word": {"count": "int64"},
    "findings": {"findings": "json"},
    "error": {"error": "text", "message": "text"},
    "audit": {},
    "image": {"bytes": "int64", "reference": "text"},
    "provenance": {},
    "other": {},
}

KINDS = tuple(SCHEMA)
"""What lines of results are of."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = re.compile(r"json|(list\[)?(u?int64|float64|bool|text)(?(1)\])")
_ELEMENT = re.compile(r"[0-9a-f]{4},[0-9a-f]{4}")

# Where nobody declares what lines are, what an object holds decides; the first that fits.
_KIND_OF_FIELDS: tuple[tuple[str, dict[str, type]], ...] = (
    ("histogram", {"pixels": int, "bins": dict, "counts": dict}),
    ("edges", {"edge_pixels": int, "density": float, "detector": str}),
    ("profile_image", {"types": dict, "quality": dict, "undefined": dict}),
    ("profile", {"types": dict, "quality": dict, "failed": dict}),
    ("decision", {"kept": bool, "reasons": list}),
    ("classes", {"k": int, "means": list, "seed": int}),
    ("prediction", {"class": str, "posteriors": dict}),
    ("model", {"model": str, "distribution": str, "classes": list}),
    ("evaluation", {"folds": int, "accuracy": float, "confusion": dict}),
    ("regression", {"target": str, "intercept": dict, "coefficients": dict}),
    ("aggregate", {"rows": int, "fields": dict}),
)
_ALONE = ("audit", "findings")


@dataclass(frozen=True)
class Declared:
    """What a job of a user's own writes.

    Attributes
    ----------
    kind : str
        What a line is.
    columns : mapping of str to str
        The type of each field, in the order of a table; see docs/results.md. What is nested has
        names with dots, and ``*`` stands for any part of a name.

    Raises
    ------
    UsageError
        The kind is one of this project's, or no lower-case name; there are no columns, or one has a
        type that there is not.

    Examples
    --------
    >>> sharpness = Declared("sharpness", {"mean": "float64", "of_frame.*": "float64"})
    >>> sharpness.undeclared({"mean": 3, "of_frame": {"0": 1}, "unit": "stored"})
    ['unit']
    """

    kind: str
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or not _NAME.fullmatch(self.kind):
            raise UsageError(f"kind {self.kind}: must be a name in lower case, such as sharpness")
        if self.kind in KINDS:
            raise UsageError(f"kind {self.kind}: this project's own lines are of it: name another")
        if not isinstance(self.columns, Mapping) or not self.columns:
            raise UsageError(f"kind {self.kind}: needs columns, the type of each field by its name")
        for name, type_name in self.columns.items():
            if not isinstance(type_name, str) or not _TYPE.fullmatch(type_name):
                raise UsageError(
                    f"columns, {name}: {type_name}: must be int64, uint64, float64, bool, text, a"
                    " list of one of these such as list[int64], or json"
                )

    def undeclared(self, value: Mapping[str, Any]) -> list[str]:
        """Return which fields of an object are not among the columns."""
        fields = _fields(tuple(self.columns))
        return [name for name in value if name not in fields]


@cache
def _fields(columns: tuple[str, ...]) -> frozenset[str]:
    """Return the fields of an object that columns are made of."""
    return frozenset(name for column in columns for name in (column, column.partition(".")[0]))


def type_in(columns: Mapping[str, str], column: str) -> str | None:
    """Return the type of a column that is declared; None if it follows from its values.

    >>> type_in(SCHEMA["edges"], "density"), type_in(SCHEMA["profile"], "quality.snr.images")
    ('float64', 'int64')
    """
    if column == "key":
        return "text"
    return next((columns[name] for name in columns if fnmatchcase(column, name)), None)


def kind_of(value: dict[str, Any]) -> str:
    """Return the kind of an object that no job has declared, by its fields."""
    names = value.keys()
    if len(names) == 1:
        (name,) = names
        if name in _ALONE:
            return name
    for kind, needed in _KIND_OF_FIELDS:
        if all(isinstance(value.get(name), type_) for name, type_ in needed.items()):
            return kind
    return "headers" if names and all(map(_is_element, names)) else "other"


@cache
def _is_element(name: str) -> bool:
    """Return whether a field is named as dicom_headers names them.

    >>> _is_element("Modality"), _is_element("0009,1010"), _is_element("Mean")
    (True, True, False)
    """
    if _ELEMENT.fullmatch(name):
        return True
    if not any(map(str.isupper, name)):
        return False
    from pydicom.datadict import tag_for_keyword  # slow to import

    return all(tag_for_keyword(keyword) is not None for keyword in name.split("."))
