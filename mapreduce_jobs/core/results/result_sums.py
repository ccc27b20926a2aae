"""The sums beside a result, from which later runs go on."""

from typing import Any

from hdfs_tools.bundles.failure import Failure

__all__ = ["SUMS", "result_and_sums"]

SUMS = "sums"
"""The field of a result that holds what it was made of."""


def result_and_sums(value: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return what a line of a result says, and the sums that ``--keep-sums`` added, if it did.

    >>> result_and_sums({"mean": 3, "sums": {"made_with": {"job": "own"}, "totals": [6, 2]}})
    ({'mean': 3}, {'made_with': {'job': 'own'}, 'totals': [6, 2]})
    >>> result_and_sums({"error": "EmptyFile", "message": "the file is empty"})
    (Failure(error='EmptyFile', message='the file is empty'), None)
    """
    sums = value.get(SUMS) if isinstance(value, dict) else None
    if isinstance(sums, dict) and sums.keys() == {"made_with", "totals"}:
        value = {name: one for name, one in value.items() if name != SUMS}
    else:
        sums = None
    return Failure.from_json(value) or value, sums
