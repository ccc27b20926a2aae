"""What is said of a failure depends on its kind and never on the file."""

import pytest

from hdfs_tools.errors import CorruptRecord, NotFound, ReadFailed
from mapreduce_jobs.core.jobs.refusals import refusal, traceback_without_values
from mapreduce_jobs.imaging.errors import CorruptImage, ImagingError, MissingExtra


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (CorruptImage("Smith^John"), "CorruptImage", "the content is damaged"),
        (CorruptRecord("Smith"), "CorruptRecord", "a bundle record whose bytes cannot be decoded"),
        (PermissionError(13, "Smith", "/smith"), "PermissionError", "Permission denied"),
        (MemoryError("Smith"), "MemoryError", "there is not enough memory for it"),
        (NotFound("/smith/john.dcm"), "NotFound", "No such file or directory"),
        (ReadFailed("Truncated", "Smith"), "Truncated", "the file ends before the image does"),
    ],
)
def test_expected_errors(error, kind, message):
    said = refusal(error)
    assert isinstance(said, ImagingError)  # so that it counts as one that an image may have
    assert (said.kind, str(said)) == (kind, message)


def test_a_kind_that_is_none_is_not_repeated():
    said = refusal(ReadFailed("Smith", "John"))
    assert said.kind == "ReadFailed"
    assert "John" not in str(said)


def test_what_is_missing_here_is_said():
    said = refusal(MissingExtra("finding text", "rapidocr", "ocr"))
    assert "pip install 'mapreduce-imaging[ocr]'" in str(said)


def test_a_mistake_of_the_job():
    said = refusal(ZeroDivisionError("Smith"))
    assert not isinstance(said, ImagingError)
    assert said.kind == "ZeroDivisionError"
    assert "Smith" not in str(said)


def test_a_traceback_without_the_message():
    name = "Smith"
    try:
        raise ValueError(name)
    except ValueError:
        text = traceback_without_values()
    assert text.startswith("Traceback (most recent call last):\n")
    assert "raise ValueError(name)" in text
    assert text.endswith("ValueError")
    assert name not in text
