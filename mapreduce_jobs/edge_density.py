"""Edge density of each image, of each directory, or of all images together."""

from fractions import Fraction
from typing import TYPE_CHECKING

from mapreduce_jobs.core.jobs.image_job import ImageJob, Totals

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.image import Image


class EdgeDensity(ImageJob):
    """Measure what share of an image's pixels are edges, by gradient magnitude or by Canny."""

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--detector",
            choices=("gradient", "canny"),
            default="gradient",
            help="gradient: a pixel is an edge where |∇I| = √(Ix² + Iy²), by the 3×3 Sobel"
            " operator, is above --threshold (the default); canny: as cv2.Canny",
        )
        self.add_passthru_arg(
            "--threshold",
            type=float,
            default=100.0,
            metavar="T",
            help="of --detector gradient, in the image's grey levels times 8 a pixel; images of 12"
            " or 16 bits want a higher one (default: %(default)s)",
        )
        self.add_passthru_arg(
            "--low",
            type=float,
            default=100.0,
            metavar="T",
            help="lower threshold of --detector canny (default: %(default)s)",
        )
        self.add_passthru_arg(
            "--high",
            type=float,
            default=200.0,
            metavar="T",
            help="upper threshold of --detector canny (default: %(default)s)",
        )
        self.add_passthru_arg(
            "--to-8bit",
            choices=("full", "minmax"),
            help="how --detector canny, which takes 8 bits, converts deeper images: the range of"
            " the bits stored to 0…255, or the image's least and greatest value; by default they"
            " are errors",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        for name in ("threshold", "low", "high"):
            if not 0 <= getattr(self.options, name) < 1e300:
                self.arg_parser.error(f"--{name}: must be a number, 0 or more")
        if self.options.low > self.options.high:
            self.arg_parser.error("--low: must not be above --high")
        if self.options.to_8bit and self.options.detector != "canny":
            self.arg_parser.error("--to-8bit: only --detector canny converts images")

    def measure(self, image: "Image") -> Totals:
        """Count the edge pixels of one image."""
        from mapreduce_jobs.imaging.measures.edges import canny_edges, gradient_edges, to_8bit

        if self.options.detector == "gradient":
            edges = gradient_edges(image, self.options.threshold)
        else:
            if self.options.to_8bit:
                image = to_8bit(image, self.options.to_8bit)
            edges = canny_edges(image, self.options.low, self.options.high)
        return {
            "images": 1,
            "pixels": edges.pixels,
            "edge_pixels": edges.edge_pixels,
            "gradient_sum": str(edges.gradient_sum),
            "unit": image.unit,
        }

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Add up two counts."""
        from mapreduce_jobs.imaging.image import common_unit

        gradient_sum = Fraction(one["gradient_sum"]) + Fraction(other["gradient_sum"])
        return {
            "images": one["images"] + other["images"],
            "pixels": one["pixels"] + other["pixels"],
            "edge_pixels": one["edge_pixels"] + other["edge_pixels"],
            "gradient_sum": str(gradient_sum),
            "unit": common_unit(one["unit"], other["unit"]),
        }

    def result(self, totals: Totals) -> Totals:
        """Return the density, the mean gradient, and what they were made with."""
        if self.options.detector == "gradient":
            made_with = {"threshold": self.options.threshold}
        else:
            made_with = {
                "low": self.options.low,
                "high": self.options.high,
                "to_8bit": self.options.to_8bit,
            }
        unit = {} if totals["unit"] == "stored" else {"unit": totals["unit"]}
        return {
            "images": totals["images"],
            "pixels": totals["pixels"],
            **unit,
            "edge_pixels": totals["edge_pixels"],
            "density": totals["edge_pixels"] / totals["pixels"],
            "mean_gradient": float(Fraction(totals["gradient_sum"]) / totals["pixels"]),
            "detector": self.options.detector,
            **made_with,
        }


if __name__ == "__main__":
    EdgeDensity.run()
