"""The base of jobs that learn from all images together, or do to each what was learnt."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from mapreduce_jobs.core.image_job import ImageJob, Totals
from mapreduce_jobs.core.mrjob_classes import MRStep

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
    def grows(cls) -> bool:
        """Tell that what is learnt may hold its sums."""
        return True

    def why_not_growing(self) -> str | None:
        """Return why it cannot grow: nothing is learnt."""
        return None if self.learns else "goes with learning"

    def nothing_learnt(self, error: Exception) -> tuple[str, Totals]:
        """Return the result where images tell nothing: why; errors of images stay beside it."""
        self.increment_counter("images", _NOTHING)
        return self.result_key, {"error": _KIND, "message": str(error)}

    def finished(self, runner: Any) -> None:
        """Say why nothing was learnt, and how many images failed."""
        if not runner.counters()[0].get("images", {}).get(_NOTHING):
            super().finished(runner)
            return
        start = f'"{self.result_key}"\t{{"error": "{_KIND}"'.encode()
        for line in b"".join(runner.cat_output()).splitlines():
            if line.startswith(start):
                message = json.loads(line.partition(b"\t")[2])["message"]
                self.say(f"nothing is learnt: {message}")
        super().finished(runner)
        sys.exit(1)
