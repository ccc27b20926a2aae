"""A job's temporary directory on this machine, and the name that is its own."""

import logging
import os
import re
import tempfile
from typing import Any

from mrjob.runner import MRJobRunner

from mapreduce_jobs.core.runners.launcher import hold, lock_path, remove, remove_abandoned

__all__ = ["ScratchDirectory"]

log = logging.getLogger("mrjob.runner")


class ScratchDirectory(MRJobRunner):
    """A runner whose temporary directory is held by a lock, and removed when that is free."""

    _opts: dict[str, Any]
    _local_tmp_dir: str | None
    _lock: int | None = None

    def _make_unique_job_key(self, label: Any = None, owner: Any = None) -> str:
        """Return a name that no other job has, also of another container or machine."""
        key = f"{super()._make_unique_job_key(label, owner)}.{os.urandom(4).hex()}"
        return re.sub(r"[^\w.-]", "_", key, flags=re.ASCII)

    def _get_local_tmp_dir(self) -> str:
        if self._local_tmp_dir is None:
            base = self._opts["local_tmp_dir"] or tempfile.gettempdir()
            path = os.path.join(base, self._job_key)
            log.info(f"Creating temp directory {path}")
            os.makedirs(base, exist_ok=True)
            os.mkdir(path, 0o700)  # images, and a key
            self._lock = hold(path)
            self._local_tmp_dir = path
            remove_abandoned(base)
        return self._local_tmp_dir

    def launcher_lock(self) -> str | None:
        """Return the path of the lock that this process holds for as long as it lives."""
        directory = self._get_local_tmp_dir()
        return None if self._lock is None else lock_path(directory)

    def _cleanup_local_tmp(self) -> None:
        path, self._local_tmp_dir = self._local_tmp_dir, None
        if path is not None:
            log.info(f"Removing temp directory {path}")
            remove(path)
            if os.path.lexists(path):
                log.warning(f"{path} is left behind: it cannot be removed")
        self._release()

    def cleanup(self, mode: Any = None) -> None:
        """Remove what is temporary; a directory that is to be kept is no longer ours to remove."""
        super().cleanup(mode)
        if self._lock is not None and self._local_tmp_dir is not None:
            os.unlink(lock_path(self._local_tmp_dir))
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
