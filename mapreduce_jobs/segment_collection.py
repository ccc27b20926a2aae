"""Classes of pixels over a whole collection: k-means on all, then each pixel to its class."""

import json
import os
import re
from argparse import SUPPRESS
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.jobs.image_job import Totals
from mapreduce_jobs.core.jobs.learning_job import LearningJob
from mapreduce_jobs.core.results.protocols import ImageLineProtocol

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.measures.collection_classes import (
        ColourCounts,
        GreyCounts,
        RoundSums,
    )
    from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline

_MAX_CLASSES = 256
_KEY = "classes"
_TEXT = re.compile(r"[-+0-9.eE,;]+")
_LEARNING = ("k", "seed", "iterations", "model")
_ITERATIONS = 100


class SegmentCollection(LearningJob):
    """Find --k classes of pixels, the same for all images; with --means, label images by them."""

    OUTPUT_PROTOCOL = ImageLineProtocol
    result_key = _KEY
    free_options = ("k", "seed", "iterations", "show")

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--k",
            type=int,
            metavar="K",
            help=f"find so many classes, at most {_MAX_CLASSES}, by k-means on all pixels",
        )
        self.add_passthru_arg(
            "--model",
            choices=("grey", "rgb"),
            help="classes of grey levels (colour becomes luma; the default), or of colours, taken"
            " in cells of 8 × 8 × 8 (see --exact)",
        )
        self.arg_parser.add_argument(
            "--exact",
            action="store_true",
            help="of colours, go on from there by rounds of k-means over the pixels themselves,"
            " each a look at all images, until no mean changes or there were --iterations",
        )
        self.arg_parser.add_argument("--round-from", help=SUPPRESS)
        self.arg_parser.add_argument("--rounds", type=int, help=SUPPRESS)
        self.add_passthru_arg(
            "--seed", type=int, metavar="N", help="of the start, by k-means++ (default: 0)"
        )
        self.add_passthru_arg(
            "--iterations",
            type=int,
            metavar="N",
            help=f"most rounds of k-means (default: {_ITERATIONS})",
        )
        self.arg_parser.add_argument(
            "--means",
            metavar="MEANS",
            help="label each pixel with the class whose mean is nearest, and write the images as a"
            " bundle: grey levels as in --means='-1000;40;400', colours as in '255,0,0;0,0,255', or"
            " the file that this job wrote with --k",
        )
        self.add_passthru_arg(
            "--show",
            choices=("labels", "means"),
            help="of --means, what a pixel becomes: the number of its class, from 0 (the default),"
            " or the mean",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options, and the means, before the job runs."""
        super().load_args(args)
        self._round: list[str] = []
        self.learns = self.options.means is None
        if self.is_task():
            return
        options = self.options
        if self.learns == (options.k is None):
            self.arg_parser.error("--k to find classes, or --means to label by them: one is needed")
        if self.learns:
            self._check_learning()
            return
        for name in _LEARNING:
            if getattr(options, name) is not None:
                self.arg_parser.error(f"--{name}: is for finding classes, and goes with --k")
        if options.exact:
            self.arg_parser.error("--exact: is for finding classes, and goes with --k")
        self._read_means()

    def _check_learning(self) -> None:
        options = self.options
        if not 1 <= options.k <= _MAX_CLASSES:
            self.arg_parser.error(f"--k: must be from 1 to {_MAX_CLASSES}")
        if options.seed is not None and options.seed < 0:
            self.arg_parser.error("--seed: must be 0 or more")
        if options.iterations is not None and options.iterations < 1:
            self.arg_parser.error("--iterations: must be 1 or more")
        if options.show is not None:
            self.arg_parser.error("--show: goes with --means")
        if not options.exact:
            return
        if options.model != "rgb":
            self.arg_parser.error("--exact: goes with --model rgb: grey levels are exact")
        if not options.args or "-" in options.args:
            self.arg_parser.error("--exact: looks at all images several times: name them as INPUT")
        for name in options.args:
            if os.path.exists(name) and not (os.path.isfile(name) or os.path.isdir(name)):
                self.arg_parser.error(f"--exact: looks at {name} several times, and it is no file")
        if options.output_dir is not None:
            self.arg_parser.error("--exact: writes to standard output, not with --output-dir")

    def _read_means(self) -> None:
        """Bring the means to text, and images to the values that they were found on."""
        from mapreduce_jobs.imaging.errors import ImagingError

        options = self.options
        if not _TEXT.fullmatch(options.means):
            found = _found(options.means)
            if options.values not in ("stored", found["values"]):
                self.arg_parser.error(f"--values: the means are of --values {found['values']}")
            options.means = _text(found["means"])
            options.values, options.window = found["values"], found["window"]
        try:
            self._classify().check()
        except ImagingError as error:
            self.arg_parser.error(f"--means: {error}")

    def _classify(self) -> "Pipeline":
        from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline

        options = self.options
        return Pipeline.parse(f"classify means={options.means} show={options.show or 'labels'}")

    def task_options(self) -> list[str]:
        """Hand tasks the means, not their file, and the values that they are of."""
        if self.learns:
            return self._round
        options = self.options
        window = [] if options.window is None else ["--window", str(options.window)]
        return [f"--means={options.means}", "--values", options.values, *window]

    # Rounds of k-means over the pixels, with --exact

    def prepare(self) -> None:
        """Look at all images until the means stay; the job itself is one look more, with these."""
        options = self.options
        if not options.exact:
            return
        from mapreduce_jobs.imaging.measures.collection_classes import sorted_by_luma

        before, rounds, means = None, 0, self._look("means")
        if means is None:
            return  # nothing is learnt, as the job itself will report
        while means != before and rounds < (options.iterations or _ITERATIONS):
            before, rounds = means, rounds + 1
            self._round = [f"--round-from={_text(before)}"]
            means = self._look("updated")
            if means is None:
                raise JobError("--exact: one more look found no images any more")
        self._round = [f"--round-from={_text(sorted_by_luma(means))}", f"--rounds={rounds}"]

    def _look(self, what: str) -> Any:
        """Return the sums of the classes from one look at all images; None if there are none."""
        with self.make_runner() as runner:
            self.run_with_progress(runner)
            lines = b"".join(runner.cat_output()).splitlines()
        found = _classes_in(lines, what)
        return None if found is None else found[what]

    # Tasks

    def mapper_init(self) -> None:
        """Begin to count, or read the means once."""
        super().mapper_init()
        if self.learns:
            self._counts = self._no_counts()
            self._images = self._pixels = 0
        else:
            self._operations = self._classify()

    def _no_counts(self) -> "GreyCounts | ColourCounts | RoundSums":
        from mapreduce_jobs.imaging.measures.collection_classes import (
            ColourCounts,
            GreyCounts,
            RoundSums,
        )

        if self.options.round_from is not None:
            return RoundSums(_numbers(self.options.round_from))
        return ColourCounts() if self.options.model == "rgb" else GreyCounts()

    def outcome(self, name: str, item: Item) -> list[tuple[str, bytes]]:
        """Return the name and the file of a labelled image; nothing where pixels are counted."""
        from mapreduce_jobs.imaging.encode import encode, with_ending

        image = self.decode(item.read(), item.beginning).image
        if self.learns:
            self._pixels += self._counts.add(image)
            self._images += 1
            return []
        return [(with_ending(name, "tiff"), encode(self._operations(image), "tiff"))]

    def learnt(self) -> Iterator[tuple[None, Totals]]:
        """Hand on what the task counted."""
        if self._images:
            counts = self._counts.to_json()
            yield None, {"images": self._images, "pixels": self._pixels, "counts": counts}
        self.mapper_final()

    def reducer(
        self, key: str | None, values: Iterable[Totals | Failure]
    ) -> Iterator[tuple[Any, Totals | Failure]]:
        """Add up the counts, and find classes in them; failures pass through."""
        from mapreduce_jobs.imaging.errors import UnsuitableImage

        counts = self._no_counts()
        images = pixels = 0
        for value in values:
            if isinstance(value, Failure):
                yield key, value
                continue
            counts.add_json(value["counts"])
            images += value["images"]
            pixels += value["pixels"]
        if not images:
            return
        totals = {"images": images, "pixels": pixels, "counts": counts.to_json()}
        options = self.options
        try:
            found = self._classes(counts)
        except UnsuitableImage as error:
            key, nothing = self.nothing_learnt(error)
            yield key, self.with_sums(nothing, totals)
            return
        result = {
            "images": images,
            "pixels": pixels,
            "model": options.model or "grey",
            "exact": options.model != "rgb" or options.round_from is not None,
            "values": options.values,
            "window": options.window,
            "k": options.k,
            "seed": options.seed or 0,
            **found,
        }
        yield _KEY, self.with_sums(result, totals)

    def _classes(self, counts: "GreyCounts | ColourCounts | RoundSums") -> dict[str, Any]:
        from mapreduce_jobs.imaging.measures.collection_classes import RoundSums, classes_of

        options = self.options
        if not isinstance(counts, RoundSums):
            iterations = options.iterations or _ITERATIONS
            return classes_of(counts.counted(), options.k, options.seed or 0, iterations)
        if options.rounds is None:
            return {"updated": counts.updated_means()}
        return counts.classes(options.rounds)

    def why_not_incremental(self) -> str | None:
        """Return why it cannot be incremental: previous images cannot be looked at again."""
        if self.learns and self.options.exact:
            return "goes without --exact, which looks at all images again"
        return super().why_not_incremental()

    def pass_through(self, key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
        """Pass through the counts of a previous result, as tasks do theirs."""
        for name, totals in super().pass_through(key, value):
            yield (name if isinstance(totals, Failure) else None), totals


def _found(path: str) -> dict[str, Any]:
    """Return the classes that this job found and wrote into a file."""
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise UsageError(
            f"--means: {path}: neither numbers, as in '10;80;200', nor a file: {error.strerror}"
        ) from None
    found = _classes_in(lines, "means", "values", "window")
    if found is not None:
        return found
    raise UsageError(f"--means: {path}: holds no classes: give what this job wrote with --k")


def _classes_in(lines: Iterable[bytes], *names: str) -> dict[str, Any] | None:
    """Return the first result of this job that has all these fields."""
    for line in lines:
        key, _, value = line.partition(b"\t")
        try:
            if json.loads(key) == _KEY:
                found = json.loads(value)
                return {name: found[name] for name in names}
        except (ValueError, TypeError, KeyError):
            continue
    return None


def _numbers(text: str) -> list[list[float]]:
    """Return colours that `_text` wrote."""
    return [[float(number) for number in row.split(",")] for row in text.split(";")]


def _text(means: list[Any]) -> str:
    """Return means as the operation classify reads them.

    >>> _text([1.5, 3]), _text([[0, 0, 1], [9, 9, 9]])
    ('1.5;3', '0,0,1;9,9,9')
    """
    rows = (mean if isinstance(mean, list) else [mean] for mean in means)
    return ";".join(",".join(map(str, row)) for row in rows)


if __name__ == "__main__":
    SegmentCollection.run()
