"""Reading over WebHDFS, resumed at another DataNode where one breaks off."""

from abc import ABC
from collections.abc import Iterator

import requests
from requests.exceptions import ChunkedEncodingError

from hdfs_tools.errors import CorruptBlock, IsADirectory, NotFound
from hdfs_tools.webhdfs.metadata import Metadata
from hdfs_tools.webhdfs.rest import short_answer

__all__ = ["Reading"]

_BREAKS = 3  # in a row at the same byte, before it is taken for damage
_PIECE = 1 << 16  # bytes read at once, and lost where a DataNode breaks off; HDFS's packets
_DAMAGED = (
    "no replica of the block at byte {} can be read: DataNodes break off there each time, as where"
    " all replicas are corrupt"
)

_Begun = tuple[requests.Response, Iterator[bytes], bytes]


class Reading(Metadata, ABC):
    """That part of a file system on WebHDFS which reads files."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""

        def whole() -> requests.Response | None:
            try:
                return self.rest.once("GET", "OPEN", path)
            except ChunkedEncodingError:
                return None

        try:
            answer = self.rest.persist(path, whole)
        except NotFound:
            self.refuse_directory(path)
            raise
        if answer is not None and "Content-Length" in answer.headers:
            return answer.content
        size = self.stat(path).size  # what is missing would not be noticed
        if answer is not None and len(answer.content) == size:
            return answer.content
        return b"".join(self.fetch(path, 0, size))

    def chunks(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Iterate over the bytes of a file from a position on; goes on where a node fails."""
        found = self.stat(path)
        if found.is_directory:
            raise IsADirectory(path)
        end = found.size if length is None else min(found.size, start + length)
        yield from self.fetch(path, start, end)

    def fetch(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Iterate over the bytes between two positions of a file that is known to hold them."""
        position = start
        breaks = 0  # at this position

        def begin() -> _Begun:
            nonlocal breaks
            params = {"offset": position, "length": end - position}
            answer = self.rest.once("GET", "OPEN", path, params, stream=True)
            pieces = answer.iter_content(_PIECE)
            try:
                first = next(pieces, b"")
                if not first:
                    raise short_answer(0, end - position)
            except requests.RequestException as error:
                answer.close()
                breaks += 1
                if breaks >= _BREAKS and self._is_damaged(path):
                    raise CorruptBlock(path, _DAMAGED.format(position)) from error
                error.request = answer.request
                raise
            except BaseException:
                answer.close()
                raise
            return answer, pieces, first

        while position < end:
            answer, pieces, piece = self.rest.persist(path, begin)
            with answer:
                while piece:
                    position += len(piece)
                    yield piece
                    try:
                        piece = next(pieces, b"")
                    except requests.RequestException:
                        break  # another DataNode goes on from here
            breaks = 1

    def _is_damaged(self, path: str) -> bool:
        """Return whether it is for damage that DataNodes break off, again and again at one byte.

        Where the checksums of all replicas are wrong, they just break off, and do not report it to
        the NameNode either. But HDFS's checksum of the file, which is made of stored checksums and
        not of the data, shows that a DataNode has the block and has time to serve it.
        """
        return self.rest.attempt("GETFILECHECKSUM", path) is not None
