"""HDFS over WebHDFS, with the client of the ``hdfs`` package underneath."""

import contextlib
import errno
import getpass
import io
import os
import random
import socket
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import hdfs
import requests
from hdfs.client import _Request
from requests.adapters import HTTPAdapter

from hdfs_tools.errors import NotARegularFile, RemoteError, SafeMode, Unreachable
from hdfs_tools.globbing import glob

__all__ = ["Status", "WebHDFS", "connect_to"]

_CHUNK = 1 << 20  # bytes
_CONNECTIONS = 32  # kept alive, for as many threads
_TIMEOUT = (10, 120)  # seconds to connect, and between bytes
_TRANSIENT = ("RetriableException", "StandbyException")
_PAUSES = (0.1, 0.3, 1.0, 2.0, 4.0)  # seconds between tries, the last one again and again

Result = TypeVar("Result")


@dataclass(frozen=True)
class Status:
    """What HDFS knows of a file or folder.

    Attributes
    ----------
    path : str
        Absolute path.
    is_folder : bool
        Whether it is a folder.
    size : int
        Length in bytes; 0 for a folder.
    """

    path: str
    is_folder: bool
    size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return os.path.basename(self.path)


def connect_to(url: str, user: str | None = None, patience: float = 60) -> "WebHDFS":
    """Return the file system at an address, without a word to it yet.

    Parameters
    ----------
    url : str
        ``http://namenode:9870``; several NameNodes of one file system separated by ``;``.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process.
    patience : float, optional
        Seconds to try again for, while nodes do not answer.
    """
    user = user or os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
    return WebHDFS(hdfs.InsecureClient(url, user=user), patience)


class WebHDFS:
    """A file system of HDFS; may be used by several threads.

    Parameters
    ----------
    client : hdfs.Client
        How HDFS is reached and who asks.
    patience : float, optional
        Seconds to try again for, while nodes do not answer or are not ready.
    """

    def __init__(self, client: hdfs.client.Client, patience: float = 60) -> None:
        self.url: str = client.url
        self.patience = patience
        self._client: Any = client
        client.resolve = _as_it_is
        client._timeout = client._timeout or _TIMEOUT
        if not urllib.request.getproxies():
            client._session.trust_env = False  # else it looks for proxies at every request
        adapter = _Adapter()
        client._session.mount("http://", adapter)
        client._session.mount("https://", adapter)

    def check(self, patience: float = 3) -> None:
        """Raise `Unreachable` if HDFS does not answer within some seconds."""
        patience, self.patience = self.patience, patience
        try:
            self.stat("/")
        finally:
            self.patience = patience

    def rpc_address(self) -> str | None:
        """Return host and port that the NameNode has in ``hdfs:`` URIs, if it says so."""
        bean = "Hadoop:service=NameNode,name=NameNodeStatus"
        for url in self.url.split(";"):
            with contextlib.suppress(requests.RequestException, ValueError, LookupError):
                answer = self._client._session.get(f"{url}/jmx?qry={bean}", timeout=_TIMEOUT)
                return str(answer.json()["beans"][0]["HostAndPort"])
        return None

    # Looking

    def stat(self, path: str) -> Status:
        """Return what is known of a path; FileNotFoundError if it is not there."""
        found = self._try(path, lambda: self._client._get_file_status(path).json()["FileStatus"])
        return _status(path, found)

    def exists(self, path: str) -> bool:
        """Tell whether something is there."""
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def list(self, folder: str) -> Iterator[Status]:
        """Iterate over what a folder holds, in order of names, some thousand at a time.

        A file given in place of a folder is all there is.
        """
        after = ""
        while True:
            listing = self._try(folder, partial(self._page, folder, after))
            entries = listing["partialListing"]["FileStatuses"]["FileStatus"]
            for entry in entries:
                name = entry["pathSuffix"]
                yield _status(f"{folder.rstrip('/')}/{name}" if name else folder, entry)
            if not listing["remainingEntries"]:
                return
            after = entries[-1]["pathSuffix"]

    def glob(self, pattern: str) -> Iterator[Status]:
        """Iterate over what matches a pattern; see `hdfs_tools.globbing`."""
        return glob(self, pattern)

    def walk(self, folder: str) -> Iterator[Status]:
        """Iterate over all files in a folder and below it, in order of names."""
        for entry in sorted(self.list(folder), key=lambda entry: entry.path):
            if entry.is_folder:
                yield from self.walk(entry.path)
            else:
                yield entry

    # Reading and writing

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""

        def whole() -> bytes:
            with self._client._open(path) as response:
                data: bytes = response.content
                _check_length(response, len(data))
            return data

        try:
            return self._try(path, whole)
        except FileNotFoundError:
            if self.stat(path).is_folder:
                raise NotARegularFile("a folder") from None
            raise

    def chunks(self, path: str, start: int = 0) -> Iterator[bytes]:
        """Iterate over the bytes of a file from a position on; goes on where a node fails."""
        position, size = start, self.stat(path).size
        failing_since: float | None = None
        while position < size:
            try:
                response = self._try(path, partial(self._client._open, path, offset=position))
                with response:
                    for chunk in response.iter_content(_CHUNK):
                        position += len(chunk)
                        failing_since = None
                        yield chunk
                if position < size:
                    raise requests.ConnectionError("the answer was cut short")
            except requests.RequestException as error:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > self.patience:
                    raise _translated(error, path) from error
                time.sleep(_PAUSES[0])

    def open(self, path: str, start: int = 0) -> IO[bytes]:
        """Return a file object that reads a file from a position on."""
        return io.BufferedReader(_Chunks(self.chunks(path, start)), _CHUNK)

    def write(self, path: str, source: bytes | Callable[[], Iterable[bytes]]) -> int:
        """Write a file, which appears under its name when it is whole; return its length.

        Parameters
        ----------
        path : str
            Where. Folders above are made if need be; an existing file is an error.
        source : bytes or callable
            The bytes, or what returns them piece by piece, from the beginning at each call.
        """
        folder, _, name = path.rpartition("/")
        length = 0

        def counted(chunks: Iterable[bytes]) -> Iterator[bytes]:
            nonlocal length
            for chunk in chunks:
                length += len(chunk)
                yield chunk

        def send() -> str:
            nonlocal length
            length = 0
            temporary = f"{folder}/.{name[:100]}.{uuid.uuid4().hex}"
            data = source if isinstance(source, bytes) else source()
            try:
                self._client.write(temporary, counted([data] if isinstance(data, bytes) else data))
                found = self.stat(temporary).size
                if found != length:
                    raise requests.ConnectionError(f"{found} of {length} bytes arrived")
            except BaseException:
                self._discard(temporary)
                raise
            return temporary

        temporary = self._try(path, send)
        if not self._client._rename(temporary, destination=path).json()["boolean"]:
            self._discard(temporary)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        return length

    def _discard(self, path: str) -> None:
        # It could not be made, or cannot be reached: the first error says more.
        with contextlib.suppress(requests.RequestException, hdfs.HdfsError):
            self._client._delete(path, recursive=False)

    def mkdir(self, path: str) -> None:
        """Make a folder, and those above it, open for others to read; it may be there."""
        self._try(path, lambda: self._client._mkdirs(path, permission="755"))

    def delete(self, path: str, recursive: bool = False) -> bool:
        """Delete a file or, if `recursive`, a folder; return whether there was one."""
        answer = self._try(path, lambda: self._client._delete(path, recursive=recursive))
        return bool(answer.json()["boolean"])

    # Asking, and asking again

    def _page(self, folder: str, after: str) -> Any:
        after_name = {"startAfter": after} if after else {}
        answer = _LIST_BATCH(self._client, folder, **after_name)
        return answer.json()["DirectoryListing"]

    def _try(self, path: str, ask: Callable[[], Result]) -> Result:
        """Return what `ask` returns; ask again while nodes do not answer, for some time."""
        until = time.monotonic() + self.patience
        tries = 0
        while True:
            try:
                return ask()
            except (requests.RequestException, hdfs.HdfsError) as error:
                again = isinstance(error, requests.RequestException) or (
                    error.exception in _TRANSIENT
                )
                pause = _PAUSES[min(tries, len(_PAUSES) - 1)] * random.uniform(0.5, 1)  # noqa: S311
                if not again or time.monotonic() + pause > until:
                    raise _translated(error, path) from error
                time.sleep(pause)
                tries += 1


_LIST_BATCH = _Request("GET").to_method("LISTSTATUS_BATCH")

_BUILT_IN = {
    "FileNotFoundException": (FileNotFoundError, errno.ENOENT),
    "FileAlreadyExistsException": (FileExistsError, errno.EEXIST),
    "AlreadyBeingCreatedException": (FileExistsError, errno.EEXIST),
    "AccessControlException": (PermissionError, errno.EACCES),
    "ParentNotDirectoryException": (NotADirectoryError, errno.ENOTDIR),
}


def _translated(error: Exception, path: str) -> Exception:
    if isinstance(error, hdfs.HdfsError):
        kind = error.exception and error.exception.rpartition(".")[2]
        if kind in _BUILT_IN:
            built_in, number = _BUILT_IN[kind]
            return built_in(number, os.strerror(number), path)
        message = str(error).partition("\n")[0]
        return (SafeMode if kind == "SafeModeException" else RemoteError)(message, kind)
    request = getattr(error, "request", None)
    host = urlsplit(request.url).netloc if request is not None and request.url else "HDFS"
    return Unreachable(f"{host}: no answer ({_reason(error)})")


def _reason(error: BaseException) -> str:
    """Return the system's words for a failed connection, which libraries wrap several times."""
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(cause, OSError) and isinstance(cause.strerror, str):
            return cause.strerror.lower()
        if isinstance(cause, BaseException):
            pending += [*cause.args, getattr(cause, "reason", None), cause.__context__]
    return "timed out" if isinstance(error, requests.Timeout) else type(error).__name__


def _check_length(response: requests.Response, length: int) -> None:
    told = response.headers.get("Content-Length")
    if told is not None and int(told) != length:
        raise requests.ConnectionError(f"{length} of {told} bytes arrived")


def _as_it_is(path: str) -> str:
    """Return a path unchanged: HdfsCLI would expand "#LATEST" in it, and take ".." away."""
    try:
        path.encode()
    except UnicodeEncodeError:  # names on HDFS are Unicode
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
    return path


def _status(path: str, entry: dict[str, Any]) -> Status:
    return Status(path, entry["type"] == "DIRECTORY", entry["length"])


class _Chunks(io.RawIOBase):
    """A file object over chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Adapter(HTTPAdapter):
    """Keeps connections, and mends what NameNodes answer who send their clients to DataNodes.

    The host is the name that a DataNode gave itself. Seen from outside of a container network or
    behind port forwarding it may not resolve; the DataNode's port is then tried on the NameNode's
    host. The path is in Unicode's composed form (java.net.URI.toASCIIString does that), which is
    another file's name where the name was not.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send a request; return the answer."""
        response = super().send(request, *args, **kwargs)
        if response.is_redirect:
            asked = urlsplit(request.url or "")
            told = urlsplit(response.headers["location"])
            if not _resolves(told.hostname or ""):
                told = told._replace(netloc=f"{asked.hostname}:{told.port}")
            response.headers["location"] = urlunsplit(told._replace(path=asked.path))
        return response


@lru_cache(maxsize=1024)
def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
