"""Results of jobs, to be looked at: as tables in a notebook, as files for other programs, as pages.

`read_results` is for notebooks; `result_lines` is what everything here reads results with.
"""

from mapreduce_jobs.viewing.lines import Line, result_lines
from mapreduce_jobs.viewing.tables.notebook import Results, read_results
from mapreduce_jobs.viewing.tables.table import Table

__all__ = ["Line", "Results", "Table", "read_results", "result_lines"]
