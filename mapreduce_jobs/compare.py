"""Images and what was made of them, side by side: a page to zoom into, or a picture."""

import argparse
import io
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from hdfs_tools.copying.whole_files import write_whole
from hdfs_tools.uri import encode_name
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.jobs.commands import check_output, run_command
from mapreduce_jobs.core.options.image_options import add_pixel_options, check_options

if TYPE_CHECKING:  # slow to import
    from collections.abc import Iterable, Iterator

    from mapreduce_jobs.viewing.compare.comparison import Compared, Failed, How
    from mapreduce_jobs.viewing.pairs import Pairs

_ABOUT = """\
Images and what was made of them, side by side: a page to zoom into, or a picture.

A and B are an image each, or a directory, a glob, a bundle or a job's output directory each, here
or on HDFS. Images of collections are paired by their names; what was made of scan.dcm may be named
scan.dcm.png. What fails or has no partner is shown by its name, and the exit status is then 1.
"""
_LAYOUTS = ("pair", "difference", "sheet")
_MAX_IN_PAGE, _MAX_IN_PICTURE = 1_000, 200  # pairs, and images without a partner


def main() -> None:
    """Do what the command line says, and exit."""
    parser = argparse.ArgumentParser(
        prog="python -m mapreduce_jobs.compare",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", metavar="A", help="the original, or the originals")
    parser.add_argument("b", metavar="B", help="what was made of it, or of them")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="where to write: FILE.html, a page in one file, or FILE.png, a picture",
    )
    parser.add_argument(
        "--titles",
        nargs=2,
        metavar=("A", "B"),
        default=(),
        help='above the images, as in "Original" "Edges" (default: their names)',
    )
    parser.add_argument(
        "--layout",
        choices=_LAYOUTS,
        help="of a picture: two images, the two and their difference, or all pairs of a collection"
        " (default: pair for two images, sheet for collections)",
    )
    add_pixel_options(parser.add_argument)
    options = parser.parse_args()
    run_command("compare", lambda: _compare(options))


def _compare(options: argparse.Namespace) -> int:
    """Write the page or the picture; return the exit status."""
    check_options(options, pixels=True)
    kind = os.path.splitext(options.output)[1].lower()
    if kind not in (".html", ".png"):
        raise UsageError(f"-o {options.output}: must end with .html or .png")
    if kind == ".html" and options.layout:
        raise UsageError("--layout: is of pictures; a page has all of it")
    check_output(options.output, (options.a, options.b))
    from mapreduce_jobs.imaging.errors import MissingExtra
    from mapreduce_jobs.viewing.compare.comparison import How
    from mapreduce_jobs.viewing.pairs import paired, sources

    with tempfile.TemporaryDirectory() as spool:
        found = []
        for side, argument in (("a", options.a), ("b", options.b)):
            os.mkdir(os.path.join(spool, side))
            found.append(sources(argument, os.path.join(spool, side)))
        is_single = len(found[0]) == len(found[1]) == 1
        pairs = paired(*found)
        if not pairs.pairs:
            one, other = (encode_name(images[0].name) for images in found)
            raise UsageError(
                f"no image of {options.a} has a partner in {options.b}: names are such as {one}"
                f" and {other}"
            )
        how = How(options.max_pixels, options.values, options.window or 1)
        try:
            if is_single and options.layout != "sheet":
                return _one(options, kind, pairs, how)
            return _many(options, kind, pairs, how)
        except MissingExtra as error:
            raise UsageError(str(error)) from None


def _one(options: argparse.Namespace, kind: str, pairs: "Pairs", how: "How") -> int:
    """Write what two images look like."""
    from mapreduce_jobs.viewing.compare.comparison import Failed, compared

    (pair,) = pairs.pairs
    found = compared(pair, how, full=True)
    if isinstance(found, Failed):
        raise JobError(f"{encode_name(found.name)}: {found.kind}: {found.message}")
    if options.layout == "difference" and found.difference is None:
        raise UsageError("--layout difference: the images have not the same size")
    if kind == ".html":
        from mapreduce_jobs.viewing.compare.comparison_page import pair_page

        heading = " and ".join(options.titles or (side.name for side in found.sides))
        write_whole(options.output, pair_page(found, options.titles, heading).encode())
    else:
        from mapreduce_jobs.viewing.compare.pair_figure import pair_figure

        figure = pair_figure(found, options.titles, options.layout == "difference")
        write_whole(options.output, _png(figure))
    return 0


def _many(options: argparse.Namespace, kind: str, pairs: "Pairs", how: "How") -> int:
    """Write what a collection looks like; return 1 if part of it cannot be shown."""
    if options.layout in ("pair", "difference"):
        raise UsageError(
            f"--layout {options.layout}: there are {len(pairs.pairs):,} pairs; sheet shows them all"
        )
    from mapreduce_jobs.viewing.compare.comparison import FULL, all_compared

    is_page = kind == ".html"
    most = _MAX_IN_PAGE if is_page else _MAX_IN_PICTURE
    drawn = pairs.first(most)
    note = _left_out(pairs, drawn)
    failed: list[Failed] = []
    found = _reported(all_compared(drawn, how, FULL if is_page else 0), failed)
    if is_page:
        from mapreduce_jobs.viewing.compare.comparison_page import collection_page

        heading = f"{options.a} and {options.b}"
        page = collection_page(found, len(drawn), options.titles, heading, note)
        write_whole(options.output, page.encode())
    else:
        from mapreduce_jobs.viewing.compare.contact_sheet import contact_sheet

        sheet = contact_sheet(found, len(drawn), options.titles, note)
        write_whole(options.output, _png(sheet))
    if note:
        sys.stderr.write(f"compare: {note}\n")
    if failed:
        sys.stderr.write(f"compare: {len(failed):,} of {len(drawn):,} cannot be compared\n")
    return int(bool(failed))


def _reported(
    found: "Iterable[Compared | Failed]", failed: "list[Failed]"
) -> "Iterator[Compared | Failed]":
    """Iterate over what is found; say what failed, and keep it."""
    from mapreduce_jobs.viewing.compare.comparison import Failed

    for one in found:
        if isinstance(one, Failed):
            failed.append(one)
            sys.stderr.write(f"compare: {encode_name(one.name)}: {one.kind}: {one.message}\n")
        yield one


def _left_out(pairs: "Pairs", drawn: "Pairs") -> str:
    """Return a sentence on what is left out; the empty text if nothing is."""
    words = []
    if len(drawn.pairs) < len(pairs.pairs):
        words.append(f"of {len(pairs.pairs):,} pairs, the first {len(drawn.pairs):,}")
    lone, in_all = len(drawn.alone), len(pairs.alone)
    if lone < in_all:
        words.append(f"of {in_all:,} images without a partner, the first {lone:,}")
    text = " and, ".join(words)
    return f"{text[0].upper()}{text[1:]} by name are shown." if text else ""


def _png(picture: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    main()
