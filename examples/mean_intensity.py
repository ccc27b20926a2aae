"""A job of one's own: the mean grey level of each image, or of each directory."""

from mapreduce_jobs.core.jobs.image_job import ImageJob
from mapreduce_jobs.imaging.image import grey


class MeanIntensity(ImageJob):
    """Mean grey level."""

    kind = "mean_intensity"
    columns = {"mean": "float64"}

    def measure(self, image):
        """Return what can be added up."""
        levels = grey(image)
        return {"pixels": levels.size, "sum": levels.sum(dtype="int64")}

    def merge(self, one, other):
        """Add up; this gives the job its --group-by."""
        return {key: one[key] + other[key] for key in one}

    def result(self, totals):
        """Return what is printed."""
        return {"mean": totals["sum"] / totals["pixels"]}


if __name__ == "__main__":
    MeanIntensity.run()
