"""Names of de-identified files: nothing of the old name, and always the same with the same key."""

import posixpath

from mapreduce_jobs.imaging.formats.file_formats import ENDINGS, GZIP
from mapreduce_jobs.privacy.dicom.dataset import SourceIds
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser

__all__ = ["name_of_dicom", "name_of_raster", "token_of"]


def token_of(pseudonymiser: Pseudonymiser, name: str) -> str:
    """Return what the last part of the new name of a file is, without its ending.

    It is made of the whole old name, so that two files are never one, even if both hold the same
    image.

    >>> token_of(Pseudonymiser(b"not a secret, only an example"), "Smith John/ct/1.dcm")
    'ss4d7zmuaqnpdyyr'
    """
    return pseudonymiser.name("file", name)


def name_of_dicom(pseudonymiser: Pseudonymiser, name: str, source_ids: SourceIds) -> str:
    """Return the new name of a DICOM file: patient, study, series, file.

    >>> pseudonymiser = Pseudonymiser(b"not a secret, only an example")
    >>> name_of_dicom(pseudonymiser, "Smith John/ct/1.dcm", SourceIds("4711", "1.2.3", "1.2.3.4"))
    'lhhskejps6enz7re/dubc5z7agy2txe5w/bmfkjnxpebcivikx/ss4d7zmuaqnpdyyr.dcm'
    """
    directories = [
        pseudonymiser.pseudonym(source_ids.patient),
        pseudonymiser.name("study", source_ids.study),
        pseudonymiser.name("series", source_ids.series),
    ]
    return "/".join([*directories, f"{token_of(pseudonymiser, name)}{ENDINGS['DICOM'][0]}"])


def name_of_raster(pseudonymiser: Pseudonymiser, name: str, kind: str, data: bytes) -> str:
    """Return the new name of another image: what was in one directory stays in one.

    Parameters
    ----------
    pseudonymiser : Pseudonymiser
        What names are made with.
    name : str
        The old name.
    kind : str
        The format, as `sniff` calls it.
    data : bytes
        The file, which may be compressed as a whole.

    Examples
    --------
    >>> pseudonymiser = Pseudonymiser(b"not a secret, only an example")
    >>> name_of_raster(pseudonymiser, "Smith John/photo.JPG", "JPEG", b"")
    'v3stuwhy443w2twj/sto56r7vo7rfk57q.jpg'
    """
    file = (
        f"{token_of(pseudonymiser, name)}{ENDINGS[kind][0]}{'.gz' if data.startswith(GZIP) else ''}"
    )
    directory = posixpath.dirname(name)
    return f"{pseudonymiser.name('folder', directory)}/{file}" if directory else file
