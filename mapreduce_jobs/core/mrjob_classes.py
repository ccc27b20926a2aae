"""mrjob's classes that jobs use, imported without what takes long and is hardly used.

mrjob takes two names from `distutils`, which left Python with 3.12 and which setuptools brings
back. To import it takes longer than all the rest of mrjob (85 of 145 ms), at the start of every
command and of every task. While mrjob is imported these two names therefore stand here.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import total_ordering
from types import ModuleType

__all__ = [
    "BytesValueProtocol",
    "MRJob",
    "MRStep",
    "log_to_null",
    "log_to_stream",
    "without",
]


@contextmanager
def without(name: str) -> Iterator[None]:
    """Have what is imported meanwhile not find a module, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@total_ordering
class _Version:
    """A version of Hadoop, by which mrjob looks up names of settings."""

    def __init__(self, text: str) -> None:
        self._key = [
            (part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in re.findall(r"\d+|[a-z]+", text)
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and self._key == other._key

    def __lt__(self, other: "_Version") -> bool:
        return self._key < other._key


@contextmanager
def _stand_in_for_distutils() -> Iterator[None]:
    if "distutils" in sys.modules:
        yield
        return
    stand_ins = {name: ModuleType(name) for name in ("distutils", "distutils.spawn")}
    stand_ins["distutils.version"] = ModuleType("distutils.version")
    vars(stand_ins["distutils.spawn"])["find_executable"] = shutil.which
    vars(stand_ins["distutils.version"])["LooseVersion"] = _Version
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with _stand_in_for_distutils():
    from mrjob.job import MRJob
    from mrjob.protocol import BytesValueProtocol
    from mrjob.step import MRStep
    from mrjob.util import log_to_null, log_to_stream
