"""Addresses of DataNodes as seen from here, and the one that served a file last."""

import socket
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

__all__ = ["DataNodes", "is_of_datanode"]

_ROOT = "/webhdfs/v1/"

_REMEMBERED = 1024  # files
_OF_THE_CALLER = ("user.name", "doas", "delegation", "namenoderpcaddress")  # parameters


class DataNodes:
    """DataNodes as a client is sent to them; for several threads.

    Parameters
    ----------
    addresses : mapping of str to str
        Addresses of DataNodes, ``host:port`` or ``host``, as NameNodes report them, and as they are
        reached from here; ``*`` stands for all that are not named.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._served: dict[str, str] = {}

    def reached(self, location: str, asked: str) -> str:
        """Return the address of a DataNode that can be reached, with the path that was meant.

        A DataNode's host is the name that it gave itself: seen from outside of a container network
        or behind port forwarding it may not resolve, and the DataNode's port is tried on the
        NameNode's host. The path is in Unicode's composed form (java.net.URI.toASCIIString does
        that), which is another file's name where the name was not.

        Parameters
        ----------
        location : str
            Where the NameNode redirects to. Of what is no DataNode's address, but a gateway's, all
            else stays.
        asked : str
            What the NameNode was asked.
        """
        url, namenode = urlsplit(location), urlsplit(asked)
        meant = namenode.path[namenode.path.index(_ROOT) :]
        if not is_of_datanode(location):
            there, file = _composed(url.path), meant[len(_ROOT) - 1 :]
            if there.endswith(_composed(file)):
                url = url._replace(path=quote(there.removesuffix(_composed(file))) + file)
            return urlunsplit(url)
        host = url.hostname or ""
        for name in (url.netloc, host, "*"):
            if name in self._addresses:
                host, _, port = self._addresses[name].partition(":")
                url = url._replace(netloc=f"{host}:{port or url.port}")
                break
        else:
            if not _resolves(host):
                url = url._replace(netloc=f"{namenode.hostname}:{url.port}")
        return urlunsplit(url._replace(path=meant))

    def served(self, path: str, url: str) -> None:
        """Note the address at which a DataNode served a file."""
        if not is_of_datanode(url):
            return
        if len(self._served) >= _REMEMBERED:
            self._served.clear()
        self._served[path] = url

    def near(self, path: str, operation: str) -> str | None:
        """Return the address of an operation at the DataNode that served a file last, once.

        It saves asking the NameNode, which all clients ask.

        >>> known = DataNodes({})
        >>> known.served("/a", "http://dn:9864/webhdfs/v1/a?op=OPEN&user.name=me&offset=0")
        >>> known.near("/a", "GETFILECHECKSUM")
        'http://dn:9864/webhdfs/v1/a?op=GETFILECHECKSUM&user.name=me'
        >>> known.near("/a", "GETFILECHECKSUM") is None
        True
        """
        url = self._served.pop(path, None)
        if url is None:
            return None
        parts = urlsplit(url)
        kept = [pair for pair in parse_qsl(parts.query) if pair[0] in _OF_THE_CALLER]
        return urlunsplit(parts._replace(query=urlencode([("op", operation), *kept])))


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", unquote(path))


def is_of_datanode(url: str) -> bool:
    """Return whether an address is one that a DataNode has, and not that of a gateway to it.

    >>> is_of_datanode("http://dn1:9864/webhdfs/v1/a?op=OPEN")
    True
    >>> is_of_datanode("https://gateway:8443/gateway/default/webhdfs/data/v1/a?_=AAAA")
    False
    """
    return urlsplit(url).path.startswith(_ROOT)


@lru_cache(maxsize=1024)
def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
