"""mrjob as its manual has it: histograms of the images of a bundle, by mrjob's own runner."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from mrjob.job import MRJob
from mrjob.protocol import BytesProtocol


class PlainHistogram(MRJob):
    """A record line is a name, a TAB and the image in base64."""

    INPUT_PROTOCOL = BytesProtocol

    def mapper_init(self) -> None:
        """Keep to one core."""
        from benchmarks.peers.images import one_core

        one_core()

    def mapper(self, name: bytes, encoded: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
        """Measure one image."""
        from benchmarks.peers.images import measure

        yield name.decode(), measure("histogram", b64decode(encoded))


if __name__ == "__main__":
    PlainHistogram.run()
