"""Dates move by whole days; descriptions keep words that are known; dummies are valid values."""

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import RAISE
from pydicom.dataelem import DataElement
from pydicom.valuerep import STR_VR

from mapreduce_jobs.privacy.dicom.replacements import cleaned_text, dummy, shifted

DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31))
DAYS = st.integers(-3650, 3650)


@given(DATES, DAYS)
def test_a_date_and_back(date, days):
    text = f"{date:%Y%m%d}"
    moved = shifted(text, days)
    assert moved == f"{date + datetime.timedelta(days):%Y%m%d}"
    assert shifted(moved, -days) == text


@given(DATES, DATES, DAYS)
def test_the_days_between_two_dates_stay(one, other, days):
    moved = [
        datetime.datetime.strptime(shifted(f"{date:%Y%m%d}", days), "%Y%m%d")
        for date in (one, other)
    ]
    assert moved[1] - moved[0] == other - one


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20240301", "20240228"),
        ("2024.03.01", "20240228"),  # as before 1993
        ("20240301 ", "20240228"),
        ("20240301235959.999999", "20240228235959.999999"),
        ("202403010930", "202402280930"),
        ("20240301093000-0500", "20240228093000-0500"),
        ("20240301093000+0100", "20240228093000+0100"),
        ("20240301-20240302", "20240228-20240229"),
        ("-20240301", "-20240228"),
        ("20240301-", "20240228-"),
        ("20240301093000-0500-20240302093000-0500", "20240228093000-0500-20240229093000-0500"),
    ],
)
def test_two_days_earlier(text, moved):
    assert shifted(text, -2) == moved


@pytest.mark.parametrize(
    "text", ["", "2024", "202403", "20241301", "20240230", "yesterday", "-", "20240301-smith"]
)
def test_what_is_no_day_gives_nothing(text):
    assert shifted(text, -2) == ""


def test_before_the_first_year_there_is_nothing():
    assert shifted("00010101", -1) == ""


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("CT Thorax/Abdomen w/o contrast", "CT Thorax Abdomen w/o contrast"),
        ("MRT Dr. Müller: T2_tse_sag 3.5mm", "T2 tse sag 3.5mm"),
        ("Smith, John; chest AP", "chest AP"),
        ("20240301 4711 1.2.840.4711", ""),
        ("SMITH-HEAD", ""),
    ],
)
def test_descriptions(text, cleaned):
    assert cleaned_text(text) == cleaned


def test_a_patient_whose_name_is_a_word():
    assert cleaned_text("Long leg: Mary Long", frozenset({"long"})) == "leg"


@given(st.text())
def test_what_is_cleaned_stays_so_and_holds_no_number(text):
    once = cleaned_text(text)
    assert cleaned_text(once) == once
    assert once.isascii()
    assert not re.search(r"\d{4}", once)


@pytest.mark.parametrize("vr", sorted({str(vr) for vr in STR_VR} - {"UI"}))
def test_dummies_are_values_of_their_kind(vr):
    value = dummy(vr)
    assert len(value) % 2 == 0
    assert (
        DataElement(0x00100010, vr, value.decode().strip(), validation_mode=RAISE).value is not None
    )
