"""The base of jobs over the rows of tables: CSV files, and the results of other jobs."""

from collections.abc import Iterable, Iterator
from typing import Any

from mapreduce_jobs.core.inputs.assignment import texts_of
from mapreduce_jobs.core.inputs.table_input import RowsProtocol, assign_table, blocks
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.jobs.item_job import ItemJob
from mapreduce_jobs.core.runners.memory import keep_freed_memory
from mapreduce_jobs.core.runners.mrjob_compat import MRStep

__all__ = ["TableJob"]


class TableJob(ItemJob):
    """A job whose mapper is given blocks of rows; see `mapreduce_jobs.core.inputs.table_input`.

    A subclass extends `mapper_init` and defines `mapper`, `mapper_final`, `merge` and `result`.
    """

    INPUT_PROTOCOL = RowsProtocol

    items = "rows"
    task_modules = ("mapreduce_jobs.core.inputs.row_values",)

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
        from mapreduce_jobs.core.inputs.row_values import by_key  # NumPy is slow to import

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

    def assign(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Assign tables to map tasks."""
        for table in texts_of(inputs, stdin, files):
            assign_table(table, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over blocks of rows."""
        write = RowsProtocol().write
        return (write(None, rows) for rows in blocks(self.stdin, spans))
