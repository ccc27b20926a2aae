"""Settings that both programs on PySpark share."""

import os
import sys

from pyspark import SparkConf

__all__ = ["local_conf"]


def local_conf(tasks: int) -> SparkConf:
    """Return the settings of local mode, this Python, and nothing but errors in the log.

    Parameters
    ----------
    tasks : int
        Tasks that run at once.
    """
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    settings = {
        "spark.master": f"local[{tasks}]",
        "spark.app.name": "benchmark",
        "spark.driver.host": "localhost",  # the machine's own name need not resolve
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    return SparkConf().setAll(list(settings.items()))
