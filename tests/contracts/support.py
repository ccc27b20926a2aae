"""What contract tests share."""

import uuid

from hypothesis import HealthCheck, settings

from hdfs_tools.filesystem import FileSystem

# On a cluster each example takes some requests.
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def fresh_folder(fs: FileSystem) -> str:
    """Make a folder that no other test has."""
    path = f"/contracts/{uuid.uuid4().hex}"
    fs.mkdir(path)
    return path


def names(fs: FileSystem, folder: str) -> list[str]:
    """Return the names in a folder, in the file system's order."""
    return [entry.name for entry in fs.list(folder)]


def tree(fs: FileSystem, folder: str) -> dict[str, bytes | None]:
    """Return all that is below a folder: relative path, and the bytes of files."""
    return {
        entry.path.removeprefix(f"{folder}/"): None if entry.is_directory else fs.read(entry.path)
        for entry in fs.walk(folder, directories=True)
    }
