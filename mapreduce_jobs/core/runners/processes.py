"""Code of the runners whose tasks are processes."""

import os
from typing import Any

from mrjob.bin import MRJobBinRunner

from mapreduce_jobs.core.runners.scratch import ScratchDirectory
from mapreduce_jobs.core.runners.shipping import write_package

__all__ = ["ProcessRunner", "ShipsProject"]


class ProcessRunner(ScratchDirectory, MRJobBinRunner):
    """A runner whose tasks are processes, which a shell script sets up."""

    def _setup_cmd_content(self, setup: Any) -> list[str]:
        """Set PYTHONPATH; with commands of the user's, as mrjob does it.

        mrjob takes a lock, for which it leaves a file in /tmp, and fails on paths with spaces.
        """
        if self._setup:
            return list(super()._setup_cmd_content(setup))
        names = [self._working_dir_mgr.name(**path) for _, path, _ in setup]
        return [f'export PYTHONPATH="$PWD/{name}:$PYTHONPATH"' for name in names]

    def _setup_wrapper_script_content(self, *args: Any, **kwargs: Any) -> list[str]:
        # Without a shell in between, stopping the process stops the task.
        lines = super()._setup_wrapper_script_content(*args, **kwargs)
        return ['exec "$@"' if line == '"$@"' else line for line in lines]


class ShipsProject(ProcessRunner):
    """One whose tasks may run on other machines: the project travels with the job."""

    def _py_files(self) -> list[str]:
        path = os.path.join(self._get_local_tmp_dir(), "mapreduce_imaging.zip")
        if not os.path.exists(path):
            write_package(path)
        return [*super()._py_files(), path]
