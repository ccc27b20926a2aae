"""The base of jobs that learn from all images together, or do to each what was learnt."""

import sys
from collections.abc import Iterator
from typing import Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.jobs.image_job import ImageJob, Totals
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.core.results.result_sums import result_and_sums
from mapreduce_jobs.core.runners.mrjob_compat import MRStep

__all__ = ["LearningJob"]

_NOTHING = "nothing learnt"
_KIND = "CannotLearn"


class LearningJob(ImageJob):
    """A job that learns, or does to each image what was learnt.

    A subclass defines `learns`, `result_key`, `learnt` and `reducer`.
    """

    learns: bool
    """Whether it learns."""

    result_key: str
    """The key of the result of learning."""

    def steps(self) -> list[MRStep]:
        """One step: what tasks learn is brought together; else map only."""
        if not self.learns:
            return [self.map_step()]
        return [
            MRStep(
                mapper_init=self.mapper_init,
                mapper=self.mapper,
                mapper_final=self.learnt,
                reducer=self.reducer,
            )
        ]

    def learnt(self) -> Iterator[tuple[None, Totals]]:
        """Hand on, under no key, what the task knows of its images; report the counters."""
        raise NotImplementedError

    @classmethod
    def is_incremental(cls) -> bool:
        """Return True: what is learnt may hold its sums."""
        return True

    def why_not_incremental(self) -> str | None:
        """Return why it cannot be incremental: nothing is learnt."""
        return None if self.learns else "goes with learning"

    def nothing_learnt(self, error: Exception) -> tuple[str, Failure]:
        """Return the result where nothing can be learnt: why; errors of images stay beside it."""
        self.increment_counter("images", _NOTHING)
        return self.result_key, Failure(_KIND, str(error))

    def finished(self, runner: Any) -> None:
        """Say why nothing was learnt, and how many images failed."""
        if not runner.counters()[0].get("images", {}).get(_NOTHING):
            super().finished(runner)
            return
        for line in b"".join(runner.cat_output()).splitlines():
            key, value = JSONLineProtocol().read(line)
            result, _ = result_and_sums(value)
            if key == self.result_key and isinstance(result, Failure) and result.error == _KIND:
                self.say(f"nothing is learnt: {result.message}")
        super().finished(runner)
        sys.exit(1)
