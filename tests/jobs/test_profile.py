"""The profile of a collection: what is in it, against what is counted here."""

import functools
import random

import numpy as np
import pytest

from mapreduce_jobs.collection_profile import CollectionProfile
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.estimation.quantiles import RELATIVE_ERROR
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.imaging.measures.quality import MEASURES, quality
from tests.support import dicom, item, png, results, scan

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


@pytest.fixture(scope="module")
def decoded(good_images):
    return {name: decode(data) for name, data in good_images.items()}


class TestWhole:
    @pytest.fixture
    def whole(self, job, good_folder):
        ran = job("collection_profile", good_folder)
        assert ran.status == 0, ran.stderr
        return results(ran)["all"]

    def test_volume(self, whole, decoded, good_images):
        arrays = [image.pixels for image in decoded.values()]
        assert whole["images"] == len(arrays)
        assert whole["frames"] == sum(map(len, arrays))
        assert whole["pixels"] == sum(np.prod(pixels.shape[:3]) for pixels in arrays)
        assert whole["bytes"] == sum(map(len, good_images.values()))
        assert whole["decoded_bytes"] == sum(pixels.nbytes for pixels in arrays)

    def test_types(self, whole, decoded, good_images):
        types = whole["types"]
        formats = [sniff(data) for data in good_images.values()]
        assert types["format"] == {kind: formats.count(kind) for kind in sorted(set(formats))}
        assert types["modality"] == {"CT": 2, "MR": 1, "US": 2, "none": len(formats) - 5}
        colour = sum(image.is_colour for image in decoded.values())
        assert types["colour_model"] == {"grey": len(formats) - colour, "rgb": colour}
        for kind in set(types) - {"dimensions"}:
            assert list(types[kind]) == sorted(types[kind])
            assert sum(types[kind].values()) == whole["images"]
        dimensions = types["dimensions"]
        assert dimensions["distinct"] == len({i.pixels.shape[:3] for i in decoded.values()})
        assert next(iter(dimensions["most_frequent"])) == "48×64×1"

    def test_quality(self, whole, decoded):
        each = [quality(image).measures for image in decoded.values()]
        assert tuple(whole["quality"]) == MEASURES
        for name, found in whole["quality"].items():
            values = [one[name] for one in each if one[name] is not None]
            assert found["images"] == len(values)
            assert found["images"] + sum(found["undefined"].values()) == whole["images"]
            assert found["mean"] == pytest.approx(np.mean(values), rel=1e-12)
            assert found["standard_deviation"] == pytest.approx(np.std(values), rel=1e-9)
            assert (found["min"], found["max"]) == (min(values), max(values))
            for key, share in QUANTILES.items():
                expected = np.quantile(values, share, method="lower")
                assert found[key] == pytest.approx(expected, rel=RELATIVE_ERROR * (1 + 1e-9))


def test_the_same_bytes_whatever_runs_it(job, collection):
    several = ["-r", "local", "-D", "mapreduce.job.maps=3", "-D", "mapreduce.job.reduces=2"]
    one, other = (
        job("collection_profile", *options, "--group-by", "modality", collection)
        for options in ([], several)
    )
    assert one.lines == other.lines
    assert one.status == other.status == 1


def test_one_image(job, tmp_path):
    (tmp_path / "a.dcm").write_bytes(dicom("CT_small.dcm"))
    found = results(job("collection_profile", "--group-by", "image", "a.dcm"))["a.dcm"]
    assert found["types"] == {
        "format": "DICOM",
        "modality": "CT",
        "dtype": "int16",
        "bits": 16,
        "colour_model": "grey",
        "unit": "stored",
        "dimensions": "128×128×1",
    }
    assert found["quality"] == quality(decode(dicom("CT_small.dcm"))).measures
    assert (found["bytes"], found["decoded_bytes"]) == (39206, 128 * 128 * 2)


def test_values_with_a_unit(job, tmp_path):
    (tmp_path / "a.dcm").write_bytes(dicom("CT_small.dcm"))
    stored, modality = (
        results(job("collection_profile", "--values", values, "a.dcm"))["all"]
        for values in ("stored", "modality")
    )
    assert modality["types"]["unit"] == {"HU": 1}
    # The air of a CT is below 0 HU, where a ratio of energies tells nothing.
    assert stored["quality"]["fber"]["images"] == 1
    (reason,) = modality["quality"]["fber"]["undefined"]
    assert "below 0" in reason


class TestWhatIsBroken:
    @pytest.mark.parametrize("policy", ["record", "skip"])
    def test_is_counted_by_kind(self, job, collection, good_images, broken_images, policy):
        ran = job("collection_profile", "--on-error", policy, collection)
        found = results(ran)
        whole = found.pop("all")
        broken = len(broken_images) + 3  # a link to nowhere, a ring, a pipe
        assert whole["images"] == len(good_images)
        assert sum(whole["failed"].values()) == broken
        assert whole["failed"]["Truncated"] == 10
        assert list(whole["failed"]) == sorted(whole["failed"])
        assert len(found) == (broken if policy == "record" else 0)
        assert "Traceback" not in ran.stderr

    def test_in_the_group_that_it_belongs_to(self, job, collection):
        found = results(job("collection_profile", "--group-by", "folder", collection))
        assert found["broken"]["images"] == 0
        assert found["broken"]["failed"]["EmptyFile"] == 1
        assert found["ct"]["failed"] == {}

    def test_a_report_has_a_modality(self, job, tmp_path, tree):
        folder = tree(tmp_path / "scans", {"a": dicom("reportsi.dcm"), "b": dicom("CT_small.dcm")})
        found = results(job("collection_profile", "--group-by", "modality", folder))
        assert found["SR"]["failed"] == {"NoPixels": 1}
        assert found["CT"]["images"] == 1


JOB = CollectionProfile(["--group-by", "all"])


def totals_of(data):
    ((_, totals),) = JOB.outcome("a", item(data))
    return totals


@pytest.fixture(scope="module")
def totals():
    shapes = [(9, 7), (7, 9), (9, 7), (5, 5)]
    images = [png(scan(i, shape)) for i, shape in enumerate(shapes)]
    return list(map(totals_of, images))


class TestMerging:
    def test_any_order_gives_the_same(self, totals):
        expected = JOB.result(functools.reduce(JOB.merge, totals))
        for seed in range(5):
            shuffled = random.Random(seed).sample(totals, len(totals))
            halves = [functools.reduce(JOB.merge, shuffled[i::2]) for i in (0, 1)]
            assert JOB.result(JOB.merge(*halves)) == expected

    def test_what_travels_is_as_long_for_a_large_image_as_for_a_small_one(self):
        small, large = (
            len(JSONLineProtocol().write("all", totals_of(png(scan(1, shape)))))
            for shape in ((16, 16), (512, 512))
        )
        assert large < 1.2 * small < 6000

    def test_the_most_frequent_dimensions_are_listed_and_all_are_counted(self):
        totals = [totals_of(png(scan(0, (n, 9)))) for n in (*range(3, 30), 29)]
        found = JOB.result(functools.reduce(JOB.merge, totals))["types"]["dimensions"]
        assert found["distinct"] == 27
        assert len(found["most_frequent"]) == 20
        assert next(iter(found["most_frequent"].items())) == ("29×9×1", 2)


def test_the_whole_collection_is_the_default_and_help_says_so(job):
    shown = job("collection_profile", "--help").stdout.decode()
    assert "(default: all)" in " ".join(shown.split())
