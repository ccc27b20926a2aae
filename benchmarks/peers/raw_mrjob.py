"""mrjob's `mapper_raw`: a map task an image, which mrjob copies to the task's directory first."""

import posixpath
from collections.abc import Iterator
from typing import Any

from mrjob.job import MRJob


class RawHistogram(MRJob):
    """The input are images, each a file."""

    def mapper_raw(self, path: str, uri: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Measure one image."""
        from benchmarks.peers.images import measure, one_core

        one_core()
        with open(path, "rb") as file:
            yield posixpath.basename(uri), measure("histogram", file.read())


if __name__ == "__main__":
    RawHistogram.run()
