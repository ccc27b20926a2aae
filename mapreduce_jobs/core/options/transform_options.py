"""The options of the job that makes images of images."""

from collections.abc import Callable
from typing import Any

__all__ = ["BORDERS", "FORMATS", "add_options"]

FORMATS = ("tiff", "png", "jp2", "jpeg", "webp")
"""What an image can be written as; the first holds everything."""

BORDERS = ("reflect", "symmetric", "edge", "wrap", "constant")
"""What can lie outside an image."""


def add_options(add: Callable[..., Any], add_here: Callable[..., Any]) -> None:
    """Add the options.

    Parameters
    ----------
    add : callable
        Adds one, as `argparse.ArgumentParser.add_argument` does, that tasks get too.
    add_here : callable
        Adds one that tasks do not get.
    """
    add(
        "--ops",
        metavar="TEXT",
        help="the operations, in their order: NAME KEY=VALUE … | NAME …, as in"
        " 'scale factor=0.5 | gaussian sigma=1.5'",
    )
    add_here(
        "--ops-file",
        metavar="FILE",
        help="the operations from a YAML or JSON file: a list of names, of such texts, or of"
        " {NAME: {KEY: VALUE}}",
    )
    add_here(
        "--list-ops",
        action="store_true",
        help="show the operations and their parameters, and exit",
    )
    add(
        "--border",
        choices=BORDERS,
        help="what lies outside an image, for each operation that does not say border=…;"
        " names are those of numpy.pad (by default each operation has its own)",
    )
    add(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="what to write; pixels that a format cannot hold are errors"
        " (default: %(default)s, which holds everything)",
    )
    add(
        "--quality",
        type=int,
        metavar="1…100",
        help="of --format jpeg, webp or jp2",
    )
    add(
        "--lossless",
        action="store_true",
        help="of --format webp or jp2: keep every pixel",
    )
    add(
        "--fuse",
        choices=("mean", "maximum", "pyramid"),
        help="make one image of those that --match brings together, after --ops",
    )
    add(
        "--stack",
        action="store_true",
        help="make one image of the slices of each DICOM series (files, or frames that lie at"
        " places of their own), in the order in which they lie in the patient, after --ops; the"
        " Series Instance UID is its name. Several orientations, echoes, stacks, times or"
        " sizes of a series are images of their own, with -1, -2 … behind it",
    )
    add(
        "--match",
        metavar="REGEX",
        help="images in whose names its groups match the same text belong together; that text"
        " is the name of the result",
    )
    add(
        "--register",
        choices=("translation", "rigid", "affine"),
        help="align images with the first of them, by name, before they are fused",
    )
