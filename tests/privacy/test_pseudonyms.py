"""What a key makes: the same everywhere with it, something else with another, nothing without."""

import hashlib
import hmac
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.privacy.dicom.dataset import SourceIds
from mapreduce_jobs.privacy.file_names import name_of_dicom, name_of_raster, token_of
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser

ONE, OTHER = Pseudonymiser(b"one key of 16 by"), Pseudonymiser(b"another key, and longer")
UIDS = st.from_regex(r"[12](\.(0|[1-9][0-9]{0,8})){1,6}", fullmatch=True)


@given(UIDS)
def test_uids_are_valid_and_of_the_key(uid):
    new = ONE.uid(uid)
    assert UID(new).is_valid
    assert len(new) <= 64
    assert new == Pseudonymiser(b"\n one key of 16 by\n").uid(uid)  # a file ends with a line end
    assert new not in (uid, OTHER.uid(uid))
    made = uuid.UUID(int=int(new.removeprefix("2.25.")))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)


def test_a_uid_by_hand():
    digest = bytearray(hmac.new(b"one key of 16 by", b"uid\x001.2.3", hashlib.sha256).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    assert ONE.uid("1.2.3") == f"2.25.{int.from_bytes(bytes(digest), 'big')}"


@given(st.text())
def test_pseudonyms_and_names_are_short_and_plain(text):
    for made in (ONE.pseudonym(text), token_of(ONE, text), ONE.name("study", text)):
        assert re.fullmatch("[a-z2-7]{16}", made)
    assert len({ONE.pseudonym(text), token_of(ONE, text), ONE.name("study", text)}) == 3
    assert ONE.pseudonym(text) != OTHER.pseudonym(text)


@given(st.text())
def test_dates_move_back_by_up_to_ten_years(patient):
    assert -3650 <= ONE.days(patient) <= -1


def test_shifts_differ_between_patients():
    assert len({ONE.days(str(patient)) for patient in range(100)}) > 90


@pytest.mark.parametrize("secret", [b"", b"fifteen bytes..", b"   fifteen bytes..\n\n"])
def test_a_short_key_is_refused(secret):
    with pytest.raises(BadParameter, match=r"openssl rand -hex 32"):
        Pseudonymiser(secret)


def test_names_keep_what_belongs_together_and_nothing_else():
    names = [
        name_of_dicom(ONE, name, SourceIds("4711", "1.2", series))
        for name, series in (("smith/1", "1.2.1"), ("smith/2", "1.2.1"), ("smith/3", "1.2.2"))
    ]
    folders = [name.rpartition("/")[0] for name in names]
    assert folders[0] == folders[1] != folders[2]
    assert folders[0].split("/")[:2] == folders[2].split("/")[:2]
    assert len(set(names)) == 3
    assert names[0].endswith(f"/{token_of(ONE, 'smith/1')}.dcm")
    assert name_of_raster(ONE, "smith.jpg", "PNG", b"") == f"{token_of(ONE, 'smith.jpg')}.png"
    rasters = [name_of_raster(ONE, f"smith/{number}", "JPEG", b"") for number in (1, 2)]
    assert rasters[0].split("/")[0] == rasters[1].split("/")[0]
    assert name_of_raster(ONE, "smith", "NIfTI", b"\x1f\x8b").endswith(".nii.gz")
    assert not any("smith" in name for name in names + rasters)
