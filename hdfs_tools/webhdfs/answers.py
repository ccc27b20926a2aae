"""Answers of WebHDFS, and what is none."""

from typing import Any
from urllib.parse import urlsplit

import requests

from hdfs_tools.errors import RemoteError

__all__ = ["Answer", "check_answer", "no_webhdfs"]


class Answer(dict[str, Any]):
    """The JSON object that HDFS answers with; what it lacks is an error that says who answered."""

    def __init__(self, answer: requests.Response) -> None:
        try:
            found = answer.json()
        except ValueError:
            found = None
        super().__init__(found if isinstance(found, dict) else {})
        self._answer = answer

    def __missing__(self, key: str) -> Any:
        """Raise `RemoteError`: no WebHDFS has answered."""
        raise _something_else(self._answer)


def check_answer(answer: requests.Response, is_file: bool) -> None:
    """Raise `RemoteError` for a page in place of a file, or of JSON or nothing."""
    if is_file:
        is_page = _kind(answer) == "text/html"
    else:
        is_page = bool(answer.content) and not answer.content.lstrip().startswith(b"{")
    if is_page:
        raise _something_else(answer)


def _something_else(answer: requests.Response) -> RemoteError:
    kind = _kind(answer)
    what = {"text/html": "a page, perhaps to log in", "application/json": "other JSON"}
    return no_webhdfs(answer.url or "", f"answers with {what.get(kind, kind or 'nothing')}")


def _kind(answer: requests.Response) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0]


def no_webhdfs(url: str, what: str) -> RemoteError:
    """Return the error for a server that is something else."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return RemoteError(None, f"{host} {what}: no WebHDFS is at this address")
