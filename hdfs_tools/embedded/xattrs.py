"""HDFS's rules for extended attributes."""

from collections.abc import Mapping

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied, RemoteError

__all__ = ["check_size", "check_there", "checked", "visible"]

_NAMESPACES = ("user.", "trusted.", "system.", "security.", "raw.")
_LARGEST = 16384  # bytes of name and value
_MOST = 32


def visible(name: str, superuser: bool) -> bool:
    """Tell whether somebody sees an attribute."""
    return name.startswith("user.") or (superuser and name.startswith("trusted."))


def checked(path: str, name: str, superuser: bool) -> str:
    """Return a name as it is kept; an error if it cannot be, or is not for somebody to set."""
    namespace = name[: name.find(".") + 1].lower()
    name = namespace + name[len(namespace) :]
    if namespace not in _NAMESPACES or name == namespace:
        raise InvalidPath(
            path, f"{name!r} is not a namespace ({', '.join(_NAMESPACES)}) and a name"
        )
    if not visible(name, superuser):
        raise PermissionDenied(path, f"{name}: only HDFS itself sets it, or a superuser")
    return name


def check_size(path: str, name: str, attributes: Mapping[str, bytes]) -> None:
    """Raise the error of an attribute that is too large, or of too many."""
    bare = name.partition(".")[2]
    size = len(bare.encode()) + len(attributes[name])
    if size > _LARGEST:
        raise InvalidPath(path, f"{name}: {size} bytes, but at most {_LARGEST} are kept")
    if len(attributes) > _MOST:
        raise RemoteError(path, f"at most {_MOST} attributes are kept")


def check_there(path: str, name: str, attributes: Mapping[str, bytes]) -> None:
    """Raise `NotFound` if there is no such attribute."""
    if name not in attributes:
        raise NotFound(path, f"no attribute {name}")
