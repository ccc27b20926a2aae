"""Tables as arrays of numpy in one file: numbers, truth values and texts, and no pickles."""

from array import array
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.viewing.tables.columns import as_json, written
from mapreduce_jobs.viewing.tables.table import Table

__all__ = ["arrays_of", "write_npz"]

_CODES = {"int64": "q", "uint64": "Q", "float64": "d", "bool": "b"}
_MAX_BYTES = 1 << 30  # of an array of texts, each of which takes as much as the longest

Array = npt.NDArray[Any]


def write_npz(tables: Sequence[Table], file: BinaryIO) -> None:
    """Write tables as arrays, which lie in memory until they are written.

    Parameters
    ----------
    tables : sequence of Table
        Of different kinds.
    file : binary file
        Where to.

    Raises
    ------
    UsageError
        A column of texts is too large for an array.
    """
    arrays: dict[str, Array] = {}
    for table in tables:
        for name, values in arrays_of(table).items():
            if name in arrays:
                raise UsageError(f"two columns would have the name {name}: use csv or parquet")
            arrays[name] = values
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def arrays_of(table: Table) -> dict[str, Array]:
    """Return the columns of a table as arrays.

    Parameters
    ----------
    table : Table
        Any.

    Returns
    -------
    dict of str to ndarray
        ``KIND.COLUMN``, one value a row; lists of one length give rows × length, other lists their
        values one behind the other, and ``KIND.COLUMN:offsets``, where those of each row begin and,
        last, end. Texts are unicode. Where a number is missing stands NaN, 0, False or an empty
        text; if it is not NaN, ``KIND.COLUMN:missing`` says where that is.

    Examples
    --------
    >>> from mapreduce_jobs.viewing.lines import Line
    >>> table = Table("other", [])
    >>> table.add(Line("a", "other", {"counts": [1, 2]}))
    >>> table.add(Line("b", "other", {"counts": [3]}))
    >>> for name, values in arrays_of(table).items():
    ...     print(name, values.tolist())
    other.key ['a', 'b']
    other.counts [1, 2, 3]
    other.counts:offsets [0, 2, 3]
    """
    columns = {name: _Column(kind) for name, kind in table.columns.items()}
    for row in table.rows():
        for name, value in row.items():
            columns[name].add(value)
    arrays: dict[str, Array] = {}
    for name, column in columns.items():
        for ending, values in column.arrays(f"{table.kind}.{name}").items():
            arrays[f"{table.kind}.{name}{ending}"] = values
    return arrays


class _Column:
    """The values of a column, packed."""

    def __init__(self, kind: str) -> None:
        self._is_list = kind.startswith("list")
        self._kind = kind[5:-1] if self._is_list else kind
        code = _CODES.get(self._kind)
        self._values: Any = array(code) if code else []
        self._filler = float("nan") if self._kind == "float64" else 0 if code else ""
        self._missing = array("b")
        self._offsets = array("q", [0])

    def add(self, value: Any) -> None:
        """Add a value as it is in its table."""
        self._missing.append(value is None)
        if not self._is_list:
            self._values.append(self._filler if value is None else self._packed([value])[0])
            return
        self._values.extend(self._packed(value or []))
        self._offsets.append(len(self._values))

    def _packed(self, values: list[Any]) -> list[Any]:
        if self._kind == "json":
            values = list(map(as_json, values))
        return values if self._kind in _CODES else list(map(written, values))

    def arrays(self, name: str) -> dict[str, Array]:
        """Return them as arrays, by what is put behind the name."""
        if self._kind in _CODES:
            values = np.frombuffer(self._values, self._values.typecode).astype(
                self._kind, copy=False
            )
        else:
            values = self._texts(name)
        missing = np.frombuffer(self._missing, np.int8).astype(np.bool_)
        parts = {":missing": missing} if missing.any() else {}
        if not self._is_list:
            return {"": values} if self._kind == "float64" else {"": values, **parts}
        offsets = np.frombuffer(self._offsets, np.int64)
        lengths = np.diff(offsets)
        if len(lengths) and lengths[0] and (lengths == lengths[0]).all():
            return {"": values.reshape(len(lengths), -1), **parts}
        return {"": values, ":offsets": offsets, **parts}

    def _texts(self, name: str) -> Array:
        longest = max(map(len, self._values), default=0)
        size = 4 * longest * len(self._values)  # as numpy has texts
        if size > _MAX_BYTES:
            raise UsageError(
                f"{name}: its longest text has {longest:,} characters, and {len(self._values):,} of"
                f" that length are {size / 1e9:.1f} GB: use parquet"
            )
        return np.array(self._values, np.str_)
