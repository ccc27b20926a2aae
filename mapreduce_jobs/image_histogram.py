"""Histogram of each image, of each directory, or of all images together."""

from typing import TYPE_CHECKING

from mapreduce_jobs.core.jobs.image_job import ImageJob, Totals

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.image import Image

_BINS = 256
_MAX_BINS = 1 << 20


class ImageHistogram(ImageJob):
    """Count the pixels of images by grey level, or by red, green and blue."""

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--model",
            choices=("grey", "rgb"),
            default="grey",
            help="count grey levels (colour becomes luma; the default) or red, green and blue",
        )
        self.add_passthru_arg(
            "--bins",
            type=int,
            default=_BINS,
            metavar="N",
            help="number of bins; without --range at most so many, of a width that is a power of"
            " two (default: %(default)s)",
        )
        self.add_passthru_arg(
            "--range",
            type=float,
            nargs=2,
            metavar=("START", "STOP"),
            help="values to count, as in numpy.histogram; by default 0 to 255 for 8-bit images and"
            " what occurs in others",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        bins, limits = self.options.bins, self.options.range
        if bins < (2 if limits is None else 1):
            self.arg_parser.error("--bins: must be 2 or more, with --range 1 or more")
        if bins > _MAX_BINS:
            self.arg_parser.error(f"--bins: must be {_MAX_BINS} or less")
        if limits is not None and not -1e300 < limits[0] < limits[1] < 1e300:
            self.arg_parser.error("--range: START must be a number below STOP")
        if limits is not None and (limits[1] - limits[0]) / bins < 1e-9 * max(map(abs, limits)):
            self.arg_parser.error("--range: too narrow for so many --bins")

    def measure(self, image: "Image") -> Totals:
        """Count the pixels of one image."""
        from mapreduce_jobs.imaging.measures.histogram import Bins, bins_of, histogram

        if self.options.range is None:
            bins = bins_of(image, self.options.bins)
        else:
            start, stop = map(_plain, self.options.range)
            bins = Bins(start, stop, self.options.bins)
        pixels, counts = histogram(image, bins, self.options.model)
        return {
            "images": 1,
            "pixels": pixels,
            "padding": 0 if image.padding is None else int(image.padding.sum()),
            "unit": image.unit,
            "bins": {"start": bins.start, "stop": bins.stop, "count": bins.count},
            "counts": {channel: counted.tolist() for channel, counted in counts.items()},
        }

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Add up two histograms, on bins that both can be brought to."""
        import numpy as np

        from mapreduce_jobs.imaging.image import common_unit
        from mapreduce_jobs.imaging.measures.histogram import Bins, common_bins, rebin

        ours, theirs = Bins(**one["bins"]), Bins(**other["bins"])
        bins = common_bins(ours, theirs, self.options.bins)
        counts = {
            channel: (
                rebin(np.array(counted), ours, bins)
                + rebin(np.array(other["counts"][channel]), theirs, bins)
            ).tolist()
            for channel, counted in one["counts"].items()
        }
        return {
            "images": one["images"] + other["images"],
            "pixels": one["pixels"] + other["pixels"],
            "padding": one["padding"] + other["padding"],
            "unit": common_unit(one["unit"], other["unit"]),
            "bins": {"start": bins.start, "stop": bins.stop, "count": bins.count},
            "counts": counts,
        }

    def result(self, totals: Totals) -> Totals:
        """Return the histogram, with padding and unit where there is something to say of them."""
        omitted = {"padding": 0, "unit": "stored"}
        return {
            name: value
            for name, value in totals.items()
            if name not in omitted or value != omitted[name]
        }


def _plain(number: float) -> float:
    return int(number) if number.is_integer() else number


if __name__ == "__main__":
    ImageHistogram.run()
