"""Errors of imaging, one root.

::

    ImagingError
     ├── DecodeError            bytes that do not give an image
     │    ├── EmptyFile         no bytes at all
     │    ├── UnknownFormat     not an image of a kind that can be read
     │    ├── Truncated         the file ends before the image does
     │    ├── ChecksumMismatch  the file's own checksum does not fit its content
     │    ├── CorruptImage      damaged in some other way
     │    ├── TooManyPixels     more pixels than the limit allows
     │    ├── NoPixels          a well-formed file that holds no image
     │    ├── NotDicom          an image of another format, where a DICOM header is needed
     │    └── Unsupported       a kind of image, or a compression, that cannot be read
     ├── UnsuitableImage        a good image that an operation is not defined on
     │    ├── OutsideImage      a place in the image that it is too small for
     │    ├── CannotHold        pixels that a file format cannot hold without loss
     │    ├── NoPartner         an image that is to be fused with others, and is alone
     │    └── NoLabel           an image of no class, where classes are learnt
     ├── BadParameter           a value that an operation is not defined for, also a ValueError
     ├── MissingExtra           a package that an operation needs and that is not installed
     └── StrippedDocstrings     Python left out the docstrings that operations are read from

The class's name is what a job's error records and counters show.
"""

__all__ = [
    "BadParameter",
    "CannotHold",
    "ChecksumMismatch",
    "CorruptImage",
    "DecodeError",
    "EmptyFile",
    "ImagingError",
    "MissingExtra",
    "NoLabel",
    "NoPartner",
    "NoPixels",
    "NotDicom",
    "OutsideImage",
    "StrippedDocstrings",
    "TooManyPixels",
    "Truncated",
    "UnknownFormat",
    "UnsuitableImage",
    "Unsupported",
]


class ImagingError(Exception):
    """Root of every error that imaging raises itself."""


class DecodeError(ImagingError):
    """Bytes that do not give an image."""


class EmptyFile(DecodeError):
    """There are no bytes."""


class UnknownFormat(DecodeError):
    """The content is not an image of a kind that can be read."""


class Truncated(DecodeError):
    """The file ends before the image does."""


class ChecksumMismatch(DecodeError):
    """The file's own checksum does not fit its content."""


class CorruptImage(DecodeError):
    """The content is damaged."""


class TooManyPixels(DecodeError):
    """The image has more pixels than the limit allows."""


class NoPixels(DecodeError):
    """The file is well-formed and holds no image: a report, a plan, a directory."""


class NotDicom(DecodeError):
    """The image has no DICOM header, where one is needed."""


class Unsupported(DecodeError):
    """A kind of image, or a compression, that cannot be read."""


class UnsuitableImage(ImagingError):
    """A good image that an operation is not defined on."""


class OutsideImage(UnsuitableImage):
    """A place that lies outside this image, which is smaller than what was asked for needs."""


class CannotHold(UnsuitableImage):
    """A file format cannot hold these pixels without losing some of what they say."""


class NoPartner(UnsuitableImage):
    """The image is to be fused with others of its key, and there is none."""


class NoLabel(UnsuitableImage):
    """Classes are learnt, and the class of the image is unknown."""


class BadParameter(ImagingError, ValueError):
    """A parameter has a value, or goes with others, that the operation is not defined for."""


class MissingExtra(ImagingError):
    """A package is needed that the base installation does not bring.

    Parameters
    ----------
    what : str
        What needs it.
    package : str
        The package.
    extra : str
        The extra of this project that brings it.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed:"
            f" pip install 'mapreduce-imaging[{extra}]'"
        )


class StrippedDocstrings(ImagingError):
    """Python runs without docstrings, which operations and words of errors are read from."""

    def __init__(self) -> None:
        super().__init__(
            "Python runs with PYTHONOPTIMIZE=2 or -OO, which leaves out the docstrings that are"
            " needed here; set it to 1 or unset it"
        )
