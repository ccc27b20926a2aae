"""Write docs/formats.md: what can be read, and what comes of every file that two libraries bring.

The files are the test data that pydicom and nibabel install with themselves.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from pydicom.uid import UID

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.dicom.pixels import compressed_frames
from mapreduce_jobs.imaging.errors import ImagingError, MissingExtra
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.imaging.image import Image

PAGE = Path(__file__).resolve().parent.parent / "docs/formats.md"
DIRECTORIES = {
    "pydicom": ("data/test_files", "data/charset_files"),
    "nibabel": ("tests/data",),
}
NO_IMAGES = ("__pycache__", ".gitignore")

INTRODUCTION = """\
# Formats

What can be read: a file is judged by its content, never by its name. This page is written by
`python examples/formats.py`.

{formats}

## What the numbers mean

`--values` chooses which numbers an image job gets of grey DICOM and NIfTI; all other images are the
same whatever it says, save `suv`, which they do not have:

{values}

The result states the unit. Pixels that a file declares as padding are not counted, and
[operations](operations.md#padding) leave them out.

```console
python mapreduce_jobs/image_histogram.py --values modality --group-by modality scans/
python mapreduce_jobs/image_transform.py --values display --format png \\
    --ops 'normalise bits=8' scans/ct > shown.bundle
```

## Standardised uptake values

`--values suv` computes SUV by body weight of PET, as the vendor-neutral pseudo-code of QIBA does:
activity in Bq/ml × weight in g ÷ dose in Bq that is left of the injected one at the time that decay
is corrected to. It takes Patient's Weight, and of one item of Radiopharmaceutical Information
Sequence the dose, the half life and the time of the injection; a time without a date is the last
one before the scan.

- Units are BQML; or CNTS with one of Philips' scale factors; or GML with SUV Type BW or none, which
  are SUV already.
- Corrected Image has ATTN and DECY. Decay Correction is ADMIN, to the injection, or START, to the
  start of the scan: Series Date and Time, unless these are after Acquisition Date and Time; then
  GE's own scan start, else what Frame Reference Time and Actual Frame Duration say.
- The result is float64 in the unit `SUVbw`. Whatever else is an error record that names the element
  and what is wrong with it: one that is missing or zero, a dose that cannot be in Bq, an injection
  after the scan or more than 10 half lives before it, PET of the enhanced kind, another modality.

```console
python mapreduce_jobs/image_histogram.py --values suv --where "Modality == 'PT'" scans/
```

## TIFF

Every layout of TIFF 6.0 and BigTIFF is read: strips and tiles, samples side by side and in planes,
either order of bytes, compressed by LZW, Deflate, PackBits, ZSTD, LZMA, JPEG of 8 bits, JPEG 2000
or as fax. What is compressed otherwise (LERC, WebP, JPEG XL, JPEG of the old kind) is refused, and
the error record names it.

- Grey and colour of 1, 2 and 4 bits become 8 bits, floats of 16 bits 32. Where 0 is white, levels
  are inverted; signed numbers and floats have no greatest value to do that from, and are refused.
- CMYK of 8 and 16 bits and YCbCr (of JPEG, or not subsampled) become RGB. A palette has the bits of
  its colour map: 8 where these say all, else 16. CIELAB, raw samples of cameras and logarithmic
  luminances are refused.
- Alpha is left out. Other samples beside grey or colour are channels of their own, such as those of
  a fluorescence microscope, and a reason to refuse the file; as pages, one a channel, they are
  read.
- Pages are frames; of different sizes or kinds they are refused. Left out are reduced images and
  masks (NewSubfileType, SubIFDs), and behind the slide in a file of an Aperio scanner all pages.
- A stack with a single page directory is read whole: of ImageJ, which writes those of more than
  4 GB so, of tifffile and of MetaMorph.

## Choosing images by their headers

`--where` selects images by their DICOM headers, before any pixel is decoded, and counts the others
as excluded:

```console
python mapreduce_jobs/dicom_headers.py --where "Modality == 'CT' and SliceThickness <= 5" scans/
```

A condition has keywords of the DICOM dictionary, numbers, texts in quotes and `None` for what is
missing, with `== != < <= > >= in not and or ( )`; of several values one must fit. What an
enhanced file has in its functional groups is found by its keyword, too; where frames differ, one
must fit, and `dicom_headers` lists a value for each. Names and texts are read in every character
set of PS3.3 C.12.1.1.2, with and without code extensions.

`image_transform --stack` makes one image of the slices of each series, sorted by their positions.
A slice is a file, or a frame of an enhanced file whose functional groups say that frames lie at
different places (`enhanced.dcm frame 3`); an image of several frames without these stays as it is.
Several orientations, stacks, echoes, times or b-values in one series are images of their own
(`UID-1.tiff`, `UID-2.tiff` …), each with a note that says which it is, and so are slices of another
size, pixel spacing or unit, such as a localizer, and images of several frames; a tilted gantry and
gaps are noted. Values are of a type that holds those of all slices.

No slice is left out, save these, each of which is an error record that says why: a slice without a
position where others of its size have one; all slices of a volume whose stored values have
different slopes, as of PET, which `--values modality` or `suv` stacks; and all of one in which a
slice has neither position nor Slice Location nor number.

## DICOM that contradicts itself

- More pixels than the header says (Number of Frames, Rows, Columns, an offset table of more frames)
  are an error that names both numbers: nothing is left out in silence. Padding is none: one byte
  that makes the length even, zeros that are less than a frame behind pixels that are not
  compressed, less than a row of RLE, and zeros behind the end of a compressed frame, however many.
- A stored value is what lies in Bits Stored up to High Bit; older files have it in the upper bits,
  or an overlay beside it, in codestreams too. A High Bit that cannot be counts as Bits Stored − 1.

## Packages for some formats

NIfTI needs `pip install -e '.[nifti]'`. A package that is missing is named in the error record:

```
{missing}
```

## Decoders of DICOM

Which library decodes which transfer syntax, all of the base installation:

```
{syntaxes}
```

Before any of them sees a frame, its markers, sizes and end are checked. Of lossless JPEG what
libjpeg-turbo has decoded is taken only if its codes lie where the data have them; else a slower
decoder of this project reads it, which notices every code that is none. Lossy JPEG cannot be
checked so: flipped bits within its data are seen only where a marker or the end is damaged.

## File by file

What comes of every file that pydicom {pydicom} and nibabel {nibabel} install as their test data:
real files, odd ones and broken ones. In the tables: frames × rows × columns and dtype of the stored
values, the bits that are used; then the unit of `--values modality` and, if it is another, its
dtype. Or the kind and the sentence of the error record. Of DICOM whose header cannot be read the
transfer syntax is left out.
"""
KINDS = [
    ("format", "pixels", "frames", "spacing", "extra"),
    ("PNG", "grey, colour, palette; 1 to 16 bits", "of an animation", "pHYs", ""),
    ("JPEG", "grey, colour, CMYK; 8 bits", "1", "JFIF density", ""),
    (
        "TIFF, BigTIFF",
        "grey, colour, CMYK, palette; 1 to 16 bits, integers of 32 and 64, floats",
        "pages",
        "resolution",
        "",
    ),
    ("BMP", "grey, colour, palette; 1 to 8 bits", "1", "", ""),
    ("GIF", "palette", "of an animation", "", ""),
    ("WebP", "colour; 8 bits", "of an animation", "", ""),
    ("JPEG 2000", "grey, colour; to 16 bits", "1", "capture resolution", ""),
    (
        "DICOM",
        "grey, colour, palette; integers to 32 bits, 1 bit, floats",
        "frames",
        "Pixel Spacing, or what stands for it",
        "",
    ),
    (
        "NIfTI-1, NIfTI-2, plain or gzipped",
        "grey, colour; integers to 64 bits, floats of 32 and 64",
        "slices from the feet to the head, time after time",
        "affine",
        "`nifti`",
    ),
]
VALUES = [
    ("", "DICOM", "NIfTI"),
    ("`stored`, the default", "the numbers in the file", "the numbers in the file"),
    (
        "`modality`",
        "what they mean: by the Modality LUT, or slope and intercept; of CT in HU; without these"
        " doses by Dose Grid Scaling, others by Real World Value Mapping, NaN where it maps none",
        "by scl_slope and scl_inter",
    ),
    (
        "`suv`",
        "of PET, [standardised uptake values](#standardised-uptake-values) by body weight; else an"
        " error record",
        "an error record",
    ),
    (
        "`display`",
        "0 to 2^bits − 1: through the file's window (`--window N`: its Nth), or from the least to"
        " the greatest value; MONOCHROME1 is inverted",
        "0 to 255 of 8 bits, else to 65535: from cal_min to cal_max, or from the least to the"
        " greatest value",
    ),
]
EXTRAS = [MissingExtra("reading NIfTI", "nibabel", "nifti")]


def main() -> None:
    """Write the page."""
    text = page()
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {len(text.splitlines())} lines\n")


def page() -> str:
    """Return the page."""
    parts = [introduction()]
    for package, directories in DIRECTORIES.items():
        for directory in directories:
            found = table(("file", "format", "what comes of it"), rows(package, directory))
            parts.append(f"## {package}/{directory}\n\n{found}\n")
    return "\n".join(parts)


def introduction() -> str:
    """Return what stands before the tables."""
    missing = [f'{{"error": "MissingExtra", "message": "{error}"}}' for error in EXTRAS]
    syntaxes = str(compressed_frames.__doc__).split("\n\n")[1]
    versions = {package: minor_version(package) for package in DIRECTORIES}
    return INTRODUCTION.format(
        formats=table(KINDS[0], KINDS[1:]),
        values=table(VALUES[0], VALUES[1:]),
        missing="\n".join(missing),
        syntaxes=syntaxes,
        **versions,
    )


def minor_version(package: str) -> str:
    """Return the first two numbers of a package's version."""
    return ".".join(version(package).split(".")[:2])


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rule = "|---" * len(head) + "|"
    cells = [[text.replace("|", "\\|") for text in row] for row in (head, *body)]
    first, *others = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([first, rule, *others])


def rows(package: str, directory: str) -> Iterator[tuple[str, str, str]]:
    """Iterate over name, format and outcome of each file of a directory of a package."""
    top = Path(str(import_module(package).__file__)).parent / directory
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top)
        if path.is_file() and not any(part in NO_IMAGES for part in name.parts):
            data = path.read_bytes()
            yield name.as_posix(), format_of(data), outcome(data)


def format_of(data: bytes) -> str:
    """Return the format of a file, of DICOM the transfer syntax."""
    kind = sniff(data)
    if kind != "DICOM":
        return kind or ""
    try:
        (syntax,) = Element.named("TransferSyntaxUID").values(read_header(BytesIO(data)))
    except (ImagingError, ValueError):
        return "DICOM"
    return f"DICOM, {UID(syntax).name}"


def outcome(data: bytes) -> str:
    """Return what is decoded, stored and as the modality means it, or the error record."""
    try:
        stored = decode(data)
        bits = "1 bit" if stored.bits == 1 else f"{stored.bits} bits"
        text = f"{shape(stored)} {stored.pixels.dtype}, {bits}"
        meant = decode(data, values="modality")
        decode(data, values="display")
    except ImagingError as error:
        return f"{type(error).__name__}: {error}"
    if meant.unit == "stored":
        return text
    dtype = "" if meant.pixels.dtype == stored.pixels.dtype else f" in {meant.pixels.dtype}"
    return f"{text}; {meant.unit}{dtype}"


def shape(image: Image) -> str:
    """Return frames × rows × columns, and whether it has colour."""
    frames, height, width = image.pixels.shape[:3]
    return f"{frames} × {height} × {width}{' colour' if image.is_colour else ''}"


if __name__ == "__main__":
    main()
