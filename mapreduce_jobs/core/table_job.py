"""The base of jobs over the rows of tables: CSV files, and the results of other jobs."""

from collections.abc import Iterable, Iterator
from typing import Any

from mapreduce_jobs.core.inputs import deal_text
from mapreduce_jobs.core.item_job import ItemJob
from mapreduce_jobs.core.memory import keep_freed_memory
from mapreduce_jobs.core.mrjob_classes import BytesValueProtocol, MRStep
from mapreduce_jobs.core.splits import TaskFiles

__all__ = ["TableJob"]


class TableJob(ItemJob):
    """A job whose mapper is given blocks of rows; see `mapreduce_jobs.core.tables`.

    A subclass extends `mapper_init` and defines `mapper`, `mapper_final`, `merge` and `result`.
    """

    INPUT_PROTOCOL = BytesValueProtocol

    items = "rows"
    task_modules = ("mapreduce_jobs.core.tables",)

    def configure_args(self) -> None:
        """Add the option of more columns."""
        super().configure_args()
        self.add_file_arg(
            "--join",
            metavar="FILE",
            help="a CSV file with more columns: its first is what rows are known by, the first"
            " column of a CSV file or the key of a result",
        )

    def load_args(self, args: list[str]) -> None:
        """Say what is wrong with the file of more columns."""
        super().load_args(args)
        if not self.is_task():
            self.more()

    def names(self, option: str) -> list[str]:
        """Return the names that an option gives, separated by commas."""
        text = getattr(self.options, option)
        names: list[str] = text.split(",")
        if len(set(names)) < len(names) or "" in names:
            self.arg_parser.error(f"--{option}: {text}: a name is missing, or twice")
        return names

    def more(self) -> dict[str, dict[str, Any]] | None:
        """Return the values of more columns, by what rows are known by; None if none are given."""
        if not self.options.join:
            return None
        from mapreduce_jobs.core.tables import by_key

        return by_key(self.options.join)

    def steps(self) -> list[MRStep]:
        """One step; no combiner, since the mapper hands on what it knows of a group at its end."""
        return [
            MRStep(
                mapper_init=self.mapper_init,
                mapper=self.mapper,
                mapper_final=self.mapper_final,
                reducer=self.reducer,
            )
        ]

    def mapper_init(self) -> None:
        """Keep memory; a subclass begins to sum."""
        keep_freed_memory()

    def deal(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Deal tables to map tasks."""
        deal_text(inputs, stdin, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over blocks of rows."""
        from mapreduce_jobs.core.tables import blocks  # NumPy is slow to import

        return blocks(self.stdin, spans)
