"""Work of the peers on one header: pydicom alone, and its values as JSON has them."""

import io
import json
import os
from typing import Any

import pydicom
from pydicom.multival import MultiValue

__all__ = ["header_line", "line_of_file"]


def header_line(tags: list[str], name: str, data: bytes) -> str:
    """Return the line of results of one file, without the line end."""
    return _line(tags, name, io.BytesIO(data))


def line_of_file(tags: list[str], directory: str, name: str) -> str:
    """Return the line of results of a file in a directory, without the line end."""
    return _line(tags, name, os.path.join(directory, name))


def _line(tags: list[str], name: str, source: Any) -> str:
    header = pydicom.dcmread(source, stop_before_pixels=True, specific_tags=tags)
    value = {tag: _plain(header.get(tag)) for tag in tags}
    return f"{json.dumps(name, ensure_ascii=False)}\t{json.dumps(value, ensure_ascii=False)}"


def _plain(value: Any) -> Any:
    if isinstance(value, MultiValue):
        return [_plain(one) for one in value]
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value or None
