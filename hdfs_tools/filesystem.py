"""How a file system is found: by its address, or by a URI of something on it."""

import os
import threading

import hdfs

from hdfs_tools.addresses import address_of
from hdfs_tools.errors import NoAddress
from hdfs_tools.uri import authority_of
from hdfs_tools.webhdfs import WebHDFS, connect_to

__all__ = ["connect", "locate"]

_HOW = (
    "nothing says where HDFS answers over HTTP: set HDFS_URL=http://NAMENODE:9870, or name a"
    " default alias in ~/.hdfscli.cfg, or set HADOOP_CONF_DIR"
)

_known: dict[tuple[str, int], WebHDFS] = {}
_lock = threading.Lock()


def connect(url: str | None = None, patience: float = 60) -> WebHDFS:
    """Return a file system of HDFS.

    Parameters
    ----------
    url : str, optional
        ``http://namenode:9870`` (several NameNodes separated by ``;``), or an alias of
        ``~/.hdfscli.cfg``. By default what the variable ``HDFS_URL``, the default alias of
        ``~/.hdfscli.cfg`` or the Hadoop configuration says.
    patience : float, optional
        Seconds to try again for, while nodes do not answer.

    Raises
    ------
    NoAddress
        Nothing says where HDFS is, or the alias is unknown.
    """
    if url is None:
        url = address_of()
        if url is None:
            raise NoAddress(_HOW)
    if "://" in url:
        return connect_to(url, patience=patience)
    try:
        return WebHDFS(hdfs.Config().get_client(url or None), patience)
    except hdfs.HdfsError as error:
        raise NoAddress(str(error)) from None


def locate(uri: str) -> WebHDFS:
    """Return the file system that a URI is of, the same one at each call in a process.

    Parameters
    ----------
    uri : str
        ``hdfs:///path``, ``hdfs://namenode:8020/path``, ``hdfs://nameservice/path`` or
        ``webhdfs://namenode:9870/path``.
    """
    key = (authority_of(uri), os.getpid())
    with _lock:
        if key not in _known:
            scheme, _, authority = key[0].partition("://")
            _known[key] = _connect(scheme, authority)
        return _known[key]


def _connect(scheme: str, authority: str) -> WebHDFS:
    if scheme != "hdfs":
        storage = connect_to(f"{'https' if scheme == 'swebhdfs' else 'http'}://{authority}")
    else:
        address = address_of(authority)
        if address is None:
            raise NoAddress(_HOW)
        user = os.environ.get("mapreduce_job_user_name")  # in a task: whose job it is
        storage = connect_to(address, user) if address else connect(address)
    if "mapreduce_task_attempt_id" not in os.environ:
        storage.check()  # a wrong address is best known soon; to a task it was right once
        if scheme == "hdfs":
            _check_authority(storage, authority)
    return storage


def _check_authority(storage: WebHDFS, authority: str) -> None:
    """Refuse a NameNode's address in a URI that is not the one we talk to."""
    port = authority.partition(":")[2]
    if not port:
        return
    told = storage.rpc_address()
    if told and told.rpartition(":")[2] != port:  # its host may have several names
        raise NoAddress(
            f"hdfs://{authority} is not the file system at {storage.url}, which is hdfs://{told}"
        )
