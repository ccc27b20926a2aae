"""PySpark on text: ``python -m benchmarks.peers.spark_words TEXT TASKS``.

With data frames, so that the words never leave the Java process. With the RDDs of many a
tutorial each word would go through Python.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from benchmarks.peers.spark import local_conf


def main() -> None:
    """Let Spark write its part files, then put them together."""
    text, tasks = sys.argv[1], int(sys.argv[2])
    conf = local_conf(tasks).set("spark.sql.shuffle.partitions", str(tasks))
    with (
        tempfile.TemporaryDirectory() as directory,
        SparkSession.builder.config(conf=conf).getOrCreate() as session,
    ):
        words = session.read.text(text).select(f.explode(f.split("value", r"\s+")).alias("word"))
        counts = words.where("word <> ''").groupBy("word").count()
        key = "regexp_replace(to_json(array(word)), '^.|.$', '')"
        lines = counts.selectExpr(f"concat({key}, '\\t', count) AS line")
        lines.write.text(f"{directory}/counts")
        for part in sorted(Path(directory, "counts").glob("part-*")):
            with open(part, "rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)


if __name__ == "__main__":
    main()
