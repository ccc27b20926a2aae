"""Beside two other de-identifiers: whatever they change, ours changes too, but for a short list."""

import re
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.filebase import DicomBytesIO

from mapreduce_jobs.imaging.errors import DecodeError
from mapreduce_jobs.privacy.dicom.dataset import deidentify
from mapreduce_jobs.privacy.settings import Settings
from tests.privacy.support import KEY

pytestmark = pytest.mark.filterwarnings("ignore")
FILES = sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"))

# UIDs of kinds of things: with others in their place, no program knows what a file is.
KINDS = re.compile(r"(.*/)?(SOPClassUID|ReferencedSOPClassUID|CodingSchemeUID)")
# How the scanner was set, which deid takes for times of the day by their names.
SETTINGS = {"EchoTime", "ExposureTime", "FrameTime", "RepetitionTime", "RevolutionTime"}


# Both are imported where warnings are no errors: they use what pydicom will give up.


def dicognito(path):
    from dicognito.anonymizer import Anonymizer

    dataset = pydicom.dcmread(path, force=True)
    Anonymizer(seed="a seed of the tests").anonymize(dataset)
    return dataset


def deid(path):
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers

    (dataset,) = replace_identifiers(
        [str(path)], deid=DeidRecipe(), save=False, remove_private=True
    )
    return dataset


def leaves(dataset, above=""):
    """Return the values of a data set and of its items, by their paths."""
    found = {}
    for element in dataset:
        path = above + (element.keyword or str(element.tag))
        if element.VR == "SQ":
            for number, item in enumerate(element.value or []):
                found.update(leaves(item, f"{path}[{number}]/"))
        elif element.keyword != "PixelData" and element.value not in (None, "", b""):
            found[path] = str(element.value)
    return found


def compared(path, peer):
    """Return the attributes that only the peer changes, and those that only we change."""
    data = path.read_bytes()
    try:
        made = deidentify(data, Settings(), KEY)
        theirs = leaves(peer(path))
    except (DecodeError, AttributeError, TypeError, KeyError, ValueError):
        return None
    before = leaves(pydicom.dcmread(DicomBytesIO(data), force=True))
    ours = leaves(pydicom.dcmread(DicomBytesIO(made.data)))
    ours_only = {at for at in before if ours.get(at) != before[at] == theirs.get(at)}
    peers_only = {at for at in before if theirs.get(at) != before[at] == ours.get(at)}
    return tuple({re.sub(r"\[\d+\]", "", at) for at in only} for only in (peers_only, ours_only))


@pytest.mark.parametrize(
    ("peer", "also"), [(dicognito, set()), (deid, SETTINGS)], ids=["dicognito", "deid"]
)
def test_ours_changes_all_that_the_peer_changes(peer, also):
    results = {path.name: compared(path, peer) for path in FILES}
    done = {name: result for name, result in results.items() if result is not None}
    assert len(done) > len(FILES) * 0.8
    left = set().union(*(peers_only for peers_only, _ in done.values()))
    assert {attribute for attribute in left if not KINDS.fullmatch(attribute)} <= also
    # And the other way round there is much that the peer leaves.
    ours = set().union(*(ours_only for _, ours_only in done.values()))
    assert {"SeriesDescription", "StudyDescription", "PatientAge", "PatientSex"} <= ours
