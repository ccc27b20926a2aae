"""Input of `recognise` beside images: labels to learn, or a model that was learnt."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.job_errors import UsageError

if TYPE_CHECKING:  # slow to import
    from mapreduce_jobs.estimation.naive_bayes import Model

__all__ = ["KIND", "Learnt", "read_labels", "read_model"]

KIND = "naive Bayes"
"""What a model says that it is."""


@dataclass(frozen=True)
class Learnt:
    """A model, and how images are brought to it.

    Attributes
    ----------
    model : Model
        The classes.
    features : list of str
        Families of features, see `mapreduce_jobs.imaging.measures.features`.
    to_8bit, values : str or None, str
        As the options of these names.
    window : int or None
        Likewise.
    """

    model: "Model"
    features: list[str]
    to_8bit: str | None
    values: str
    window: int | None


def read_labels(path: str) -> dict[str, str]:
    """Return the label of each image that a table names.

    Parameters
    ----------
    path : str
        A CSV file of two columns, name and label, and a line of headings.

    Raises
    ------
    UsageError
        It cannot be read, or is no such table; an image has two labels, or an empty one.
    """
    from mapreduce_jobs.core.inputs.row_values import records
    from mapreduce_jobs.core.inputs.table_input import Rows

    try:
        table = Rows.of(_contents(path, "--labels"))
    except ValueError as error:
        raise UsageError(f"--labels: {path}: {error}") from None
    columns = table.columns
    if columns is None or len(columns.names) != 2:
        raise UsageError(
            f"--labels: {path}: must have two columns and a line of headings, such as name,label"
        )
    labels: dict[str, str] = {}
    for name, values in records(table):
        if isinstance(values, Failure):
            raise UsageError(f"--labels: {path}: {name}: {values.message}")
        label = values[columns.names[1]]
        if not label:
            raise UsageError(f"--labels: {path}: {name}: there is no label")
        if labels.setdefault(name, label) != label:
            raise UsageError(f"--labels: {path}: {name}: has two labels")
    return labels


def read_model(path: str) -> Learnt:
    """Return what was learnt.

    Parameters
    ----------
    path : str
        What the job wrote when it learnt.

    Raises
    ------
    UsageError
        It cannot be read, or holds no whole model, or a package is missing that it needs.
    """
    from mapreduce_jobs.estimation.naive_bayes import Model
    from mapreduce_jobs.imaging.errors import ImagingError
    from mapreduce_jobs.imaging.measures import features

    try:
        fields = _model_of(_contents(path, "--model"))
        model = Model.from_json(fields["distribution"], fields["smoothing"], fields["classes"])
        features.check(fields["features"])
        if model.features != len(features.names_of(fields["features"])):
            raise ValueError("its classes have not the features that it names")
        return Learnt(
            model, fields["features"], fields["to_8bit"], str(fields["values"]), fields["window"]
        )
    except (ImagingError, ValueError) as error:
        raise UsageError(f"--model: {path}: {error}") from None
    except (KeyError, TypeError):
        raise UsageError(f"--model: {path}: the model is damaged") from None


def _model_of(data: bytes) -> dict[str, Any]:
    """Find the model among the results of learning."""
    for line in data.splitlines():
        key, _, value = line.partition(b"\t")
        if key != b'"model"':
            continue
        try:
            fields = json.loads(value)
        except ValueError:
            raise ValueError("the model is damaged") from None
        if fields.get("model") == KIND:  # else the error of an image of this name
            return dict(fields)
    raise ValueError("holds no model: give what this job wrote with --labels")


def _contents(path: str, option: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{option}: {path}: {error.strerror}") from None
