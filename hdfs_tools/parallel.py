"""Work in several threads."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["THREADS", "for_each"]

THREADS = 32
"""Files copied at a time. A copy to a cluster with Hadoop's defaults mostly waits: its DataNodes
look only every 400 ms whether a file is whole."""

_WAITING = 2  # items a thread that are known and not yet begun

Item = TypeVar("Item")


def for_each(
    threads: int,
    work: Callable[[Item], object],
    items: Iterable[Item],
    cancel: Callable[[], object] = lambda: None,
) -> None:
    """Call a function for each item, several at a time, in bounded memory.

    Parameters
    ----------
    threads : int
        How many at a time.
    work : callable
        The function. The first exception that it raises ends all, when what is under way is done.
    items : iterable
        Is iterated over as items are needed.
    cancel : callable, optional
        Is called when it ends early, by an interrupt for one, to bring what is under way to an end.
    """
    room = threading.Semaphore((1 + _WAITING) * threads)
    errors: list[BaseException] = []

    def one(item: Item) -> None:
        try:
            if not errors:
                work(item)
        except BaseException as error:
            errors.append(error)
        finally:
            room.release()

    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            room.acquire()
            if errors:
                break
            pool.submit(one, item)
        pool.shutdown()
    except BaseException as error:
        errors.insert(0, error)
        cancel()
        pool.shutdown(cancel_futures=True)
        raise
    if errors:
        raise errors[0]
