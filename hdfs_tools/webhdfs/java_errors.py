"""Java's exceptions as errors of Python."""

import requests

from hdfs_tools.errors import (
    Corrupt,
    Exists,
    InvalidPath,
    NoSpace,
    NotADirectory,
    NotEmpty,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RemoteError,
    SafeMode,
    StorageError,
    Unreachable,
    Unsupported,
)
from hdfs_tools.webhdfs.answers import no_webhdfs

__all__ = ["is_transient", "remote_error"]

_ERRORS: dict[str, type[StorageError]] = {
    "FileNotFoundException": NotFound,
    "PathNotFoundException": NotFound,
    "FileAlreadyExistsException": Exists,
    "AlreadyBeingCreatedException": Exists,
    "PathExistsException": Exists,
    "AccessControlException": PermissionDenied,
    "SnapshotAccessControlException": PermissionDenied,
    "SecurityException": PermissionDenied,
    "AuthorizationException": PermissionDenied,
    "AuthenticationException": PermissionDenied,
    "InvalidToken": PermissionDenied,
    "ParentNotDirectoryException": NotADirectory,
    "PathIsNotDirectoryException": NotADirectory,
    "PathIsNotEmptyDirectoryException": NotEmpty,
    "DiskOutOfSpaceException": NoSpace,
    "NSQuotaExceededException": QuotaExceeded,
    "DSQuotaExceededException": QuotaExceeded,
    "QuotaByStorageTypeExceededException": QuotaExceeded,
    "QuotaExceededException": QuotaExceeded,
    "MaxDirectoryItemsExceededException": QuotaExceeded,
    "InvalidPathException": InvalidPath,
    "PathComponentTooLongException": InvalidPath,
    "IllegalArgumentException": InvalidPath,
    "HadoopIllegalArgumentException": InvalidPath,
    "ChecksumException": Corrupt,
    "BlockMissingException": Corrupt,
    "UnsupportedOperationException": Unsupported,
    "SafeModeException": SafeMode,
}
_TRANSIENT = ("RetriableException", "StandbyException", "ConnectException", "HttpError")
_WORDLESS = (NotFound, Exists, NotEmpty)  # Java's words say less than the system's


def remote_error(answer: requests.Response, path: str) -> StorageError:
    """Return the error that an answer of WebHDFS stands for.

    The Java class decides; the message is for people only.
    """
    try:
        response = answer.json()["RemoteException"]
        kind, message = response["exception"].rpartition(".")[2], response["message"] or ""
    except (ValueError, LookupError, TypeError):
        if answer.status_code == 401:
            return PermissionDenied(path, f"HDFS does not know who asks: {_wanted(answer)}")
        reason = f"HTTP status {answer.status_code} {answer.reason or ''}".rstrip()
        if b"Hadoop IPC port" in answer.content:
            return no_webhdfs(answer.url, "is the port of Hadoop's RPC; WebHDFS's is usually 9870")
        if answer.status_code in (404, 405):
            return no_webhdfs(answer.url, f"answers with {reason}")
        gateway = answer.status_code in (502, 503, 504)
        return RemoteError(path, reason, "HttpError" if gateway else None)
    error = _ERRORS.get(kind, RemoteError)
    words = None if error in _WORDLESS else message.partition("\n")[0] or kind
    return error(path, words, kind)


def is_transient(error: StorageError) -> bool:
    """Return whether the same request may do better in a moment."""
    return isinstance(error, Unreachable) or error.java_class in _TRANSIENT


def _wanted(answer: requests.Response) -> str:
    """Return what would prove who asks."""
    if "Negotiate" not in answer.headers.get("WWW-Authenticate", ""):
        return "authentication failed"
    return (
        "it wants a Kerberos ticket (kinit) and an alias with client = KerberosClient, or a"
        " delegation token"
    )
