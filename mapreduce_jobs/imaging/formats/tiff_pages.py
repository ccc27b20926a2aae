"""The page directories of a TIFF or BigTIFF: which pages are frames, and how their samples lie."""

import contextlib
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from PIL import TiffImagePlugin

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.samples import READ_ERRORS, check_size

__all__ = ["DESCRIPTION", "Page", "first_tags", "frames", "number"]

DESCRIPTION = 270
_KIND, _OLD_KIND = 254, 255  # NewSubfileType, SubfileType
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_STACK = 33629  # UIC2Tag of MetaMorph, which has a value for each image
_ALL_ROWS = (1 << 32) - 1


@dataclass(frozen=True)
class Page:
    """A page: a grid of parts, which are strips or tiles, each compressed on its own.

    Attributes
    ----------
    rows, columns, samples, bits, sample_format, photometric : int
        Of the image; these, with `extra`, are those of all frames of an image.
    extra : tuple of int
        ExtraSamples: what the samples beside grey or colour are.
    is_planar : bool
        Whether the parts of each sample follow those of the one before.
    part_rows, part_columns : int
        Of a strip or tile; a last strip has the rows that are left.
    is_tiled : bool
    offsets, counts : tuple of int
        Where the parts are, and their bytes.
    order : {"<", ">"}
        Order of bytes.
    tags : mapping
        Numbers, or bytes, of the other tags that decoding needs, by tag.
    directory : mapping
        All tags, read as they are asked for.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    sample_format: int
    photometric: int
    extra: tuple[int, ...]
    is_planar: bool
    part_rows: int
    part_columns: int
    is_tiled: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    order: str
    compression: int
    predictor: int
    fill_order: int
    tags: dict[int, Any]
    directory: Any

    @property
    def kind(self) -> tuple[object, ...]:
        """What all frames of an image have in common."""
        return (
            *(self.rows, self.columns, self.samples, self.bits, self.sample_format),
            *(self.photometric, self.extra),
        )

    @property
    def grid(self) -> tuple[int, int, int]:
        """Planes, and parts down and across a plane."""
        return (
            self.samples if self.is_planar else 1,
            -(-self.rows // self.part_rows),
            -(-self.columns // self.part_columns),
        )

    def row_size(self, columns: int) -> int:
        """Return the bytes of so many columns of a row."""
        return -(-columns * (1 if self.is_planar else self.samples) * self.bits // 8)


def frames(data: bytes, max_pixels: int) -> list[Page]:
    """Return the pages that are the frames of the image, each with all that it points to.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most frames × rows × columns.

    Returns
    -------
    list of Page
        Pages of lower resolution and masks, which belong to an image, are left out, and so are all
        pages but the first of a slide scanner's file (Aperio): these are lower resolutions that do
        not say so. Where one directory stands for a stack, as ImageJ writes those of more than
        4 GB, there is a page for each image of it.

    Raises
    ------
    DecodeError
        One of its kinds.
    """
    found = list(_directories(data))
    chosen = [one for one in found if not _is_aside(one[1])] or found[:1]
    position, first = chosen[0]
    if _text(first).startswith("Aperio"):
        del chosen[1:]
    try:
        pages = []
        for _, tags in chosen:
            rows, columns = int(tags[257]), int(tags[256])
            if rows < 1 or columns < 1:
                raise CorruptImage(f"a page of it has {rows} × {columns} pixels")
            check_size(len(chosen), rows, columns, max_pixels)
            pages.append(_page(tags, rows, columns, data, max_pixels))
        if len(pages) == 1:
            return _stack(pages[0], _stated(first, pages[0]), position, len(data), max_pixels)
    except READ_ERRORS as error:
        raise CorruptImage(f"its page directory cannot be read: {error}") from error
    return pages


def first_tags(data: bytes) -> Any:
    """Return the tags of the first page; empty if there is none that can be read."""
    try:
        return next(_directories(data))[1]
    except (CorruptImage, Truncated, Unsupported):
        return {}


def _directories(data: bytes) -> Iterator[tuple[int, Any]]:
    """Iterate over the directories of the pages: where each is, and its tags."""
    file, seen = io.BytesIO(data), set()
    is_big = b"+" in data[2:4]
    # Pillow knows BigTIFF by the third byte, whatever the order of bytes.
    header = b"II+\0" + data[4:16] if is_big else data[:8]
    try:
        offset = TiffImagePlugin.ImageFileDirectory_v2(header, data[:2]).next
        while offset:
            if offset in seen:
                raise CorruptImage("its page directories form a ring")
            if offset >= len(data):
                raise Truncated("the file ends before its page directory")
            seen.add(offset)
            tags = TiffImagePlugin.ImageFileDirectory_v2(header, data[:2])
            file.seek(offset)
            tags.load(file)
            yield offset, tags
            offset = tags.next
    except READ_ERRORS as error:
        raise CorruptImage(f"its page directory cannot be read: {error}") from error
    if not seen:
        raise CorruptImage("it has no page")


def _is_aside(tags: Any) -> bool:
    """Return whether a page is a reduced image or a mask, which belongs to another page."""
    try:
        return bool(number(tags, _KIND, 0) & (_REDUCED | _MASK)) or number(tags, _OLD_KIND) == 2
    except READ_ERRORS:
        return False


def _page(tags: Any, rows: int, columns: int, data: bytes, max_pixels: int) -> Page:
    bits, formats = _numbers(tags, 258, (1,)), _numbers(tags, 339, (1,))
    if len(set(bits)) > 1 or len(set(formats)) > 1:
        raise Unsupported("its samples differ in depth")
    if number(tags, 32997, 1) > 1:  # ImageDepth
        raise Unsupported("a page of it is a volume")
    samples = number(tags, 277, 1)
    is_tiled = 324 in tags or 322 in tags
    if is_tiled:
        part_columns, part_rows = number(tags, 322), number(tags, 323)
    else:
        part_columns, part_rows = columns, min(number(tags, 278, _ALL_ROWS), rows)
    if min(part_rows, part_columns, samples, bits[0]) < 1:
        raise CorruptImage("its strips or tiles have no pixels")
    check_size(1, part_rows, part_columns, max_pixels)
    page = Page(
        rows,
        columns,
        samples,
        bits[0],
        formats[0],
        number(tags, 262, 2 if samples > 2 else 1),
        _numbers(tags, 338, ()),
        number(tags, 284, 1) == 2 and samples > 1,
        part_rows,
        part_columns,
        is_tiled,
        _numbers(tags, 324 if is_tiled else 273, ()),
        _numbers(tags, 325 if is_tiled else 279, ()),
        "<" if data.startswith(b"II") else ">",
        number(tags, 259, 1),
        number(tags, 317, 1),
        number(tags, 266, 1),
        {tag: tags[tag] for tag in (292, 293, 320, 332, 347, 529, 530, 532) if tag in tags},
        tags,
    )
    return _located(page, data)


def _located(page: Page, data: bytes) -> Page:
    """Return a page with the places of its parts, and of no others, checked."""
    needed = math.prod(page.grid)
    offsets, counts = page.offsets[:needed], page.counts[:needed]
    if not counts and page.compression == 1 and needed == 1:
        counts = (page.row_size(page.part_columns) * page.part_rows,)
    if not offsets or max([*offsets, *map(sum, zip(offsets, counts, strict=False))]) > len(data):
        raise Truncated("the file ends before its pixels do")
    if min(len(offsets), len(counts)) < needed:
        raise CorruptImage(
            f"it tells where {min(len(offsets), len(counts))} of its {needed} strips or tiles are"
        )
    if sum(counts) > (1 << 24) + 4 * len(data):
        raise CorruptImage("its strips or tiles are the same bytes again and again")
    if 0 in counts:
        raise Unsupported("some of its strips or tiles are not in the file")
    return replace(page, offsets=offsets, counts=counts)


def _stated(tags: Any, page: Page) -> int:
    """Return how many images the one directory of a file says it stands for."""
    text = _text(tags)
    if text.startswith("ImageJ="):
        stated = re.search(r"^images=(\d{1,9})$", text, re.MULTILINE)
        return int(stated[1]) if stated else 1
    shape: list[Any] = []
    if text.startswith('{"shape":'):  # of tifffile
        with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
            shape = list(json.loads(text)["shape"])
    elif old := re.match(r"shape=\(([\d, ]+)\)", text):
        shape = [int(length) for length in re.findall(r"\d+", old[1])]
    if shape and all(isinstance(length, int) and length > 0 for length in shape):
        images, rest = divmod(math.prod(shape), page.rows * page.columns * page.samples)
        return 1 if rest else images
    stack = tags.get(_STACK, ())
    return len(stack) if isinstance(stack, tuple) else 1


def _stack(page: Page, images: int, position: int, length: int, max_pixels: int) -> list[Page]:
    """Return a page for each image of a stack, whose pixels follow one another.

    What is compressed, or has its directory where the stack would be, is no such stack, whatever a
    description says that has outlived an edit.
    """
    size, start = sum(page.counts), page.offsets[0]
    end = start + images * size
    if images < 2 or page.compression != 1 or start <= position < end:
        return [page]
    check_size(images, page.rows, page.columns, max_pixels)
    ends = [offset + count for offset, count in zip(page.offsets, page.counts, strict=True)]
    if page.is_tiled or list(page.offsets[1:]) != ends[:-1]:
        raise Unsupported(f"one page directory for {images} images, whose pixels are not in a row")
    if end > length:
        raise Truncated(f"the file ends before the pixels of its {images} images do")
    return [
        replace(page, offsets=tuple(offset + image * size for offset in page.offsets))
        for image in range(images)
    ]


def _numbers(tags: Any, tag: int, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
    value = tags[tag] if default is None else tags.get(tag, default)
    return tuple(int(number) for number in (value if isinstance(value, tuple | bytes) else [value]))


def number(tags: Any, tag: int, default: int = 0) -> int:
    """Return the first whole number of a tag."""
    return _numbers(tags, tag, (default,))[0]


def _text(tags: Any) -> str:
    return str(tags.get(DESCRIPTION, ""))
