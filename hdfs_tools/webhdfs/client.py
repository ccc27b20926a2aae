"""HDFS over WebHDFS."""

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import hdfs
import requests

from hdfs_tools.errors import NotFound
from hdfs_tools.status import Capacity, Checksum, Status
from hdfs_tools.user import user_name
from hdfs_tools.webhdfs.downloads import Reading
from hdfs_tools.webhdfs.rest import Rest
from hdfs_tools.webhdfs.uploads import Writing
from hdfs_tools.webhdfs.web_urls import endpoints

__all__ = ["WebHDFS", "connect_to"]


def connect_to(
    url: str,
    user: str | None = None,
    patience: float = 60,
    datanodes: Mapping[str, str] | None = None,
) -> "WebHDFS":
    """Return the file system at an address, without a word to it yet.

    Parameters
    ----------
    url : str
        ``http://namenode:9870``; several NameNodes of one file system separated by ``;``. For what
        else may stand there see `hdfs_tools.webhdfs.web_urls`.
    user : str, optional
        Who asks; by default who is named in the address, ``HADOOP_USER_NAME`` or the user of this
        process.
    patience : float, optional
        Seconds to try again for, while nodes do not answer.
    datanodes : mapping, optional
        See `hdfs_tools.webhdfs.rest.Rest`.
    """
    url, named = endpoints(url)
    return WebHDFS(hdfs.InsecureClient(url, user=user or named or user_name()), patience, datanodes)


class WebHDFS(Reading, Writing):
    """A file system of HDFS; may be used by several threads.

    Parameters
    ----------
    client : hdfs.Client
        How HDFS is reached and who asks.
    patience : float, optional
        Seconds to try again for, while nodes do not answer or are not ready.
    datanodes : mapping, optional
        See `hdfs_tools.webhdfs.rest.Rest`.
    """

    def __init__(
        self,
        client: hdfs.client.Client,
        patience: float = 60,
        datanodes: Mapping[str, str] | None = None,
    ) -> None:
        self.url = client.url
        self.rest = Rest(client, patience, datanodes or {})
        self._root: str | None = client.root

    @property
    def patience(self) -> float:
        """Seconds to try again for, while nodes do not answer or are not ready."""
        return self.rest.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.rest.patience = seconds

    @property
    def waits_in_safe_mode(self) -> bool:
        """Whether the end of safe mode is waited for, too."""
        return self.rest.waits_in_safe_mode

    @waits_in_safe_mode.setter
    def waits_in_safe_mode(self, wait: bool) -> None:
        self.rest.waits_in_safe_mode = wait

    @property
    def user(self) -> str:  # type: ignore[override]
        """Who asks, as HDFS knows them."""
        return self.home().rpartition("/")[2]

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
        for url in self.rest.urls:
            try:
                answer = self.rest.get(f"{url}/jmx?qry={bean}")
                return str(answer.json()["beans"][0]["HostAndPort"])
            except (requests.RequestException, ValueError, LookupError):
                continue
        return None

    # Looking

    def stat(self, path: str) -> Status:
        """Return what is known of a file or directory; `NotFound` if it is not there."""
        return _status(path, self.get("GETFILESTATUS", path)["FileStatus"])

    def list(self, directory: str) -> Iterator[Status]:
        """Iterate over what a directory holds, in HDFS's order, some thousand at a time.

        A file given in place of a directory is all there is.
        """
        after = None
        while True:
            response = self.get("LISTSTATUS_BATCH", directory, startAfter=after)["DirectoryListing"]
            entries = response["partialListing"]["FileStatuses"]["FileStatus"]
            for entry in entries:
                name = entry["pathSuffix"]
                yield _status(f"{directory.rstrip('/')}/{name}" if name else directory, entry)
            if not response["remainingEntries"]:
                return
            after = entries[-1]["pathSuffix"]

    def checksum(self, path: str) -> Checksum:
        """Return HDFS's checksum of a file, the one that ``hdfs dfs -checksum`` prints."""
        try:
            response = self.get("GETFILECHECKSUM", path)["FileChecksum"]
        except NotFound:
            self.refuse_directory(path)
            raise
        return Checksum(response["algorithm"], response["bytes"][: 2 * response["length"]])

    def capacity(self) -> Capacity:
        """Return how much room there is."""
        response = self.get("GETSTATUS", "/")["FsStatus"]
        return Capacity(response["capacity"], response["used"], response["remaining"])

    def now(self) -> float:
        """Return the NameNode's time, to the second; 0 where it does not say."""
        response = self.rest.ask("GET", "GETFILESTATUS", "/").headers.get("Date")
        return parsedate_to_datetime(response).timestamp() if response else 0.0

    def home(self) -> str:
        """Return the home directory of whoever asks."""
        return self._home

    @cached_property
    def _home(self) -> str:
        return str(self.get("GETHOMEDIRECTORY", "/")["Path"])

    def absolute(self, path: str) -> str:
        """Return the absolute form of a path, which is relative to the home directory.

        Where an alias of ``~/.hdfscli.cfg`` has a ``root``, it is relative to that.
        """
        if self._root and not path.startswith("/"):
            path = f"{self._root}/{path}"
        return super().absolute(path)


def _status(path: str, response: dict[str, Any]) -> Status:
    return Status(
        path,
        response["type"] == "DIRECTORY",
        response["length"],
        response["owner"],
        response["group"],
        int(response["permission"], 8),
        response["modificationTime"] / 1000,
        response["accessTime"] / 1000,
        response["replication"],
        response["blockSize"],
        response.get("aclBit", False),
    )
