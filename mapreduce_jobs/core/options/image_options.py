"""The options of every image job."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.core.inputs.selection import GROUPS
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.imaging import MAX_PIXELS

if TYPE_CHECKING:  # slow to import
    from mapreduce_jobs.imaging.dicom.where import Where

__all__ = ["add_options", "add_pixel_options", "check_options", "condition_of"]


def add_options(add: Callable[..., Any], pixels: bool, groups: bool) -> None:
    """Add the options of an image job.

    Parameters
    ----------
    add : callable
        Adds one, as `argparse.ArgumentParser.add_argument` does, that tasks get too.
    pixels : bool
        Whether the job decodes images.
    groups : bool
        Whether the job sums up groups of images.
    """
    add(
        "--where",
        metavar="TEXT",
        help="only images whose DICOM header fulfils a condition, as in"
        " \"Modality == 'CT' and SliceThickness <= 1.5\": keywords, numbers, texts in quotes, None;"
        " == != < <= > >= in and or not ( )",
    )
    if pixels:
        add_pixel_options(add)
    if groups:
        add(
            "--group-by",
            choices=("image", "folder", "all", *GROUPS),
            default="image",
            help="one result an image, a directory, in all, or a value of an element of the DICOM"
            f" header: {', '.join(GROUPS.values())} (default: %(default)s)",
        )


def add_pixel_options(add: Callable[..., Any]) -> None:
    """Add the options of how images are decoded; `add` is as `add_options` has it."""
    add(
        "--values",
        choices=("stored", "modality", "suv", "display"),
        default="stored",
        help="of DICOM and NIfTI, the values as they are stored (the default), rescaled to what"
        " they mean (Hounsfield units of CT), of PET as standardised uptake values by body weight,"
        " or as they are to be displayed, through a window",
    )
    add(
        "--window",
        type=int,
        metavar="N",
        help="of --values display: which of the windows in the header, from 1 (the default) on",
    )
    add(
        "--max-pixels",
        type=int,
        default=MAX_PIXELS,
        metavar="N",
        help="do not decode an image of more pixels, all frames together (default: %(default)s)",
    )


def check_options(options: Any, pixels: bool) -> None:
    """Raise `UsageError` for options that have no meaning."""
    if not pixels:
        return
    if options.max_pixels < 1:
        raise UsageError("--max-pixels: must be 1 or more")
    if options.window is not None and options.values != "display":
        raise UsageError("--window: only --values display has windows")
    if options.window is not None and options.window < 1:
        raise UsageError("--window: must be 1 or more")


def condition_of(text: str) -> "Where":
    """Read the condition of ``--where``; raise `UsageError` if it is none."""
    from mapreduce_jobs.imaging.dicom.where import Where
    from mapreduce_jobs.imaging.errors import BadParameter

    try:
        return Where.parse(text)
    except BadParameter as error:
        raise UsageError(f"--where: {error}") from None
