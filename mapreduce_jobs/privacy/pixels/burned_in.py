"""Text that a device writes into the pixels: rules that say where, and what makes it go away."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from mapreduce_jobs.imaging import MAX_PIXELS
from mapreduce_jobs.imaging.dicom.file import Layout, layout_of
from mapreduce_jobs.imaging.dicom.pixels.stored_values import stored_values
from mapreduce_jobs.imaging.errors import Unsupported
from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.privacy.pixels.native_pixels import overwritten
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle
from mapreduce_jobs.privacy.pixels.rule import Rule
from mapreduce_jobs.privacy.pixels.rules_file import items

__all__ = ["Rectangle", "Rules", "blank"]

_PHOTOMETRIC, _PIXEL_DATA = 0x00280004, 0x7FE00010
_PALETTE = "PALETTE COLOR"
_OF_COMPRESSED = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "EncapsulatedPixelDataValueTotalLength",
)


@dataclass(frozen=True)
class Rules:
    """Where text is in the pixels of images, by their headers.

    Attributes
    ----------
    rules : tuple of Rule
        All that are for an image hold.
    """

    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str) -> "Rules":
        """Read rules in YAML or JSON: a list of ``name``, ``when``, ``rectangles``, ``outside``.

        Raises
        ------
        BadParameter
            One of them is wrong; the message names the line.

        Examples
        --------
        >>> rules = Rules.parse('''
        ... - name: banner of our CT
        ...   when: Modality == 'CT' and Columns == 512
        ...   rectangles: [[0, 0, 512, 20], [-100, -15, 100, 15]]
        ... ''')
        >>> header = Dataset()
        >>> header.Modality, header.Rows, header.Columns = "CT", 512, 512
        >>> for rectangle in rules.rectangles(header):
        ...     print(rectangle)
        [0, 0, 512, 20]
        [412, 497, 100, 15]
        """
        return cls(tuple(map(Rule.of, items(text))))

    @classmethod
    def default(cls) -> "Rules":
        """Return the rules that come with this project."""
        return cls.parse(files(__package__).joinpath("burned_in.yaml").read_text("utf-8"))

    def rectangles(self, dataset: Dataset) -> list[Rectangle]:
        """Return where an image has text, by the rules that are for it.

        Parameters
        ----------
        dataset : Dataset
            Its header, with Rows and Columns.

        Returns
        -------
        list of Rectangle
            Within the image; empty if no rule is for it.

        Raises
        ------
        CorruptImage
            The header cannot be read.
        OutsideImage
            The rectangle of a rule lies outside the image.

        Notes
        -----
        Regions of an ultrasound image that reach beyond it are those of another one, which it was
        scaled or cut from: then nothing is known of where its text is. Regions of graphics
        (PS3.3 C.8.5.5.1.1) are not kept.
        """
        found: dict[Rectangle, None] = {}
        for rule in self.rules:
            if rule.when(dataset):
                found.update(dict.fromkeys(rule.rectangles_in(dataset)))
        return list(found)

    def are_complete(self, dataset: Dataset) -> bool:
        """Return whether a rule lists where the device of an image writes.

        What lies around ultrasound regions is no such list: operators write within them, too.
        """
        return any(rule.rectangles and rule.when(dataset) for rule in self.rules)


def blank(
    dataset: FileDataset, rectangles: Iterable[Rectangle], max_pixels: int = MAX_PIXELS
) -> None:
    """Overwrite rectangles in every frame of a DICOM file.

    Pixels that are not compressed stay where they are, and all others keep their bytes. Compressed
    ones are decompressed, and stay so (Explicit VR Little Endian): compressing them again could
    change them. Lossy Image Compression (0028,2110) stays as it is, since the loss does.

    Grey becomes the least value of the image, or the greatest if that is displayed black
    (MONOCHROME1); colour becomes black, a palette's index that of its darkest colour. With
    YBR_FULL_422 a rectangle is widened to whole pairs of columns.

    Parameters
    ----------
    dataset : FileDataset
        Is changed: its pixels and, if they were compressed, what describes their layout.
    rectangles : iterable of Rectangle
        What lies outside the image is cut off.
    max_pixels : int, optional
        Most frames × rows × columns.

    Raises
    ------
    DecodeError
        The pixels cannot be read.
    MissingExtra
        They are compressed, and the decoder is not installed.
    OutsideImage
        A rectangle lies wholly outside the image.

    Examples
    --------
    >>> from pydicom.dataset import FileMetaDataset
    >>> dataset = FileDataset("", {}, file_meta=FileMetaDataset())
    >>> dataset.Rows, dataset.Columns, dataset.BitsAllocated = 2, 3, 8
    >>> dataset.PhotometricInterpretation = "MONOCHROME2"
    >>> dataset.PixelData = bytes([9, 8, 7, 6, 5, 4])
    >>> blank(dataset, [Rectangle(left=0, top=0, width=2, height=1)])
    >>> list(dataset.PixelData)
    [4, 4, 7, 6, 5, 4]
    """
    layout = layout_of(dataset, max_pixels)
    inside = [one.within(layout.rows, layout.columns) for one in rectangles]
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    try:
        is_compressed = bool(syntax) and UID(syntax).is_compressed
    except ValueError as error:
        raise Unsupported("its transfer syntax is not known") from error
    order = ">" if dataset.original_encoding[1] is False else "<"
    if is_compressed:
        _decompress(dataset, layout)
        layout, order = layout_of(dataset, max_pixels), "<"
    element = dataset[layout.element]
    element.value = overwritten(element.value or b"", dataset, layout, inside, order)


def _decompress(dataset: FileDataset, layout: Layout) -> None:
    """Replace compressed pixels by the same ones uncompressed, colour in RGB."""
    pixels = _decoded(dataset, layout)
    for keyword in _OF_COMPRESSED:
        if keyword in dataset:
            del dataset[keyword]
    size = pixels.dtype.itemsize * 8
    data = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    data += bytes(len(data) % 2)
    dataset[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OB" if size == 8 else "OW", data)
    if size != layout.allocated:
        dataset.BitsAllocated = size
    dataset.BitsStored = min(layout.bits, size)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 4:
        dataset.PhotometricInterpretation = "RGB"
        dataset.PlanarConfiguration = 0
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def _decoded(dataset: FileDataset, layout: Layout) -> Pixels:
    """Return the values of compressed pixels, of a palette its indices."""
    if layout.photometric != _PALETTE:
        return stored_values(dataset, layout)
    # As grey ones, which are not coloured.
    elements: Any = {tag: dataset.get_item(tag) for tag in list(dataset.keys())}
    header = FileDataset("", elements, file_meta=dataset.file_meta)
    header[_PHOTOMETRIC] = DataElement(_PHOTOMETRIC, "CS", "MONOCHROME2")
    return stored_values(header, replace(layout, photometric="MONOCHROME2"))
