"""Addresses of WebHDFS as people write them."""

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from hdfs_tools.errors import NoAddress

__all__ = ["check_alias", "endpoints", "without_password"]

_SCHEMES = {"http": "http", "https": "https", "webhdfs": "http", "swebhdfs": "https"}
_ROOT = "/webhdfs/v1"
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(/.*)?")


def endpoints(text: str) -> tuple[str, str | None]:
    """Return addresses as HdfsCLI takes them, and the user that they name.

    Parameters
    ----------
    text : str
        ``http://namenode:9870``, with ``webhdfs`` for ``http`` and ``swebhdfs`` for ``https``, a
        user as in ``http://alice@namenode:9870`` or ``?user.name=alice``, a gateway's path, and
        ``/webhdfs/v1`` at the end; several separated by ``;``.

    Raises
    ------
    NoAddress
        It is something else; the message says what to write, and hides a password.

    Examples
    --------
    >>> endpoints("webhdfs://alice@nn1:9870;http://nn2:9870/webhdfs/v1/")
    ('http://nn1:9870;http://nn2:9870', 'alice')
    """
    urls, users = [], set()
    for one in text.split(";"):
        url, user = _endpoint(one.strip())
        urls.append(url)
        users |= {user} - {None}
    if len(users) > 1:
        raise NoAddress(f"{without_password(text)}: names several users")
    return ";".join(urls), users.pop() if users else None


def _endpoint(text: str) -> tuple[str, str | None]:
    shown = without_password(text)
    if shown != text:
        raise NoAddress(
            f"{shown}: WebHDFS takes no password in its address, where others would see it"
        )
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "hdfs":
        name = host.partition(":")[0] or "namenode"
        raise NoAddress(
            f"{shown}: is an address of HDFS's own protocol; that of WebHDFS is one such as"
            f" http://{name}:9870"
        )
    if parts.scheme not in _SCHEMES:
        raise NoAddress(f"{shown}: an address of WebHDFS begins with http:// or https://")
    if "," in text:
        raise NoAddress(f"{shown}: several NameNodes are separated by ;")
    try:
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named:
        raise NoAddress(f"{shown}: has no host, or no number as its port")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    user = query.pop("user.name", None) or parts.username
    if query or parts.fragment:
        unknown = next(iter(query), parts.fragment)
        raise NoAddress(f"{shown}: {unknown} cannot stand in an address of WebHDFS")
    path = parts.path.rstrip("/").removesuffix(_ROOT)
    return urlunsplit((_SCHEMES[parts.scheme], host, path, "", "")), user


def without_password(text: str) -> str:
    """Return an address that may be shown.

    >>> without_password("http://alice:s/e@cret@namenode:9870"), without_password("http://a@nn")
    ('http://alice:…@namenode:9870', 'http://a@nn')
    """
    return re.sub(r"(//[^:/@]*):.*@", r"\1:…@", text)


def check_alias(alias: str) -> None:
    """Raise `NoAddress` for an alias that looks like an address without its scheme."""
    if _HOST_AND_PORT.fullmatch(alias):
        raise NoAddress(f"{alias}: an address begins with http:// or https://: http://{alias}")
