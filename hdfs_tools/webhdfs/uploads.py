"""Writing over WebHDFS: files are sent, compared, and renamed to their name."""

import contextlib
import time
from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.copying.temporary import temporary_name
from hdfs_tools.errors import (
    Corrupt,
    CorruptBlock,
    Exists,
    HdfsToolsError,
    IsADirectory,
    NoSpace,
    NotFound,
    RemoteError,
    StorageError,
)
from hdfs_tools.paths import check_new
from hdfs_tools.storage import Source
from hdfs_tools.webhdfs.answers import Answer
from hdfs_tools.webhdfs.metadata import Metadata, octal
from hdfs_tools.webhdfs.rest import Body

__all__ = ["Writing"]

_TRIES = 3  # of sending a file that does not arrive as it was sent
RENEWAL = 3_600.0
"""Seconds after which a temporary file is said to be somebody's: a part of `REMOTE_LEASE`."""
_RESERVED = 256  # blocks of room that files which are being written may take from all others
_LATE, _PAUSE = 3.0, 0.05  # seconds to wait for a file that is to be deleted


class Writing(Metadata, ABC):
    """That part of a file system on WebHDFS which changes what is there."""

    def write(
        self,
        path: str,
        source: Source,
        *,
        overwrite: bool = False,
        verify: bool = True,
        permission: int | None = None,
        replication: int | None = None,
        block_size: int | None = None,
    ) -> int:
        """Write a file, which appears under its name when it is whole and verified."""
        check_new(path)
        if not isinstance(source, bytes):
            self._refuse(path, overwrite)  # better now than when all is sent
        temporary = temporary_name(path)
        block_size = block_size or self.block_size
        try:
            for left in reversed(range(_TRIES)):
                sent = self._send(temporary, source, permission, replication, block_size)
                try:
                    self._compare(temporary, sent, source, block_size, verify)
                    break
                except Corrupt as error:
                    if not left or isinstance(error, CorruptBlock):
                        raise
            self._publish(temporary, path, sent, overwrite)
        except BaseException as error:
            self._discard(temporary, maybe_late=not isinstance(error, StorageError))
            if isinstance(error, StorageError) and error.filename == temporary:
                error.filename = path
                error.strerror = str(error.strerror).replace(temporary, path)
            if isinstance(error, RemoteError) and self._is_nearly_full():
                reason = f"HDFS is nearly full, and no DataNode took it ({error.strerror})"
                raise NoSpace(path, reason) from error
            raise
        return sent.length

    def _send(
        self,
        path: str,
        source: Source,
        permission: int | None,
        replication: int | None,
        block_size: int,
    ) -> FileChecksum:
        """Write bytes straight to a path; return what their checksum is."""
        sent = FileChecksum(block_size)

        def body() -> Body:
            nonlocal sent
            sent = FileChecksum(block_size)
            if isinstance(source, bytes):
                sent.update(source)
                return source
            return sent.through(self._renewed(path, _guarded(source)))

        params = {
            "overwrite": True,  # what an earlier try has left
            "permission": octal(permission),
            "replication": replication,
            "blocksize": block_size,
        }
        try:
            self.rest.ask("PUT", "CREATE", path, params, body=body)
        except _SourceFailed as failure:
            raise failure.error from None
        return sent

    def _renewed(self, path: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Renew a file's time of change while it is written, so that it is not abandoned."""
        renewed = time.monotonic()
        for piece in pieces:
            if time.monotonic() - renewed > RENEWAL:
                with contextlib.suppress(HdfsToolsError):  # the next time
                    self.set_times(path, self.now())
                renewed = time.monotonic()
            yield piece

    def _compare(
        self, path: str, sent: FileChecksum, source: Source, block_size: int, verify: bool
    ) -> None:
        """Raise `Corrupt` unless what HDFS has is what was sent."""
        if not verify:
            found = self.stat(path).size
            if found != sent.length:
                raise Corrupt(path, f"{found} of {sent.length} bytes arrived")
            return
        stored = self.checksum(path)
        if stored == sent.result():
            return
        again = FileChecksum.like(stored, block_size)
        if again.parameters != sent.parameters:  # this cluster's are others
            for piece in [source] if isinstance(source, bytes) else source():
                again.update(piece)
            if again.result() == stored:
                return
        raise Corrupt(path, "the checksum of what arrived is not that of what was sent")

    def _publish(self, temporary: str, path: str, sent: FileChecksum, overwrite: bool) -> None:
        try:
            self.rename(temporary, path, overwrite)
        except NotFound:
            # The answer to an earlier try may have been lost.
            if self.checksum(path).digest != sent.result().digest:
                raise
        except StorageError as error:
            error.filename = path
            self._refuse(path, overwrite)
            raise

    def _refuse(self, path: str, overwrite: bool) -> None:
        """Raise the error of writing to what is there already."""
        try:
            found = self.stat(path)
        except NotFound:
            return
        if found.is_directory:
            raise IsADirectory(path)
        if not overwrite:
            raise Exists(path)

    def _is_nearly_full(self) -> bool:
        try:
            return self.capacity().remaining < _RESERVED * self.block_size
        except HdfsToolsError:
            return False

    def _discard(self, path: str, maybe_late: bool) -> None:
        """Delete a file, which a DataNode may make only now if the request was cut short."""
        until = time.monotonic() + (_LATE if maybe_late else 0)
        with contextlib.suppress(HdfsToolsError):  # the first error says more
            while not self.delete(path) and time.monotonic() < until:
                time.sleep(_PAUSE)

    @cached_property
    def block_size(self) -> int:
        """Bytes of a block of files that are written without another being asked for."""
        return int(self.get("GETSERVERDEFAULTS", "/")["FsServerDefaults"]["blockSize"])

    def mkdir(self, path: str, permission: int = 0o755) -> None:
        """Make a directory and those above it; it may be there."""
        check_new(path)
        if not Answer(self.put("MKDIRS", path, permission=octal(permission)))["boolean"]:
            raise NotFound(path)  # it went again at once

    def rename(self, path: str, target: str, overwrite: bool = False) -> None:
        """Give a file or directory another path, in one step."""
        check_new(target)
        option = "OVERWRITE" if overwrite else "NONE"
        try:
            self.put("RENAME", path, destination=target, renameoptions=option)
        except Exists as error:
            error.filename = target
            raise

    def delete(self, path: str, recursive: bool = False) -> bool:
        """Delete a file or directory for good; return whether there was one."""
        try:
            answer = self.rest.ask("DELETE", "DELETE", path, {"recursive": recursive})
        except NotFound:  # its name is none that HDFS has
            return False
        return bool(Answer(answer)["boolean"])


class _SourceFailed(Exception):
    """An error of whoever gives the bytes, which must not be taken for one of the connection."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def _guarded(source: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    try:
        yield from source()
    except GeneratorExit:
        raise
    except BaseException as error:
        raise _SourceFailed(error) from error
