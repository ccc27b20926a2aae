"""PySpark and pydicom: ``python -m benchmarks.peers.spark_headers TAGS DIRECTORY N``."""

import posixpath
import sys
from typing import Any

from pyspark.sql import SparkSession

from benchmarks.peers.headers import header_line
from benchmarks.peers.spark import local_conf


def main() -> None:
    """Write the results when all are there, as `collect` gives them."""
    tags, directory, tasks = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])

    def described(row: Any) -> str:
        return header_line(tags, posixpath.basename(row.path), row.content)

    session = SparkSession.builder.config(conf=local_conf(tasks)).getOrCreate()
    try:
        files = session.read.format("binaryFile").load(directory).select("path", "content")
        sys.stdout.writelines(f"{line}\n" for line in files.rdd.map(described).collect())
    finally:
        session.stop()


if __name__ == "__main__":
    main()
