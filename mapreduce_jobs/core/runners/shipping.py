"""The zip of this project that travels with a job, so that nodes need only its dependencies."""

import os
import zipfile
from pathlib import Path

import hdfs_tools
import mapreduce_jobs

__all__ = ["shipped", "write_package"]

_SHIPPED = (".py", ".csv", ".txt", ".yaml")  # modules and the data that some of them read
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def write_package(path: str | os.PathLike[str]) -> None:
    """Write this project's packages, without caches, into a zip to put on ``PYTHONPATH``.

    The same sources give the same bytes, so that a cluster's cache can know them again.

    Parameters
    ----------
    path : path
        The zip to write.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for module in (hdfs_tools, mapreduce_jobs):
            root = Path(str(module.__file__)).parent
            for source in sorted(path for path in root.rglob("*") if path.suffix in _SHIPPED):
                name = source.relative_to(root.parent).as_posix()
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                package.writestr(entry, source.read_bytes())


def shipped(path: str, name: str) -> dict[str, str]:
    """Return what mrjob brings to tasks as a file of this name, an argument of theirs."""
    return {"type": "file", "path": os.path.abspath(path), "name": name}
