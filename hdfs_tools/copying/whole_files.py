"""Files and directories of this machine that have their names only when they are whole."""

import contextlib
import errno
import io
import os
import shutil
import stat
from collections.abc import Iterator
from typing import IO, Any, Self

from hdfs_tools.copying.directories import remove
from hdfs_tools.copying.temporary import is_abandoned, lock, temporary_name
from hdfs_tools.errors import Corrupt, Exists, IsADirectory, NotARegularFile

__all__ = ["WholeFile", "remove_abandoned", "whole_directory", "write_whole"]


_PIECE = 1 << 18  # bytes that are compared at once


class WholeFile(io.BufferedIOBase):
    """A file that is written under a temporary name, and gets its own when its block ends well.

    All bytes are written, or it is an error. Before it has its name it is on the disk, and what
    lies there is compared with what was written: by length and CRC32C. Whatever else ends the
    block, nothing is left.

    Parameters
    ----------
    path : str
        The file. A device, a pipe or a directory in its place is an error.
    overwrite : bool, optional
        Whether a file that is there is replaced; else it is an error, `Exists`.

    Attributes
    ----------
    path : str
        The file.
    length : int
        Bytes so far.
    """

    _file: IO[bytes]

    def __init__(self, path: str, overwrite: bool = True) -> None:
        _refuse(path, overwrite)
        self.path = path
        self.length = 0
        self._overwrite = overwrite
        self._crc = 0
        self._temporary = temporary_name(path)
        with _about(path):
            self._file = open(self._temporary, "xb")  # noqa: SIM115
        lock(self._file.fileno())  # which is_abandoned looks for

    def writable(self) -> bool:
        """Return True: it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Write all bytes of `data`; return their number."""
        from google_crc32c import extend  # slow to import

        piece = data if isinstance(data, bytes) else bytes(data)
        with _about(self.path):
            self._file.write(piece)
        self._crc = extend(self._crc, piece)
        self.length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return the number of bytes so far."""
        return self.length

    def check(self) -> os.stat_result:
        """Bring all bytes to the disk; raise `Corrupt` unless what lies there is what was written.

        Returns
        -------
        os.stat_result
            What is known of the file.
        """
        from google_crc32c import extend

        with _about(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            found = os.fstat(self._file.fileno())
            crc = 0
            if found.st_size == self.length:
                with open(self._temporary, "rb", buffering=0) as file:
                    while piece := file.read(_PIECE):
                        crc = extend(crc, piece)
        if found.st_size != self.length:
            raise Corrupt(self.path, f"{found.st_size} of {self.length} bytes are on the disk")
        if crc != self._crc:
            raise Corrupt(self.path, "what is on the disk is not what was written")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.check()
                self._publish()
        finally:
            self.close()

    def close(self) -> None:
        """Remove what has no name yet."""
        if "_file" in vars(self) and not self._file.closed:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._temporary)
            with contextlib.suppress(OSError):  # of what is not wanted any more
                self._file.close()
        super().close()

    def _publish(self) -> None:
        """Give the file its name, without a moment in which it is half there."""
        if self._overwrite:
            with _about(self.path):
                os.replace(self._temporary, self.path)
            return
        try:
            os.link(self._temporary, self.path)  # which, unlike a rename, does not replace
        except FileExistsError:
            raise Exists(self.path) from None
        except OSError:  # there are no hard links here
            if os.path.lexists(self.path):
                raise Exists(self.path) from None
            with _about(self.path):
                os.rename(self._temporary, self.path)


def write_whole(path: str, data: bytes) -> None:
    """Write a file that has its name only when it is whole; one that is there is replaced."""
    with WholeFile(path) as file:
        file.write(data)


@contextlib.contextmanager
def whole_directory(path: str) -> Iterator[str]:
    """Make a directory that gets its name when the block has ended well, and is gone if not.

    Parameters
    ----------
    path : str
        The directory; it must not exist (`Exists`). Those above it are made.

    Yields
    ------
    str
        Where to make it until then: a path in a new directory that nobody else has.
    """
    if os.path.lexists(path):
        raise Exists(path)
    above = os.path.dirname(path)
    os.makedirs(above, exist_ok=True)
    remove_abandoned(above)
    temporary = temporary_name(path)
    os.mkdir(temporary)
    opened = os.open(temporary, os.O_RDONLY)
    try:
        lock(opened)
        made = os.path.join(temporary, os.path.basename(path))
        yield made
        if os.path.lexists(path):  # a rename would replace an empty directory
            raise Exists(path)
        with _about(path):
            os.rename(made, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(opened)


def remove_abandoned(directory: str) -> None:
    """Remove the temporary files and directories in a directory that are nobody's any more."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if is_abandoned(path):
            remove(path)


def _refuse(path: str, overwrite: bool) -> None:
    """Raise the error of writing a file where something else is."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if os.path.isdir(path):
        raise IsADirectory(path)
    if not overwrite:
        raise Exists(path)
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise NotARegularFile(errno.EINVAL, "a pipe, socket or device", path)


@contextlib.contextmanager
def _about(path: str) -> Iterator[None]:
    """Name the file, and not the temporary one, in an error of the system's."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
