"""Headers of DICOM files: the elements before the pixels, which are not read."""

import io
import struct
import warnings
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mapreduce_jobs.imaging.dicom import character_sets
from mapreduce_jobs.imaging.errors import CorruptImage, DecodeError, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.file_formats import format_of

__all__ = [
    "FUNCTIONAL_GROUPS",
    "READ_ERRORS",
    "Beginning",
    "deflated",
    "read_beginning",
    "read_header",
]

character_sets.register()

READ_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises for content that it cannot make sense of; no library of images is needed."""

FUNCTIONAL_GROUPS = (Tag("SharedFunctionalGroupsSequence"), Tag("PerFrameFunctionalGroupsSequence"))
"""Where files of the enhanced kind have elements of all frames, and of each."""

_BEGINNING = 1 << 16  # bytes, which hold most headers
_PREAMBLE, _MAGIC = 128, b"DICM"
_META_GROUP = 0x0002
_PIXEL_GROUP = 0x7FE0
_UNDEFINED = 0xFFFFFFFF  # the length of what a delimiter ends
_DELIMITERS = (b"\xfe\xff\xdd\xe0", b"\xff\xfe\xe0\xdd")  # (FFFE,E0DD) in either byte order
_STRAY = 1 << 12  # bytes at the end that may be zero
_MAX_INFLATED = 64 << 20  # bytes
_DEFLATED = DeflatedExplicitVRLittleEndian.encode()
_CUT = "the file ends within its header"


@dataclass(frozen=True, eq=False)
class Beginning:
    """What has been read of an image file: its format, and its header if it is DICOM.

    Attributes
    ----------
    format : str
        As `format_of` returns it.
    header : Dataset, optional
        The elements before the pixels, those of group 0002 in its `file_meta`.
    pixels_at : int, optional
        Where the element of the pixels begins; None if there is none, or elements are deflated.
    is_implicit : bool
        Whether this element is encoded without its value representation.
    """

    format: str
    header: Dataset | None = None
    pixels_at: int | None = None
    is_implicit: bool = False


def read_header(file: BinaryIO, keywords: Collection[str] | None = None) -> Dataset | None:
    """Return the header that `read_beginning` reads; parameters and errors are the same."""
    return read_beginning(file, keywords).header


def read_beginning(file: BinaryIO, keywords: Collection[str] | None = None) -> Beginning:
    """Read an image file up to its pixels: the format, and the elements of a DICOM header.

    Parameters
    ----------
    file : binary file
        Seekable, at its beginning. Of it, 64 kB are read and, if the header is longer, the rest of
        the header without the values that nobody asks for.
    keywords : collection of str, optional
        The elements to read, by the keywords of PS3.6; by default all. Specific Character Set
        (0008,0005), by which text is read, and functional groups are always among them.

    Returns
    -------
    Beginning

    Raises
    ------
    DecodeError
        `EmptyFile` and `UnknownFormat` as `decode` raises them, `Truncated` if the file ends within
        an element, `CorruptImage` if its elements cannot be read, `Unsupported` for a
        deflated header of more than 64 MiB.
    Exception
        What the file raises in reading.

    Examples
    --------
    >>> import io
    >>> from pydicom.data import get_testdata_file
    >>> with open(get_testdata_file("CT_small.dcm"), "rb") as file:
    ...     beginning = read_beginning(file, ["Modality", "SliceThickness"])
    >>> beginning.format, beginning.header.Modality, float(beginning.header.SliceThickness)
    ('DICOM', 'CT', 5.0)
    """
    beginning = file.read(_BEGINNING)
    format = format_of(beginning)
    if format != "DICOM":
        return Beginning(format)
    tags = None if keywords is None else _tags(keywords)
    with warnings.catch_warnings():
        # pydicom warns of oddities that it then copes with.
        warnings.simplefilter("ignore")
        try:
            dataset = _read_deflated(file, beginning, tags)
            if dataset is not None:  # perhaps an empty one
                return Beginning(format, dataset)
            return _read(file, beginning, tags)
        except DecodeError as error:
            raise type(error)(f"DICOM: {error}") from None
        except READ_ERRORS as error:
            _raise_of_file(error)
            reason = (str(error) or type(error).__name__).splitlines()[0]
            if isinstance(error, BytesLengthException):  # which shows the bytes: of a name, may be
                reason = "the length of an element does not fit its kind"
            raise CorruptImage(f"DICOM: the header cannot be read: {reason}") from error


def _tags(keywords: Collection[str]) -> list[Any]:
    tags = [*(Tag(keyword) for keyword in keywords), *FUNCTIONAL_GROUPS]
    if any(" or " in dictionary_VR(tag) for tag in tags):
        tags.append(Tag("PixelRepresentation"))  # whether such numbers have a sign
    return tags


class _End:
    """Where the elements of a file end: at its pixels, or with the last of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._tell = file.tell
        start = file.tell()
        self._size = file.seek(0, io.SEEK_END)
        file.seek(start)
        self._last = -1, 0  # before the first
        self.at_pixels = False
        self.is_implicit = False

    def __call__(self, tag: BaseTag, vr: str | None, length: int) -> bool:
        """Return whether pydicom is to stop at an element, before it reads the value."""
        if tag >> 16 == _PIXEL_GROUP:
            self.at_pixels = True
            self.is_implicit = vr is None
            return True
        position = self._tell()
        if position + length > self._size and length != _UNDEFINED:
            raise Truncated(_CUT)
        self._last = position, length
        return False

    def beginning(self, dataset: Dataset) -> Beginning:
        """Return what has been read, where pydicom has stopped."""
        position = self._tell() if self.at_pixels else None
        return Beginning("DICOM", dataset, position, self.is_implicit)

    def check(self) -> None:
        """Raise `Truncated` if the file ends within an element, of which pydicom says nothing."""
        if self.at_pixels:
            return
        position, length = self._last
        if length == _UNDEFINED:
            self._file.seek(max(position, self._size - _STRAY))
            whole = self._file.read().rstrip(b"\0").endswith(_DELIMITERS)
        else:
            self._file.seek(max(0, position + length))
            whole = position >= 0 and not self._file.read().strip(b"\0")
        if not whole:
            raise Truncated(_CUT)


def _read(file: BinaryIO, beginning: bytes, tags: list[Any] | None) -> Beginning:
    """Read elements: if the first bytes hold them, from memory, which is faster than a file."""
    is_all = len(beginning) < _BEGINNING
    memory = io.BytesIO(beginning)
    end = _End(memory)
    try:
        dataset = read_partial(memory, stop_when=end, force=True, specific_tags=tags)
        if is_all or end.at_pixels:
            end.check()
            return end.beginning(dataset)
    except (*READ_ERRORS, Truncated):  # of an element that is cut, where more follows
        if is_all:
            raise
    file.seek(0)
    end = _End(file)
    dataset = read_partial(file, stop_when=end, force=True, specific_tags=tags)
    end.check()
    return end.beginning(dataset)


def _read_deflated(file: BinaryIO, beginning: bytes, tags: list[Any] | None) -> Dataset | None:
    """Read elements that are deflated (PS3.5 A.5); return None if they are not.

    pydicom would inflate all of them, however large.
    """
    found = deflated(beginning)
    if found is None:
        return None
    start, meta = found
    file.seek(start)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = io.BytesIO()
    for piece in _inflated(file, inflater):
        inflated.write(piece)
    size = inflated.tell()
    inflated.seek(0)
    end = _End(inflated)
    try:
        dataset = read_dataset(inflated, False, True, stop_when=end, specific_tags=tags)
        end.check()
        if not (end.at_pixels or inflater.eof):
            raise Truncated(_CUT)
    except (*READ_ERRORS, Truncated):
        if size < _MAX_INFLATED:
            raise
        limit = f"{_MAX_INFLATED >> 20} MiB"
        raise Unsupported(f"a deflated header of more than {limit}") from None
    dataset.file_meta = FileMetaDataset(meta)
    return dataset


def deflated(beginning: bytes) -> tuple[int, Dataset] | None:
    """Return where the deflated elements of a file begin, and those of group 0002 before them.

    Parameters
    ----------
    beginning : bytes
        At least the first 64 kB of the file, or all of it.

    Returns
    -------
    tuple of int and Dataset, or None
        None if the elements are not deflated.
    """
    if _DEFLATED not in beginning[:_BEGINNING]:
        return None
    memory = io.BytesIO(beginning)
    has_preamble = beginning[_PREAMBLE:][:4] == _MAGIC
    memory.seek(_PREAMBLE + len(_MAGIC) if has_preamble else 0)
    meta = read_dataset(
        memory, False, True, stop_when=lambda tag, vr, length: tag >> 16 != _META_GROUP
    )
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return None
    return memory.tell(), meta


def _inflated(file: BinaryIO, inflater: Any) -> Iterator[bytes]:
    """Iterate over the first bytes that a deflated file holds, at most `_MAX_INFLATED`."""
    left = _MAX_INFLATED
    while left and not inflater.eof:
        packed = inflater.unconsumed_tail or file.read(1 << 16)
        if not packed:
            return
        piece = inflater.decompress(packed, min(left, 1 << 20))
        left -= len(piece)
        yield piece


def _raise_of_file(error: BaseException | None) -> None:
    """Raise the error that the file met in reading, if this one goes back to such."""
    while error is not None:
        of_system = isinstance(error, OSError) and error.errno is not None
        if of_system or not isinstance(error, READ_ERRORS):
            raise error
        error = error.__context__
