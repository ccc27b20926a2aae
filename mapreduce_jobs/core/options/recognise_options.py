"""The options of the job that recognises what images show."""

import math
from collections.abc import Callable
from typing import Any

from mapreduce_jobs.core.job_errors import UsageError

__all__ = [
    "BY_DIRECTORY",
    "DISTRIBUTIONS",
    "FAMILIES",
    "add_options",
    "check_learning",
    "families_of",
    "priors_of",
]

BY_DIRECTORY = "folder"
"""The value in place of a table of labels where an image's first directory is its label."""

FAMILIES = ("histogram", "moments", "edges", "cooccurrence", "binary-patterns", "hog")
"""The features that there are, as `imaging.measures.features` has them, which is slow to import."""

DISTRIBUTIONS = ("gaussian", "multinomial")
"""Of a feature in a class; the first is the default."""

_DEFAULT_FAMILIES = "histogram,moments,edges"
_PRIORS = ("frequency", "uniform")
_MAX_FOLDS = 100


def add_options(add: Callable[..., Any], add_here: Callable[..., Any]) -> None:
    """Add the options.

    Parameters
    ----------
    add : callable
        Adds one, as `argparse.ArgumentParser.add_argument` does, that tasks get too.
    add_here : callable
        Adds one that tasks do not get.
    """
    add_here(
        "--labels",
        metavar="folder|FILE.csv",
        help=f"learn: the label of an image is the first directory of its name ({BY_DIRECTORY}), or"
        " is in a table of two columns with a line of headings, name and label",
    )
    add_here(
        "--model",
        metavar="FILE",
        help="predict the class of each image, by what this job wrote when it learnt",
    )
    add(
        "--features",
        metavar="LIST",
        help=f"what is looked at, with commas between: {', '.join(FAMILIES)}; the last three"
        f" need the extra recognise (default: {_DEFAULT_FAMILIES})",
    )
    add(
        "--distribution",
        choices=DISTRIBUTIONS,
        help="of a feature in a class: gaussian (the default); multinomial takes features for"
        " counts",
    )
    add(
        "--smoothing",
        type=float,
        metavar="X",
        help="of gaussian: the share of the greatest variance that is added to all (default:"
        " 1e-9); of multinomial: what is added to every count (default: 1)",
    )
    add(
        "--priors",
        metavar="P",
        help="probability of a class before an image is seen: frequency (the default), uniform,"
        " or of each class, as in benign=0.9,malignant=0.1",
    )
    add(
        "--folds",
        type=int,
        metavar="K",
        help="cross-validate: classify each image by what is learnt without its fold, of K",
    )
    add(
        "--to-8bit",
        choices=("full", "minmax"),
        help="how deeper images become 8 bits, of which features are: the range of the bits"
        " stored to 0…255, or the image's least and greatest value; by default they are errors",
    )


def check_learning(options: Any) -> None:
    """Raise `UsageError` for what cannot be learnt, whatever the images."""
    from mapreduce_jobs.imaging.errors import ImagingError
    from mapreduce_jobs.imaging.measures import features

    families = families_of(options)
    try:
        features.check(families)
    except ImagingError as error:
        raise UsageError(f"--features: {error}") from None
    if options.distribution == "multinomial":
        for family in families:
            if family not in features.NOT_NEGATIVE:
                raise UsageError(
                    f"--features: {family}: can be below 0, and --distribution multinomial counts:"
                    f" must be of {', '.join(features.NOT_NEGATIVE)}"
                )
    if options.smoothing is not None and not 0 <= options.smoothing < math.inf:
        raise UsageError("--smoothing: must be a number, 0 or more")
    if options.folds is not None and not 2 <= options.folds <= _MAX_FOLDS:
        raise UsageError(f"--folds: must be from 2 to {_MAX_FOLDS}")
    priors_of(options)


def families_of(options: Any) -> list[str]:
    """Return which features are looked at."""
    families = _DEFAULT_FAMILIES if options.features is None else options.features
    return list(families.split(","))


def priors_of(options: Any) -> str | dict[str, float]:
    """Return how likely classes are before an image is seen."""
    text = _PRIORS[0] if options.priors is None else options.priors
    if text in _PRIORS:
        return str(text)
    shares = {}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        try:
            shares[name] = float(value)
        except ValueError:
            shares[name] = math.nan
        if not name or not 0 < shares[name] < 1:
            raise UsageError(
                f"--priors: {part}: must be frequency, uniform, or CLASS=P with P between 0 and 1,"
                " for each class"
            )
    return shares
