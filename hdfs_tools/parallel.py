"""Work in several threads."""

import contextlib
import errno
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["THREADS", "Pool", "can_start_thread", "for_each", "is_lack_of_threads"]

THREADS = 32
"""Files copied at a time. A copy to a cluster with Hadoop's defaults mostly waits: its DataNodes
look only every 400 ms whether a file is whole."""

_WAITING = 2  # items a thread that are known and not yet begun
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_MAX_IN_VAIN = 20  # items in a row that find no room alone, before larger ones are not tried again

Item = TypeVar("Item")


class Pool(ThreadPoolExecutor):
    """Threads that work; where the system has no more of them, whoever submits work does it.

    `concurrent.futures.ThreadPoolExecutor` raises then, and the work stays in its queue.
    """

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Let a thread call a function; return what will have its result."""
        result: Future[Any] = Future()
        begun = threading.Lock()

        def work() -> Any:
            if begun.acquire(blocking=False):  # not both in a thread and here
                try:
                    result.set_result(function(*args, **kwargs))
                except BaseException as error:
                    result.set_exception(error)
            return result.result()

        try:
            return super().submit(work)
        except (RuntimeError, MemoryError):
            with contextlib.suppress(Exception):  # it is in the result
                work()
            return result


def for_each(
    threads: int,
    work: Callable[[Item], object],
    items: Iterable[Item],
    cancel: Callable[[], object] = lambda: None,
    failed: Callable[[Item, Exception], object] | None = None,
    size: Callable[[Item], int] = lambda _: 0,
) -> None:
    """Call a function for each item, several at a time, in bounded memory.

    Parameters
    ----------
    threads : int
        How many at a time; fewer where the system has no more threads.
    work : callable
        The function.
    items : iterable
        Is iterated over as items are needed.
    cancel : callable, optional
        Is called when it ends early, by an interrupt for one, to bring what is under way to an end.
    failed : callable, optional
        Is given an item and the error that the function raised. Without it, the first error ends
        all, when what is under way is done.

        An item that found no room on a disk, in a quota or in memory fails only if it finds none
        either when all others are done and it is alone: what is under way takes more room than what
        is done. HDFS reserves whole blocks for each file that is being written.
    size : callable, optional
        Returns how much room an item needs: the least is tried alone first.
    """
    room = threading.Semaphore((1 + _WAITING) * threads)
    errors: list[BaseException] = []
    put_off: list[tuple[Item, Exception]] = []

    def one(item: Item) -> None:
        try:
            if not errors:
                work(item)
        except BaseException as error:
            if failed is None or not isinstance(error, Exception):
                errors.append(error)
                return
            _forget_frames(error)
            if _found_no_room(error):
                put_off.append((item, error))
            else:
                failed(item, error)
        finally:
            room.release()

    pool = Pool(threads)
    try:
        for item in items:
            room.acquire()
            if errors:
                break
            pool.submit(one, item)
        pool.shutdown()
        if not errors and failed is not None:
            _do_alone(work, sorted(put_off, key=lambda pair: size(pair[0])), failed)
    except BaseException as error:
        errors.insert(0, error)
        cancel()
        pool.shutdown(cancel_futures=True)
        raise
    if errors:
        raise errors[0]


def can_start_thread() -> bool:
    """Return whether the system has another thread for this process."""
    thread = threading.Thread(target=bool)
    try:
        thread.start()
    except (RuntimeError, MemoryError):
        return False
    thread.join()
    return True


def _do_alone(
    work: Callable[[Item], object],
    items: Iterable[tuple[Item, Exception]],
    failed: Callable[[Item, Exception], object],
) -> None:
    """Call a function for items, one at a time, that found no room beside others."""
    in_vain = 0
    for item, error in items:
        if in_vain < _MAX_IN_VAIN:
            try:
                work(item)
            except Exception as again:
                in_vain += 1
                _forget_frames(again)
                failed(item, again)
            else:
                in_vain = 0
        else:
            failed(item, error)


def is_lack_of_threads(error: BaseException) -> bool:
    """Return whether Python could not get a thread or a lock from the system."""
    return isinstance(error, RuntimeError) and str(error).startswith(("can't start", "can't alloc"))


def _found_no_room(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or is_lack_of_threads(error)
        or getattr(error, "errno", None) in _NO_ROOM
    )


def _forget_frames(error: BaseException | None) -> None:
    """Let go of the variables that an error's traceback holds, the bytes of a file among them."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
