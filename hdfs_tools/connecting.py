"""Connections to file systems, by an address or by a URI of something on one."""

import os
import threading
from collections.abc import Mapping

from hdfs_tools.errors import NoAddress
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.uri import authority_of, decode_name
from hdfs_tools.webhdfs.addresses import address_of
from hdfs_tools.webhdfs.aliases import client_of
from hdfs_tools.webhdfs.client import WebHDFS, connect_to
from hdfs_tools.webhdfs.web_urls import check_alias

__all__ = ["connect", "locate"]

_HOW = (
    "nothing says where HDFS answers over HTTP: set HDFS_URL=http://NAMENODE:9870, or name a"
    " default alias in ~/.hdfscli.cfg, or set HADOOP_CONF_DIR; HDFS_URL=file:///DIRECTORY is a"
    " store on this machine, without HDFS"
)

_known: dict[tuple[str, str, int], FileSystem] = {}
_lock = threading.Lock()


def connect(
    url: str | None = None,
    patience: float = 60,
    user: str | None = None,
    datanodes: Mapping[str, str] | None = None,
) -> FileSystem:
    """Return a file system: HDFS, or a directory of this machine that behaves like it.

    Parameters
    ----------
    url : str, optional
        ``http://namenode:9870`` (several NameNodes separated by ``;``), or an alias of
        ``~/.hdfscli.cfg``. By default what the variable ``HDFS_URL``, the default alias of
        ``~/.hdfscli.cfg`` or the Hadoop configuration says. ``file:///data/store`` is a directory;
        see `hdfs_tools.embedded`.
    patience : float, optional
        Seconds to try again for, while nodes do not answer.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process. An alias has its own.
    datanodes : mapping of str to str, optional
        For DataNodes behind a container network or NAT: their addresses, ``host:port`` or
        ``host``, as NameNodes report them, and as they are reached from here; ``*`` stands for all
        others. By default what the variable ``HDFS_DATANODES`` says, ``REPORTED=REACHED`` separated
        by blanks.

    Raises
    ------
    NoAddress
        Nothing says where HDFS is, or the alias is unknown.
    """
    if url is None:
        url = address_of()
        if url is None:
            raise NoAddress(_HOW)
    if url.startswith("file:"):
        return _store(url, user)
    if datanodes is None:
        datanodes = _datanodes(os.environ.get("HDFS_DATANODES", ""))
    if "://" in url:
        return connect_to(url, user, patience, datanodes)
    check_alias(url)
    client = client_of(url or None)
    if client.url.startswith("file:"):
        return _store(client.url, user)
    return WebHDFS(client, patience, datanodes)


def _datanodes(text: str) -> dict[str, str]:
    """Read ``REPORTED=REACHED REPORTED=REACHED``.

    >>> _datanodes("dn1:9864=localhost:9864 *=gateway")
    {'dn1:9864': 'localhost:9864', '*': 'gateway'}
    """
    pairs = [word.partition("=") for word in text.split()]
    if not all(reported and reached for reported, _, reached in pairs):
        raise NoAddress(f"HDFS_DATANODES={text!r}: not REPORTED=REACHED, separated by blanks")
    return {reported: reached for reported, _, reached in pairs}


def _store(url: str, user: str | None) -> FileSystem:
    from hdfs_tools.embedded import EmbeddedStore

    directory = url.removeprefix("file:").removeprefix("//")
    if not directory.startswith("/"):
        raise NoAddress(f"{url}: a directory of this machine is given as file:///PATH")
    return EmbeddedStore(decode_name(directory), user)


def locate(uri: str) -> FileSystem:
    """Return the file system that a URI is of, the same one at each call in a process.

    It is another one where ``HDFS_URL`` names another one since.

    Parameters
    ----------
    uri : str
        ``hdfs:///path``, ``hdfs://namenode:8020/path``, ``hdfs://nameservice/path`` or
        ``webhdfs://namenode:9870/path``.
    """
    key = (authority_of(uri), os.environ.get("HDFS_URL", ""), os.getpid())
    with _lock:
        if key not in _known:
            scheme, _, authority = key[0].partition("://")
            _known[key] = _connect(scheme, authority)
        return _known[key]


def _connect(scheme: str, authority: str) -> FileSystem:
    storage: FileSystem
    if scheme != "hdfs":
        storage = connect_to(f"{'https' if scheme == 'swebhdfs' else 'http'}://{authority}")
    else:
        address = address_of(authority)
        if address is None:
            raise NoAddress(_HOW)
        user = os.environ.get("mapreduce_job_user_name")  # in a task: whose job it is
        storage = connect(address, user=user)
    if isinstance(storage, WebHDFS) and "mapreduce_task_attempt_id" not in os.environ:
        storage.check()  # a wrong address is best known soon; to a task it was right once
        if scheme == "hdfs":
            _check_authority(storage, authority)
    return storage


def _check_authority(storage: WebHDFS, authority: str) -> None:
    """Refuse a NameNode's address in a URI that is not the one we talk to."""
    port = authority.partition(":")[2]
    if not port:
        return
    reported = storage.rpc_address()
    if reported and reported.rpartition(":")[2] != port:  # its host may have several names
        raise NoAddress(
            f"hdfs://{authority} is not the file system at {storage.url}, which is hdfs://{reported}"
        )
