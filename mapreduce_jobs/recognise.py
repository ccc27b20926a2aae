"""Classification of images: naive Bayes, trained on images with labels, or applied to others."""

import json
import math
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.jobs.image_job import Totals
from mapreduce_jobs.core.jobs.learning_job import LearningJob
from mapreduce_jobs.core.options.recognise_input import KIND, read_labels, read_model
from mapreduce_jobs.core.options.recognise_options import (
    BY_DIRECTORY,
    DISTRIBUTIONS,
    add_options,
    check_learning,
    families_of,
    priors_of,
)
from mapreduce_jobs.core.runners.shipping import shipped

if TYPE_CHECKING:
    from mapreduce_jobs.estimation.evaluation import FoldSums
    from mapreduce_jobs.estimation.naive_bayes import Model, Sums
    from mapreduce_jobs.imaging.image import Image

# As tasks have them, whatever they are called here.
_LABELS_FILE, _MODEL_FILE = "labels.csv", "model.json"
_LEARNING = ("features", "distribution", "smoothing", "priors", "folds", "to_8bit")


class Recognise(LearningJob):
    """Train a naive Bayes classifier on images with --labels; with --model, predict classes."""

    result_key = "model"
    free_options = ("distribution", "smoothing", "priors", "folds")

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        add_options(self.add_passthru_arg, self.arg_parser.add_argument)

    def load_args(self, args: list[str]) -> None:
        """Check the options; what can be known without an image is known before the job runs."""
        super().load_args(args)
        self.learns = self.options.labels is not None
        if self.is_task():
            return
        options = self.options
        if self.learns == (options.model is not None):
            self.arg_parser.error("--labels to learn, or --model to predict classes: one is needed")
        if self.learns:
            check_learning(options)
            self._read_labels()
            return
        for name in _LEARNING:
            if getattr(options, name) is not None:
                option = f"--{name.replace('_', '-')}"
                self.arg_parser.error(f"{option}: is part of the model, and goes with --labels")
        values = read_model(options.model).values
        if options.values not in ("stored", values):
            self.arg_parser.error(f"--values: the model was made of images with --values {values}")

    def _read_labels(self) -> dict[str, str]:
        return {} if self.options.labels == BY_DIRECTORY else read_labels(self.options.labels)

    def task_options(self) -> list[Any]:
        """Hand tasks the labels or the model, as a file beside them."""
        labels, model = self.options.labels, self.options.model
        if not self.learns:
            return ["--model", shipped(model, _MODEL_FILE)]
        return ["--labels", labels if labels == BY_DIRECTORY else shipped(labels, _LABELS_FILE)]

    # Tasks

    def mapper_init(self) -> None:
        """Read the labels or the model once."""
        super().mapper_init()
        options = self.options
        self._families, self._to_8bit = families_of(options), options.to_8bit
        if self.learns:
            self._labels = self._read_labels()
            self._sums: FoldSums = {}
            return
        learnt = read_model(options.model)
        self._model = learnt.model
        self._families, self._to_8bit = learnt.features, learnt.to_8bit
        options.values, options.window = learnt.values, learnt.window  # images are read likewise

    def outcome(self, name: str, item: Item) -> Iterable[tuple[Any, Any]]:
        """Add an image to the sums of its class and fold, or predict its class."""
        if not self.learns:
            return super().outcome(name, item)
        from mapreduce_jobs.estimation.evaluation import add_to, fold_of
        from mapreduce_jobs.estimation.naive_bayes import Sums

        data = item.read()
        label = self._label_of(name)
        row = self._features(self.decode(data, item.beginning).image)
        fold = fold_of(name, self.options.folds) if self.options.folds else 0
        add_to(self._sums, (fold, label), Sums.of(row))
        if not self.options.folds:
            return []
        # What is learnt without its fold is known at the end.
        return [(None, {"label": label, "fold": fold, "row": row})]

    def measure(self, image: "Image") -> Totals:
        """Return the class of an image, and the posterior probability of every class."""
        from mapreduce_jobs.estimation.naive_bayes import log_posteriors

        (joint,) = self._model.joint([self._features(image)])
        (logs,) = log_posteriors(joint[None]).tolist()
        classes = self._model.classes
        return {
            "class": classes[int(joint.argmax())],
            "posteriors": {name: math.exp(log) for name, log in zip(classes, logs, strict=True)},
            "log_posteriors": dict(zip(classes, logs, strict=True)),
        }

    def _label_of(self, name: str) -> str:
        from mapreduce_jobs.imaging.errors import NoLabel

        if self.options.labels != BY_DIRECTORY:
            if name not in self._labels:
                raise NoLabel("the table of labels does not name it")
            return self._labels[name]
        label, slash, _ = name.partition("/")
        if not label or not slash:
            raise NoLabel("it lies in no directory: give the directory above those of the classes")
        return label

    def _features(self, image: "Image") -> list[float]:
        from mapreduce_jobs.imaging.measures.edges import to_8bit
        from mapreduce_jobs.imaging.measures.features import features

        if self._to_8bit:
            image = to_8bit(image, self._to_8bit)
        return features(image, self._families)

    def learnt(self) -> Iterator[tuple[None, Totals]]:
        """Hand on what the task knows of each class and fold: n, Σx, Σx²."""
        for (fold, label), sums in sorted(self._sums.items()):
            yield None, {"fold": fold, "label": label, "sums": sums.to_json()}
        self.mapper_final()

    def reducer(
        self, key: str | None, values: Iterable[Totals | Failure]
    ) -> Iterator[tuple[Any, Totals | Failure]]:
        """Make the model of all sums, and ask those of the folds; failures pass through."""
        from mapreduce_jobs.estimation.evaluation import add_to, by_class, cross_validate
        from mapreduce_jobs.estimation.naive_bayes import CannotLearn, Sums

        sums: FoldSums = {}
        with TemporaryFile("w+") as rows:  # until all sums are known
            for value in values:
                if isinstance(value, Failure):
                    yield key, value
                elif "row" in value:
                    rows.write(f"{json.dumps(value)}\n")
                else:
                    of_class = Sums.from_json(value["sums"])
                    add_to(sums, (value["fold"], value["label"]), of_class)
            if not sums:
                return
            totals = [
                {"fold": fold, "label": label, "sums": of_class.to_json()}
                for (fold, label), of_class in sorted(sums.items())
            ]
            try:
                model = self._learn(by_class(sums))
                rows.seek(0)
                of_folds = (
                    cross_validate(sums, map(json.loads, rows), self._learn)
                    if self.options.folds
                    else None
                )
            except CannotLearn as error:
                key, nothing = self.nothing_learnt(error)
                yield key, self.with_sums(nothing, totals)
                return
            yield self.result_key, self.with_sums(self._described(model), totals)
            if of_folds is not None:
                yield "evaluation", {"folds": self.options.folds, **of_folds}

    def why_not_incremental(self) -> str | None:
        """Return why it cannot be incremental: folds are left out by the features of all images."""
        if self.learns and self.options.folds:
            return "--folds needs every image again; learn with it over all images"
        return super().why_not_incremental()

    def pass_through(self, key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
        """Pass through the sums of each class of a previous result, as tasks do theirs."""
        for name, found in super().pass_through(key, value):
            if isinstance(found, Failure):
                yield name, found
            else:
                yield from ((None, totals) for totals in found)

    def _learn(self, sums: "dict[str, Sums]") -> "Model":
        from mapreduce_jobs.estimation.naive_bayes import learn
        from mapreduce_jobs.imaging.measures.features import names_of

        options = self.options
        names = names_of(families_of(options))
        distribution = options.distribution or DISTRIBUTIONS[0]
        return learn(sums, names, distribution, options.smoothing, priors_of(options))

    def _described(self, model: "Model") -> Totals:
        options = self.options
        return {
            "model": KIND,
            "distribution": model.distribution,
            "smoothing": model.smoothing,
            "features": families_of(options),
            "to_8bit": options.to_8bit,
            "values": options.values,
            "window": options.window,
            "images": sum(model.counts),
            "classes": model.to_json(),
        }


if __name__ == "__main__":
    Recognise.run()
