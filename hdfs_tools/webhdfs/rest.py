"""WebHDFS's requests: to the active NameNode, on to a DataNode, and again where one fails."""

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

import hdfs
import requests
from requests.adapters import HTTPAdapter
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import ChunkedEncodingError, ProxyError
from requests.hooks import dispatch_hook
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError

from hdfs_tools.errors import (
    Corrupt,
    InvalidPath,
    NotFound,
    RemoteError,
    SafeMode,
    StorageError,
    Unreachable,
)
from hdfs_tools.webhdfs.answers import check_answer, no_webhdfs
from hdfs_tools.webhdfs.datanodes import DataNodes
from hdfs_tools.webhdfs.java_errors import is_transient, remote_error

__all__ = ["Body", "Rest", "short_answer"]

Body = bytes | Iterable[bytes]

_CONNECTIONS = 32  # kept alive, for as many threads
_TIMEOUT = (10, 120)  # seconds to connect, and between bytes
_PAUSES = (0.1, 0.3, 1.0, 2.0, 4.0)  # seconds between tries, the last one again and again

_ON_DATANODES = ("OPEN", "CREATE", "APPEND", "GETFILECHECKSUM")  # operations
_OF_DATANODES = (Corrupt, RemoteError)  # errors that may be one DataNode's, or that there is none
_DATANODES_TRIED = 5  # that fail, before it is taken for no fault of theirs

_WORTH_A_WARNING = 5.0  # seconds that are still waited, at most

_log = logging.getLogger("hdfs_tools")

Result = TypeVar("Result")


class Rest:
    """WebHDFS at one or several NameNodes of one file system; for several threads.

    Parameters
    ----------
    client : hdfs.Client
        HdfsCLI's client: the NameNodes' addresses, who asks, and how that is proved.
    patience : float
        Seconds to try again for, while nodes do not answer or are not ready.
    datanodes : mapping of str to str
        Addresses of DataNodes, ``host:port`` or ``host``, as NameNodes report them, and as they are
        reached from here; ``*`` stands for all that are not named.

    Attributes
    ----------
    patience : float
        As above.
    waits_in_safe_mode : bool
        Whether the end of safe mode is waited for, too.
    timeout : float or tuple of float
        Seconds to connect, and between bytes.
    """

    def __init__(
        self, client: hdfs.client.Client, patience: float, datanodes: Mapping[str, str]
    ) -> None:
        self.patience = patience
        self.waits_in_safe_mode = False
        self.urls = [url.rstrip("/") for url in client.urls]
        self._hosts = {urlsplit(url).netloc for url in self.urls}
        self._active = 0
        self._datanodes = DataNodes(datanodes)
        self.timeout = client._timeout or _TIMEOUT
        self._session: requests.Session = client._session
        for scheme in ("http://", "https://"):
            self._session.mount(
                scheme, HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
            )
        self._fixed = dict(self._session.params or {})
        if client._proxy is not None:
            self._fixed["doas"] = client._proxy
        self._settings: dict[str, Any] = {}
        self._error_of = threading.Lock()
        self._silent_until = 0.0

    def ask(
        self,
        method: str,
        operation: str,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        body: Callable[[], Body] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Return the answer to a request; one that fails for a while is made again.

        Parameters
        ----------
        method, operation, path
            As in the documentation of WebHDFS: ``GET``, ``OPEN``, the file or directory.
        params : mapping, optional
            Parameters of the operation; those that are None are left out.
        body : callable, optional
            Returns what the DataNode is sent, at each try anew.
        stream : bool, optional
            Whether the answer is only begun to be read.

        Returns
        -------
        Response
            The answer, with a status of success.

        Raises
        ------
        StorageError
            HDFS refuses, or does not answer for `patience` seconds.
        """
        return self.persist(
            path, lambda: self.once(method, operation, path, params, body=body, stream=stream)
        )

    def persist(self, path: str, ask: Callable[[], Result]) -> Result:
        """Return what `ask` returns; ask again while it fails in a way that may pass."""
        since = None
        tries = failed = 0
        while True:
            try:
                return ask()
            except (requests.RequestException, StorageError, _FromDataNode) as failure:
                error = _translated(failure)
                waiting = self.waits_in_safe_mode and isinstance(error, SafeMode)
                failed += isinstance(failure, _FromDataNode)
                elsewhere = isinstance(failure, _FromDataNode) and failed <= _DATANODES_TRIED
                if not (waiting or elsewhere or is_transient(error)):
                    raise error from failure
                since = since or time.monotonic()
                until = since + self.patience
                pause = _PAUSES[min(tries, len(_PAUSES) - 1)] * random.uniform(0.5, 1)  # noqa: S311
                if len(self.urls) > 1 and tries < len(self.urls):
                    pause = 0  # another NameNode is asked
                if time.monotonic() + pause > until:
                    raise error from failure
                if waiting or (pause > 1 and not elsewhere):
                    self._warn(error, until)
                time.sleep(pause)
                tries += 1

    def get(self, url: str) -> requests.Response:
        """Return what a page of a NameNode's web server holds."""
        return self._send("GET", url)

    def attempt(self, operation: str, path: str, params: Mapping[str, object] | None = None) -> Any:
        """Return what HDFS answers to a question that is put once; None if it does not."""
        try:
            return self.once("GET", operation, path, params).json()
        except (requests.RequestException, StorageError, _FromDataNode, ValueError):
            return None

    def once(
        self,
        method: str,
        operation: str,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        body: Callable[[], Body] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Return the answer to a request that is made once, for `persist`; see `ask`."""
        if operation == "GETFILECHECKSUM" and (near := self._datanodes.near(path, operation)):
            with suppress(requests.RequestException):  # then the NameNode knows another
                answer = self._send(method, near)
                if answer.ok:
                    return answer
        active = self._active
        query = {"op": operation, **self._fixed}
        query.update(
            {name: _text(value) for name, value in (params or {}).items() if value is not None}
        )
        url = f"{self.urls[active]}/webhdfs/v1{_quoted(path, method)}?{urlencode(query)}"
        with self._failing_over(active):
            answer = self._send(method, url, stream=stream)
            if answer.status_code >= 400:
                raise _error_of(answer, path, operation in _ON_DATANODES)
        if answer.is_redirect:
            url = self._datanodes.reached(_checked(answer, operation), url)
            answer = self._send(method, url, body() if body else None, stream)
            if answer.status_code >= 400:
                raise _error_of(answer, path, True)
            self._datanodes.served(path, url)
        elif body:
            raise no_webhdfs(url, "takes no data")
        check_answer(answer, is_file=operation == "OPEN")
        return answer

    @contextmanager
    def _failing_over(self, active: int) -> Iterator[None]:
        """Let the next request go to another NameNode, if this one fails in a way that may pass."""
        try:
            yield
        except (requests.RequestException, StorageError) as error:
            if not isinstance(error, StorageError) or is_transient(error):
                self._active = (active + 1) % len(self.urls)
            raise

    def _send(
        self, method: str, url: str, body: Body | None = None, stream: bool = False
    ) -> requests.Response:
        # Put together by hand, and handed to the adapter: what a session does around it, to follow
        # redirects above all, takes longer than all the rest.
        request = requests.PreparedRequest()
        request.method, request.url = method, url
        request.headers = CaseInsensitiveDict({"Content-Type": "application/octet-stream"})
        request.hooks = {"response": []}
        request.body = body
        if isinstance(body, bytes) or (body is None and method != "GET"):
            request.headers["Content-Length"] = str(len(body or b""))
        elif body is not None:
            request.headers["Transfer-Encoding"] = "chunked"
        request.prepare_cookies(self._session.cookies)
        if self._session.auth and urlsplit(url).netloc in self._hosts:
            request.prepare_auth(self._session.auth, url)
        settings = {**self._settings_of(url), "timeout": self.timeout, "stream": True}
        answer = self._session.get_adapter(url).send(request, **settings)
        answer = dispatch_hook("response", request.hooks, answer, **settings)
        if "Set-Cookie" in answer.headers:
            extract_cookies_to_jar(self._session.cookies, request, answer.raw)
        if not stream or answer.is_redirect or answer.status_code >= 400:
            try:
                # At once: `content` goes on by ten kilobytes at a time.
                answer._content = answer.raw.read(decode_content=True)
            except HTTPError as error:
                raise ChunkedEncodingError(error, request=request) from error
            answer._content_consumed = True
        return answer

    def _settings_of(self, url: str) -> Any:
        """Return proxies and certificates for an address; they are looked up once."""
        host = urlsplit(url).netloc
        if host not in self._settings:
            self._settings[host] = self._session.merge_environment_settings(
                url, {}, None, None, None
            )
        return self._settings[host]

    def _warn(self, error: StorageError, until: float) -> None:
        """Say what is waited for, once in a while and not once a thread."""
        now = time.monotonic()
        with self._error_of:
            if now < self._silent_until or until - now < _WORTH_A_WARNING:
                return
            self._silent_until = now + 30
        _log.warning("%s; trying again for %.0f s", error.strerror, until - now)


def short_answer(arrived: int, expected: int) -> requests.RequestException:
    """Return the error of an answer, or a file, that was cut short."""
    return requests.ConnectionError(f"{arrived} of {expected} bytes arrived")


class _FromDataNode(Exception):
    """What a DataNode answers for lack of a block or a neighbour; another may do better."""

    def __init__(self, error: StorageError) -> None:
        super().__init__(error)
        self.error = error


def _error_of(answer: requests.Response, path: str, of_datanodes: bool) -> Exception:
    """Return the error that an answer stands for."""
    error = remote_error(answer, path)
    return _FromDataNode(error) if of_datanodes and type(error) in _OF_DATANODES else error


def _checked(answer: requests.Response, operation: str) -> str:
    """Return where an answer redirects to, if that may be a DataNode, or a gateway to one.

    Raises
    ------
    RemoteError
        It is something else, such as a page to log in.
    """
    location = urljoin(answer.url or "", answer.headers["location"])
    there = urlsplit(location)
    if operation not in _ON_DATANODES or "/webhdfs/" not in there.path:
        raise no_webhdfs(answer.url or "", f"sends to {there.netloc}, as to log in")
    if (answer.url or "").startswith("https:") and there.scheme != "https":
        raise RemoteError(
            None, f"{there.netloc} is not encrypted, and the NameNode that names it is"
        )
    return location


def _translated(error: Exception) -> StorageError:
    """Return the error that users see for one of a connection."""
    if isinstance(error, _FromDataNode):
        return error.error
    if isinstance(error, StorageError):
        return error
    request = getattr(error, "request", None)
    url = str(request.url) if request is not None and request.url else ""
    host = urlsplit(url).netloc or "HDFS"
    if isinstance(error, ProxyError):
        proxy = select_proxy(url, get_environ_proxies(url)) or ""
        host = f"{host}, by the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}"
    return Unreachable(None, f"{host}: no answer ({_reason(error)})")


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
    if isinstance(error, requests.Timeout):
        return "timed out"
    words = str(error)
    if words.endswith(" bytes arrived"):
        return words
    return (
        "it broke off"
        if isinstance(error, requests.ConnectionError | ChunkedEncodingError)
        else type(error).__name__
    )


def _quoted(path: str, method: str) -> str:
    """Return a path as it stands in a URL; names on HDFS are Unicode."""
    try:
        return quote(path.encode(), safe="/")
    except UnicodeEncodeError:
        if method in ("GET", "DELETE"):
            raise NotFound(path) from None
        raise InvalidPath(path, "names on HDFS are Unicode, this is not") from None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
