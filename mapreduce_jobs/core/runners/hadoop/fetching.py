"""The results of a job on a cluster, read from HDFS over HTTP."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from hdfs_tools.bundles.compressed import is_compressed
from hdfs_tools.webhdfs.client import WebHDFS

__all__ = ["read_parts"]

_SMALL_PART = 16 << 20  # bytes of a part of the results that is fetched ahead
_PARTS_AHEAD = 4


def read_parts(
    storage: WebHDFS, directory: str, read_large: Callable[[str], Iterator[bytes]]
) -> Iterator[bytes]:
    """Iterate over the bytes of a job's output, part by part; small parts are fetched ahead.

    Parameters
    ----------
    storage : WebHDFS
        Where it is.
    directory : str
        Path of the output.
    read_large : callable
        Reads a part that is large or compressed, by its path.
    """
    parts = [
        part
        for part in storage.walk(directory)
        if not re.search(r"/[_.]", part.path.removeprefix(directory))
    ]
    with ThreadPoolExecutor(_PARTS_AHEAD) as pool:
        waiting: deque[tuple[str, Future[bytes] | None]] = deque()

        def first() -> Iterator[bytes]:
            path, ahead = waiting.popleft()
            return iter([ahead.result()]) if ahead else read_large(path)

        for part in parts:
            small = part.size < _SMALL_PART and not is_compressed(part.path)
            waiting.append((part.path, pool.submit(storage.read, part.path) if small else None))
            if len(waiting) > _PARTS_AHEAD:
                yield from first()
        while waiting:
            yield from first()
