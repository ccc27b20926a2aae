"""Number of cores that a task uses: one, since the others have tasks of their own."""

import os

__all__ = ["blas_on_one_core"]

_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def blas_on_one_core() -> None:
    """Have NumPy's matrix products use one core, unless the environment says how many.

    The libraries behind them read it once, when NumPy is imported.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")
