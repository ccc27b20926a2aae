"""Failures: why there is no measure of an image, a row or a group, and how that is written."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Failure"]


@dataclass(frozen=True)
class Failure:
    """Why there is no measure of an image, a row or a group.

    It is written as an *error record*: a JSON object with exactly the fields ``error`` and
    ``message``, both texts. An object with any other field is a measure, whatever its fields are
    called; a measure with exactly these two is refused when it is made.

    Attributes
    ----------
    error : str
        Type of the error, such as ``EmptyFile``.
    message : str
        One sentence.

    Examples
    --------
    >>> Failure("EmptyFile", "the file is empty").to_json()
    {'error': 'EmptyFile', 'message': 'the file is empty'}
    >>> Failure.from_json({"error": 0.25, "message": "mean squared error"}) is None
    True
    """

    error: str
    message: str

    @classmethod
    def from_json(cls, value: Any) -> "Failure | None":
        """Return the failure that an error record holds; None if the value is none."""
        if not isinstance(value, dict) or value.keys() != {"error", "message"}:
            return None
        error, message = value["error"], value["message"]
        if not isinstance(error, str) or not isinstance(message, str):
            return None
        return cls(error, message)

    def to_json(self) -> dict[str, str]:
        """Return the error record."""
        return {"error": self.error, "message": self.message}
