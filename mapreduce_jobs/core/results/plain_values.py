"""Plain values: what jobs return, brought to what JSON holds."""

import json
import math
from collections.abc import Mapping
from typing import Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.job_errors import UnwritableResult

__all__ = ["plain", "plain_fields", "plain_result"]


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: NumPy's scalars as numbers, its arrays as lists.

    Parameters
    ----------
    value : Any
        What a job returned. It is returned as it is where JSON takes it as it is.

    Raises
    ------
    UnwritableResult
        A part of it is neither; the message begins with the path to that part.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"mean": np.float32(0.5), "counts": np.array([[1, 2]])})
    {'mean': 0.5, 'counts': [[1, 2]]}
    >>> plain({"range": [0, float("nan")]})
    Traceback (most recent call last):
    mapreduce_jobs.core.job_errors.UnwritableResult: range[1]: nan is not finite
    """
    try:
        json.dumps(value, allow_nan=False)  # quick: nearly all values pass
    except (TypeError, ValueError, RecursionError):
        try:
            value = _plain(value, "")
            json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError) as error:  # it holds itself, or too many digits
            raise UnwritableResult(f"JSON cannot hold it: {error}") from None
    return value


def plain_fields(value: Any) -> dict[str, Any]:
    """Return a dictionary as JSON holds it; anything else is an `UnwritableResult`."""
    if not isinstance(value, dict):
        raise UnwritableResult(f"a measure is a dictionary of fields, and not a {_type(value)}")
    fields: dict[str, Any] = plain(value)
    return fields


def plain_result(value: Any) -> dict[str, Any]:
    """Return the same of a result, which must not look like an error record."""
    fields = plain_fields(value)
    if Failure.from_json(fields) is not None:
        raise UnwritableResult(
            "a result whose only fields are the texts error and message would be read as a failure:"
            " name one of them otherwise"
        )
    return fields


def _plain(value: Any, path: str) -> Any:
    import numpy as np  # slow to import, and hardly ever needed

    if isinstance(value, Mapping):
        return {
            _key(name, path): _plain(one, f"{path}.{name}" if path else str(name))
            for name, one in value.items()
        }
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuU":
            return value.tolist()
        value = list(value) if value.ndim else value[()]
    if isinstance(value, list | tuple):
        return [_plain(one, f"{path}[{number}]") for number, one in enumerate(value)]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise UnwritableResult(_said(path, f"{float(value)} is not finite"))
        return float(value)
    raise UnwritableResult(
        _said(path, f"a {_type(value)} is nothing that JSON holds: return numbers, texts, lists")
    )


def _key(name: Any, path: str) -> Any:
    import numpy as np

    name = name.item() if isinstance(name, np.generic) else name
    if name is None or isinstance(name, str | int | float):
        return name
    raise UnwritableResult(_said(path, f"a {_type(name)} cannot be the name of a field"))


def _said(path: str, what: str) -> str:
    return f"{path}: {what}" if path else what


def _type(value: Any) -> str:
    return type(value).__name__
