"""Write docs/operations.md and its pictures: every operation, original and result side by side.

The images are test data of pydicom (MIT licence), which comes with this project: an MR of an
abdomen and, for what concerns colour, an ultrasound.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from pydicom.data import get_testdata_file

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.pipelines.listing import parameter_words
from mapreduce_jobs.imaging.pipelines.operation import Operation
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS

DOCS = Path(__file__).resolve().parent.parent / "docs"
GAP = 8  # pixels between original and result
GREY = ("examples_overlay.dcm", "normalise method=percentile low=0 high=99.5 bits=8")
COLOUR = ("examples_rgb_color.dcm", "crop left=32 top=55 width=256 height=110")
IN_COLOUR = ("kmeans", "equalise")

# What is shown of each operation.
EXAMPLES = {
    "scale": "scale factor=0.5",
    "rotate": "rotate angle=30",
    "translate": "translate x=60 y=-40",
    "flip": "flip axis=horizontal",
    "crop": "crop left=60 top=60 width=180 height=200",
    "pad": "pad left=60 top=60 right=60 bottom=60 border=reflect",
    "convolve": "convolve kernel=outline result=scale",
    "mean": "mean size=9",
    "gaussian": "gaussian sigma=3",
    "median": "median size=9",
    "bilateral": "bilateral sigma_colour=40 sigma_space=3",
    "laplacian": "laplacian neighbours=8 result=scale",
    "sobel": "sobel axis=x",
    "gradient": "gradient",
    "canny": "canny low=60 high=150",
    "lowpass": "lowpass cutoff=0.05 kind=butterworth",
    "highpass": "highpass cutoff=0.05 result=scale",
    "bandpass": "bandpass low=0.02 high=0.1 result=scale",
    "frequency_convolve": "frequency_convolve kernel=emboss normalise=false",
    "spectrum": "spectrum",
    "threshold": "threshold method=otsu",
    "classify": "classify means=10;80;160",
    "kmeans": "kmeans k=4",
    "components": "threshold value=60 | components min_area=200",
    "erode": "erode size=7 shape=ellipse",
    "dilate": "dilate size=7 shape=ellipse",
    "opening": "opening size=7 shape=ellipse",
    "closing": "closing size=7 shape=ellipse",
    "tophat": "tophat size=15 | normalise",
    "blackhat": "blackhat size=15 | normalise",
    "morphological_gradient": "morphological_gradient size=3 | normalise",
    "adjust": "adjust brightness=0.1 contrast=1.4 gamma=0.8",
    "normalise": "normalise method=percentile low=20 high=95",
    "window": "window centre=90 width=140",
    "invert": "invert",
    "equalise": "equalise",
    "clahe": "clahe clip_limit=3",
    "sharpen": "sharpen sigma=2 amount=1.5",
    "denoise": "denoise method=tv strength=0.1",
}

INTRODUCTION = """\
# Operations

`image_transform` applies a chain of operations to each image, in the order given.

```console
python mapreduce_jobs/image_transform.py --list-ops
python mapreduce_jobs/image_transform.py --ops 'scale factor=0.5 | gaussian sigma=1.5' \\
    scans/ > small.bundle
python mapreduce_jobs/image_histogram.py small.bundle
hdfs-tools unpack small.bundle small/
python mapreduce_jobs/image_transform.py -r local \\
    --ops 'normalise bits=8 | canny low=100 high=200' --format png scans/ct > edges.bundle
```

What can be known to be wrong, such as Canny of floats or a parameter that does not exist, is an
error before the first image is read. `--ops-file` takes the same chain from YAML or JSON, and
`Pipeline.parse(text)` in [Python](own-job.md).

The result is a [bundle](record-line.md), which every other job reads and `hdfs-tools unpack` turns
into files. `--format tiff` (the default) holds every depth and stacks of frames, `png` and `jp2`
hold 8 and 16 bits, `jpeg` and `webp` 8; an image that a format cannot hold gets an error record and
is never reduced. Names keep their directories and get the format's suffix. What operations compute
beside the image, such as Otsu's threshold or the areas of components, is in the file's own
description, as JSON.

Two modalities, or two exposures, become one image with `--fuse mean|maximum|pyramid`: `--match`
selects which belong together, `--register translation|rigid|affine` aligns them first.

```console
python mapreduce_jobs/image_transform.py --fuse pyramid --match '(.*)-(?:ct|mr)\\.png' \\
    --register translation scans/pairs > fused.bundle
```

`denoise` needs `pip install -e '.[denoise]'` (scikit-image), `--register rigid` and `affine` need
`pip install -e '.[registration]'` (SimpleITK).

## What they have in common

- Each frame of a stack is processed by itself. In colour each of red, green and blue is processed
  by itself, unless stated otherwise.
- Results keep the dtype and the bits stored, unless stated otherwise: they are computed in floats,
  rounded (halves to even) and clipped to the range of the bits. Nothing wraps around.
- `result` is how values that may be negative, or large, become pixels: `clip` to that range, their
  `absolute` values, or `scale` from the image's own minimum and maximum to the whole range;
  `float` leaves them as they are, in float32 (`--format tiff`).
- Padding, which a DICOM file declares where nothing was measured, is left out, and stays known as
  padding in the result: [see below](#padding).
- `border` is what lies outside an image, by the names of numpy and scikit-image:

| border | a row `a b c d` goes on | scipy.ndimage | OpenCV |
|---|---|---|---|
| `reflect` | `d c b` `a b c d` `c b a` | mirror | BORDER_REFLECT_101 |
| `symmetric` | `c b a` `a b c d` `d c b` | reflect | BORDER_REFLECT |
| `edge` | `a a a` `a b c d` `d d d` | nearest | BORDER_REPLICATE |
| `wrap` | `b c d` `a b c d` `a b c` | wrap | BORDER_WRAP |
| `constant` | `k k k` `a b c d` `k k k`, k is `fill` | constant | BORDER_CONSTANT |

### Padding

Which pixels are padding (Pixel Padding Value and Range Limit of DICOM) is a mask that every
operation carries, and that is written to the result, in every format, so that the next job leaves
them out as well. `compare` shows them chequered. What padding's own values are changes no other
pixel:

- Geometry moves the mask: a pixel is padding if the nearest one was. Interpolation, which reaches
  beyond it, sees the nearest measured pixel there. What comes from outside of the image
  (`border=constant`, `pad`) is no padding: it is the value that was asked for.
- `mean`, `gaussian` and `sharpen` are normalised convolutions, the sum over measured pixels divided
  by that of their weights; in `bilateral`, `median` and morphology measured pixels count alone; and
  so they do in thresholds, classes, components, normalisation and equalisation.
- Convolutions with other kernels, edges, the frequency domain, `clahe` and `denoise` see the
  nearest measured pixel in place of padding, as `border=edge` continues an image.
- In the result padding keeps its values wherever values mean what they did: after geometry,
  filters, morphology, `lowpass`, `sharpen` and `denoise`. Elsewhere it has the least of the
  measured ones, and in masks and components 0. A `spectrum`, whose pixels are frequencies, has
  none.

The pictures below show the original on the left, and on the right what the line above them makes
of it; they are written, like this page, by `python examples/gallery.py` from two of pydicom's test
images (MIT licence).
"""


def main() -> None:
    """Write the page and the pictures."""
    (DOCS / "operations.md").write_text(page(), encoding="utf-8")
    directory = DOCS / "operations"
    directory.mkdir(exist_ok=True)
    for name, text in EXAMPLES.items():
        original = image_for(name)
        picture = side_by_side(original, Pipeline.parse(text)(original))
        (directory / f"{name}.jpg").write_bytes(encode(picture, "jpeg", quality=85))
    sys.stdout.write(f"{DOCS}/operations.md: {len(EXAMPLES)} operations\n")


def page() -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    for family, operations in groupby(OPERATIONS.values(), lambda operation: operation.family):
        lines.append(f"## {family}\n")
        for operation in operations:
            lines += section(operation)
    return "\n".join(lines)


def section(operation: Operation) -> Iterator[str]:
    """Iterate over the parts of what the page says of an operation."""
    yield f"### {operation.name}\n\n{plain(operation.summary)}\n"
    if operation.description:
        yield f"{plain(operation.description)}\n"
    if operation.parameters:
        yield "| parameter | | |\n|---|---|---|"
        for parameter in operation.parameters.values():
            words = plain(parameter_words(parameter)).replace("|", "\\|")
            yield f"| `{parameter.name}` | {words} | {plain(parameter.about)} |"
        yield ""
    yield f"`{EXAMPLES[operation.name]}`\n\n![{operation.name}](operations/{operation.name}.jpg)\n"


def plain(text: str) -> str:
    """Return reStructuredText of docstrings as Markdown."""
    return text.replace("``", "`")


def image_for(name: str) -> Image:
    """Return the image that an operation is shown on."""
    source, chain = COLOUR if name in IN_COLOUR else GREY
    data = Path(str(get_testdata_file(source, download=False))).read_bytes()
    return Pipeline.parse(chain)(decode(data))


def side_by_side(original: Image, result: Image) -> Image:
    """Return both next to each other, on white."""
    frames = [shown(original), shown(result)]
    rows = max(len(frame) for frame in frames)
    columns = sum(frame.shape[1] for frame in frames) + GAP
    canvas = np.full((rows, columns, 3), 255, np.uint8)
    left = 0
    for frame in frames:
        canvas[: len(frame), left : left + frame.shape[1]] = frame
        left += frame.shape[1] + GAP
    scale = min(1.0, 720 / columns)
    canvas = cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Image(canvas[np.newaxis], 8)


def shown(image: Image) -> np.ndarray:
    """Return the first frame as 8-bit colour; other depths from their least to their greatest."""
    frame = image.pixels[0]
    if frame.dtype != np.uint8:
        values = frame.astype(np.float64) - float(frame.min())
        frame = np.rint(values * (255 / max(values.max(), 1e-12))).astype(np.uint8)
    return frame if frame.ndim == 3 else np.repeat(frame[..., np.newaxis], 3, axis=2)


if __name__ == "__main__":
    main()
