"""Results as tables, one for each kind of line: a row a line, a column a field."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.kinds import SCHEMA, type_in
from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.tables.columns import Seen, converter, flat, short, written

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Rows", "Table", "gathered", "listed_array"]

_MAX_COLUMNS = 10_000
_MAX_NAMED = 12  # columns that its representation names
_NUMPY = {"int64": "int64", "uint64": "uint64", "float64": "float64", "bool": "bool"}
_PANDAS = {"int64": "Int64", "uint64": "UInt64", "bool": "boolean", "text": "string"}


AnyTable = TypeVar("AnyTable", bound="Table")


class Rows(Protocol):
    """Where the rows of a table are: a list, or a file of them."""

    def append(self, row: dict[str, Any], /) -> None:
        """Add a row."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows from the first on."""


class Table:
    """The lines of one kind, as rows in their order.

    Parameters
    ----------
    kind : str
        As `Line` has it.
    rows : Rows
        Where rows are kept, none yet.
    columns : mapping of str to str, optional
        The types of columns. The table has those without ``*`` even if no line does, and all in
        this order; by default they are this project's for the kind, in the order of the lines.

    Attributes
    ----------
    kind : str
        What the lines are of.
    columns : dict of str to str
        The type of each column by its name: ``int64``, ``uint64``, ``float64``, ``bool``,
        ``text``, a list of one of these as in ``list[int64]``, or ``json``, any of what JSON has.
        The first is ``key``, the others are fields, those of objects within objects with dots, as
        in ``bins.start``; see docs/results.md.

    Examples
    --------
    >>> table = Table("edges", [])
    >>> table.add(Line("a.png", "edges", {"pixels": 12, "density": 0.5}))
    >>> table
    edges: 1 row × 3 columns: key, pixels, density
    >>> list(table.rows()), table.to_numpy("density").tolist()
    ([{'key': 'a.png', 'pixels': 12, 'density': 0.5}], [0.5])
    """

    def __init__(self, kind: str, rows: Rows, columns: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self._rows = rows
        self._count = 0
        self._declared = columns or {}
        self._types = columns or SCHEMA.get(kind, {})
        self._seen = {name: Seen() for name in ("key", *self._declared) if "*" not in name}

    def add(self, line: Line) -> None:
        """Add a line as a row."""
        row = flat(line)
        for name, value in row.items():
            if name not in self._seen:
                self._seen[name] = Seen()
            self._seen[name].add(value)
        if len(self._seen) > _MAX_COLUMNS:
            raise UsageError(
                f"the lines of {self.kind} have more than {_MAX_COLUMNS:,} different fields, which"
                " is too much for a table"
            )
        self._rows.append(row)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @property
    def columns(self) -> dict[str, str]:
        """The type of each column by its name."""
        return {name: self._type(name) for name in self._names()}

    def _names(self) -> list[str]:
        """Return the names of the columns in their order."""
        order = ["key", *self._declared]
        return sorted(
            self._seen,
            key=lambda name: next(
                (number for number, one in enumerate(order) if fnmatchcase(name, one)), len(order)
            ),
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows: values by column, all columns in each, None where there is none.

        Whole numbers are floats in a column of type ``float64``; what is ``json`` is as JSON has
        it: lists, and objects as dictionaries.
        """
        converters = {name: converter(kind) for name, kind in self.columns.items()}
        for row in self._rows:
            yield {name: convert(row.get(name)) for name, convert in converters.items()}

    def values(self, column: str) -> Iterator[Any]:
        """Iterate over the values of a column, as in `rows`."""
        convert = converter(self._type(column))
        return (convert(row.get(column)) for row in self._rows)

    def _type(self, column: str) -> str:
        if column not in self._seen:
            raise KeyError(f"{self.kind} has no column {column}: it has {', '.join(self._seen)}")
        return self._seen[column].type(type_in(self._types, column))

    def to_numpy(self, column: str) -> "npt.NDArray[Any]":
        """Return a column as an array.

        Parameters
        ----------
        column : str
            Its name.

        Returns
        -------
        ndarray
            Shape rows, of the column's type; floats are NaN where there is no value, whole numbers
            and truth values are masked. Lists of one length give rows × length. What else there
            is, texts with it, gives objects, None where there is no value.

        Raises
        ------
        KeyError
            There is no such column.
        """
        import numpy as np

        type_name, values = self._type(column), list(self.values(column))
        dtype = _NUMPY.get(type_name)
        if dtype == "float64":
            return np.array([np.nan if value is None else value for value in values], np.float64)
        if dtype is not None:
            missing = [value is None for value in values]
            array = np.array([value or 0 for value in values], dtype)
            return np.ma.array(array, mask=missing) if any(missing) else array
        return listed_array(values, type_name)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame.

        Whole numbers, truth values and texts have pandas's own types, which know of values that are
        not there: ``Int64``, ``boolean``, ``string``; lists, and objects within lists, are objects.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError(
                "to_pandas needs pandas, which is not installed: pip install pandas"
            ) from None
        columns: dict[str, pd.Series[Any]] = {}
        for name, type_name in self.columns.items():
            if type_name == "float64":
                columns[name] = pd.Series(self.to_numpy(name))
                continue
            values: Iterable[Any] = self.values(name)
            if type_name == "text":
                values = (None if value is None else written(value) for value in values)
            columns[name] = pd.Series(list(values), dtype=_PANDAS.get(type_name, "object"))
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        rows = f"{self._count:,} row{'' if self._count == 1 else 's'}"
        names = [short(name) for name in self._names()]
        if len(names) > _MAX_NAMED:
            names[_MAX_NAMED:] = [f"… {len(names) - _MAX_NAMED:,} more"]
        return f"{self.kind}: {rows} × {len(self._seen):,} columns: {', '.join(names)}"


def gathered(
    lines: Iterable[Line], make: Callable[[str, Mapping[str, str]], AnyTable]
) -> dict[str, AnyTable]:
    """Return the tables of lines, by their kind, in the order in which kinds come.

    Parameters
    ----------
    lines : iterable of Line
        Read once.
    make : callable
        Makes an empty table of a kind, with the columns that a job declares, if it does.

    Returns
    -------
    dict of str to Table
        None of them empty.
    """
    tables: dict[str, AnyTable] = {}
    for line in lines:
        if line.kind not in tables:
            tables[line.kind] = make(line.kind, line.columns)
        tables[line.kind].add(line)
    return tables


def listed_array(values: list[Any], type_name: str) -> "npt.NDArray[Any]":
    """Return values that are no single numbers as an array.

    >>> listed_array([[1, 2], [3, 4]], "list[int64]").shape, listed_array(["a", None], "text").dtype
    ((2, 2), dtype('O'))
    """
    import numpy as np

    dtype: Any = _NUMPY.get(type_name[5:-1]) if type_name.startswith("list") else None
    lengths = {None if dtype is None or value is None else len(value) for value in values}
    if len(lengths) == 1 and lengths != {None}:
        return np.array(values, dtype)
    array = np.empty(len(values), np.object_)
    for index, value in enumerate(values):
        array[index] = value if dtype is None or value is None else np.array(value, dtype)
    return array
