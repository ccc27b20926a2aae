"""A table as Parquet, whose columns keep their types, lists of numbers among them."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from mapreduce_jobs.viewing.tables.columns import as_json, written
from mapreduce_jobs.viewing.tables.table import Table

__all__ = ["needed_pyarrow", "write_parquet"]

_GROUP_ROWS, _GROUP_CELLS = 50_000, 1 << 20  # of a row group, which is held in memory


def needed_pyarrow() -> Any:
    """Return the module pyarrow.

    Raises
    ------
    MissingExtra
        It is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        from mapreduce_jobs.imaging.errors import MissingExtra

        raise MissingExtra("writing Parquet", "pyarrow", "parquet") from None
    return pyarrow


def write_parquet(table: Table, file: BinaryIO) -> None:
    """Write a table; its metadata has the kind of the lines under ``kind``.

    Parameters
    ----------
    table : Table
        Any.
    file : binary file
        Where to.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    """
    pa = needed_pyarrow()
    columns = table.columns
    types = [_type(pa, kind) for kind in columns.values()]
    to_arrow = [_TO_ARROW.get(kind, _as_it_is) for kind in columns.values()]
    schema = pa.schema(list(zip(columns, types, strict=True)), {"kind": table.kind})
    with pa.parquet.ParquetWriter(file, schema) as writer:
        for rows in _groups(table):
            arrays = [
                pa.array([None if row[name] is None else convert(row[name]) for row in rows], type_)
                for name, convert, type_ in zip(columns, to_arrow, types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _type(pa: Any, kind: str) -> Any:
    if kind.startswith("list"):
        return pa.list_(_type(pa, kind[5:-1]))
    names = {"float64": "double", "text": "string", "json": "string"}
    return pa.type_for_alias(names.get(kind, kind))


def _groups(table: Table) -> Iterator[list[dict[str, Any]]]:
    """Iterate over the rows in groups that are small enough to be held."""
    group: list[dict[str, Any]] = []
    cells = 0
    for row in table.rows():
        group.append(row)
        cells += sum(len(value) if isinstance(value, list | str) else 1 for value in row.values())
        if cells >= _GROUP_CELLS or len(group) >= _GROUP_ROWS:
            yield group
            group, cells = [], 0
    if group:
        yield group


def _as_it_is(value: Any) -> Any:
    return value


_TO_ARROW: dict[str, Callable[[Any], Any]] = {
    "text": written,
    "float64": lambda value: None if value != value else value,  # NaN is no value
    "list[text]": lambda value: list(map(written, value)),
    "json": lambda value: written(as_json(value)),
}
