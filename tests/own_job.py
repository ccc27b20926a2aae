"""A job of somebody's own, with a field named error, NumPy's numbers, and prints of each kind."""

import os
import subprocess
import sys

import numpy as np

from mapreduce_jobs.core.jobs.image_job import ImageJob


class OwnJob(ImageJob):
    """Registration error."""

    kind = "registration"
    columns = {"error": "float64", "unit": "text", "images": "int64", "of_row.*": "float64"}

    def measure(self, image):
        """Return the sum of the first column as if it were an error."""
        print("from Python")
        sys.stdout.flush()
        os.write(1, b"from a library\n")
        subprocess.run(["echo", "from a process"], check=True)
        return {
            "of_row": dict(zip("ab", image.pixels[0, :2, 0].astype(np.float32), strict=True)),
            "images": np.int64(1),
            "error": image.pixels[0, :, 0].sum(),
        }

    def merge(self, one, other):
        """Add up."""
        print("from a merge")
        rows = {name: one["of_row"][name] + other["of_row"][name] for name in one["of_row"]}
        added = {name: np.add(one[name], other[name]) for name in ("images", "error")}
        return {"of_row": rows, **added}


if __name__ == "__main__":
    OwnJob.run()
