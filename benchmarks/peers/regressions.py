"""Linear regression by others: ``python -m benchmarks.peers.regressions WHO TABLE TASKS``.

WHO is ``pool``, ``dask`` or ``spark``. Pool and Dask read spans of the file by `numpy.loadtxt`, add
up products in floating point about the means of the first rows, and solve; Spark has its own: CSV
reader, VectorAssembler, and LinearRegression of MLlib.
"""

import json
import os
import sys
from functools import partial
from multiprocessing import Pool
from typing import Any

import numpy as np

_SPAN = 1 << 20  # bytes
_MEMORY = "4g"  # of Spark's Java, for a million rows


def spans(path: str) -> list[tuple[int, int]]:
    """Return spans of a file: start and length."""
    size = os.path.getsize(path)
    return [(start, min(_SPAN, size - start)) for start in range(0, size, _SPAN)]


def _rows(path: str, span: tuple[int, int]) -> Any:
    """Return the rows that begin in a span, without the names that are their first column."""
    start, length = span
    with open(path, "rb") as file:
        file.seek(max(0, start - 1))
        file.readline()  # the head of the file, or the end of a row before
        lines = []
        while file.tell() < start + length:
            line = file.readline()
            if not line:
                break
            lines.append(line)
    columns = _columns(path)
    return np.loadtxt(lines, delimiter=",", usecols=range(1, columns), ndmin=2)


def _columns(path: str) -> int:
    with open(path, "rb") as file:
        return file.readline().count(b",") + 1


def products(path: str, shift: Any, span: tuple[int, int]) -> Any:
    """Return the sums of products of the rows of a span, about `shift`, with a column of ones."""
    rows = _rows(path, span) - shift
    matrix = np.column_stack([np.ones(len(rows)), rows])
    return matrix.T @ matrix


def line(sums: Any, shift: Any) -> str:
    """Return the model that fits, as a line of results."""
    theta = np.linalg.solve(sums[:-1, :-1], sums[:-1, -1])
    intercept = float(theta[0] + shift[-1] - theta[1:] @ shift[:-1])
    return _line(int(sums[0, 0]), intercept, theta[1:].tolist())


def _line(rows: int, intercept: float, coefficients: list[float]) -> str:
    model = {
        "rows": rows,
        "intercept": {"value": intercept},
        "coefficients": {f"x{n}": {"value": value} for n, value in enumerate(coefficients)},
    }
    return f'"model"\t{json.dumps(model)}\n'


def _by_pool(path: str, tasks: int) -> str:
    shift = _rows(path, (0, 1 << 16)).mean(0)
    with Pool(tasks) as pool:
        return line(sum(pool.imap_unordered(partial(products, path, shift), spans(path))), shift)


def _by_dask(path: str, tasks: int) -> str:
    import dask.bag

    shift = _rows(path, (0, 1 << 16)).mean(0)
    parts = dask.bag.from_sequence(spans(path)).map(partial(products, path, shift))
    return line(sum(parts.compute(scheduler="processes", num_workers=tasks)), shift)


def _by_spark(path: str, tasks: int) -> str:
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression
    from pyspark.sql import SparkSession

    from benchmarks.peers.spark import local_conf

    conf = local_conf(tasks).set("spark.driver.memory", _MEMORY)
    session = SparkSession.builder.config(conf=conf).getOrCreate()
    try:
        features = [f"x{n}" for n in range(_columns(path) - 2)]
        schema = ", ".join(["name STRING", *(f"{name} DOUBLE" for name in [*features, "y"])])
        table = session.read.csv(path, header=True, schema=schema)
        rows = VectorAssembler(inputCols=features, outputCol="x").transform(table)
        fitted = LinearRegression(featuresCol="x", labelCol="y", solver="normal").fit(rows)
        count = fitted.summary.numInstances
        return _line(count, fitted.intercept, fitted.coefficients.toArray().tolist())
    finally:
        session.stop()


def main() -> None:
    """Write the result."""
    who, path, tasks = sys.argv[1:]
    by = {"pool": _by_pool, "dask": _by_dask, "spark": _by_spark}[who]
    sys.stdout.write(by(path, int(tasks)))


if __name__ == "__main__":
    main()
