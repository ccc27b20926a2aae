"""The base of jobs over the rows of tables: CSV files, and the results of other jobs."""

from collections.abc import Iterable, Iterator

from mrjob.protocol import BytesValueProtocol

from mapreduce_jobs.core.inputs import deal_text
from mapreduce_jobs.core.item_job import ItemJob
from mapreduce_jobs.core.splits import TaskFiles

__all__ = ["TableJob"]


class TableJob(ItemJob):
    """A job whose mapper is given blocks of rows; see `mapreduce_jobs.core.tables`."""

    INPUT_PROTOCOL = BytesValueProtocol

    items = "rows"

    def deal(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Deal tables to map tasks."""
        deal_text(inputs, stdin, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over blocks of rows."""
        from mapreduce_jobs.core.tables import blocks  # NumPy is slow to import

        return blocks(self.stdin, spans)
