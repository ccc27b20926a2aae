"""image_transform --stack: the slices of each DICOM series become one image."""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from hdfs_tools.bundles.record import Record, parse_line
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from tests.imaging.dicom.test_volume import AXIAL, OBLIQUE, as_text, dicom_slice
from tests.imaging.dicoms import enhanced, file_of
from tests.support import JOBS, png, run, scan, write_tree

SERIES = Path(pydicom.__file__).parent / "data/test_files/dicomdirtests"
VOLUME = np.random.default_rng(3).integers(-1000, 2000, (7, 12, 10), np.int16)
SHUFFLED = [4, 0, 6, 2, 1, 5, 3]
NORMAL = np.cross(OBLIQUE[:3], OBLIQUE[3:])


def series(pixels, uid, orientation=AXIAL, normal=(0, 0, 1), step=2.5, **more):
    """Return the slices of a series, whose names tell nothing of their order."""
    return {
        f"{uid}/{(index * 37 + 11) % 101}.dcm": dicom_slice(
            frame,
            uid,
            ImageOrientationPatient=as_text(orientation),
            ImagePositionPatient=as_text(index * step * np.array(normal) + [-50, 30, 7]),
            **more,
        )
        for index, frame in enumerate(pixels)
    }


FILES = {
    **series(VOLUME, "1.1"),
    **series(VOLUME[:4], "1.2", OBLIQUE, NORMAL, RescaleSlope=1, RescaleIntercept=-1000),
    "1.1/scout.dcm": dicom_slice(
        scan(1, (20, 20)),
        "1.1",
        ImageOrientationPatient=as_text(AXIAL),
        ImagePositionPatient=["0", "0", "0"],
    ),
    "no-series.dcm": dicom_slice(scan(2), None),
    "enhanced.dcm": file_of(
        enhanced(
            VOLUME[SHUFFLED],
            [(0, 0, 3 * index) for index in SHUFFLED],
            SeriesInstanceUID="1.4",
            PixelPaddingValue=int(VOLUME[2, 3, 4]),
        )
    ),
    "path.dcm": dicom_slice(scan(2), "1.2.9.9.9").replace(b"1.2.9.9.9", b"../../etc"),
    "stack.dcm": dicom_slice(VOLUME[:3], "1.3"),
    "photo.png": png(scan(3)),
    "text.txt": b"Patient was seen",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("stack") / "scans", FILES)


@pytest.fixture(scope="module")
def stacked(folder):
    return run(sys.executable, JOBS / "image_transform.py", "--stack", folder)


def records(ran):
    """Return the images by name."""
    items = [parse_line(line) for line in ran.stdout.splitlines()]
    return {item.name: item.read() for item in items if isinstance(item, Record)}


def failures(ran):
    """Return the error records by name."""
    lines = [line.decode().split("\t") for line in ran.lines if line.startswith(b'"')]
    return {json.loads(name): json.loads(error) for name, error in lines}


def test_the_slices_of_a_series_are_the_frames_of_one_image(stacked):
    made = records(stacked)
    assert set(made) == {"1.1-1.tiff", "1.1-2.tiff", "1.2.tiff", "1.3.tiff", "1.4.tiff"}
    expected = {"1.1-1": VOLUME, "1.2": VOLUME[:4], "1.3": VOLUME[:3], "1.4": VOLUME}
    for name, voxels in expected.items():
        image = decode(made[f"{name}.tiff"])
        np.testing.assert_array_equal(image.pixels, voxels)
        assert image.pixels.dtype == np.int16
        assert image.spacing == pytest.approx((0.5, 0.7))


def test_notes_tell_what_the_frames_are(stacked):
    found = notes(records(stacked)["1.2.tiff"])
    assert found["slices"] == list(FILES)[7:11]
    assert found["slice_spacing"] == pytest.approx(2.5, abs=1e-6)
    np.testing.assert_allclose(found["orientation"], OBLIQUE, atol=1e-9)
    start = np.dot([-50, 30, 7], NORMAL)
    np.testing.assert_allclose(found["positions"], start + 2.5 * np.arange(4), atol=1e-5)


def test_slices_of_another_size_are_a_volume_of_their_own(stacked):
    data = records(stacked)["1.1-2.tiff"]
    np.testing.assert_array_equal(decode(data).pixels[0], scan(1, (20, 20)))
    assert notes(data)["slices"] == ["1.1/scout.dcm"]
    assert notes(data)["part"] == {"number": 2, "of": 2}


def test_what_cannot_be_part_of_a_volume_is_an_error_under_its_own_name(stacked):
    failed = failures(stacked)
    assert {name: error["error"] for name, error in failed.items()} == {
        "no-series.dcm": "UnsuitableImage",
        "path.dcm": "UnsuitableImage",
        "photo.png": "NotDicom",
        "text.txt": "UnknownFormat",
    }
    assert "belongs to no series" in failed["no-series.dcm"]["message"]
    assert stacked.status == 1
    assert f"4 of {len(FILES)} images failed" in stacked.stderr
    assert "Traceback" not in stacked.stderr
    names = {
        name.partition(" frame ")[0]
        for data in records(stacked).values()
        for name in notes(data)["slices"]
    }
    taken = len(names)
    assert taken + len(failed) == len(FILES)


def test_the_frames_of_an_enhanced_file_are_slices(stacked):
    """Which lie in another order than in the file; padding goes with them."""
    data = records(stacked)["1.4.tiff"]
    found = notes(data)
    assert found["slices"] == [f"enhanced.dcm frame {SHUFFLED.index(i) + 1}" for i in range(7)]
    assert found["positions"] == [0, 3, 6, 9, 12, 15, 18]
    np.testing.assert_array_equal(decode(data).padding, np.equal(VOLUME, VOLUME[2, 3, 4]))


def test_the_frames_that_belong_to_no_volume_are_one_error(job, tmp_path):
    positions = [(0, 0, index) for index in SHUFFLED]
    positions[2] = positions[5] = None
    (tmp_path / "a.dcm").write_bytes(file_of(enhanced(VOLUME, positions)))
    ran = job("image_transform", "--stack", tmp_path)
    (error,) = failures(ran).values()
    assert error["message"].startswith("frames 3, 6: it has no position in space")
    assert "1 of 1 images failed" in ran.stderr
    kept = [SHUFFLED.index(index) for index in (0, 1, 2, 3, 4)]
    np.testing.assert_array_equal(decode(records(ran)["1.2.3.tiff"]).pixels, VOLUME[kept])


def test_the_same_bytes_whatever_the_tasks(job, folder, stacked):
    tasks = ["-r", "local", "-D", "mapreduce.job.maps=5", "-D", "mapreduce.job.reduces=3"]
    ran = job("image_transform", *tasks, "--stack", folder)
    assert ran.lines == stacked.lines


def test_the_same_bytes_in_any_order_of_the_files(job, folder, stacked):
    names = sorted(FILES, key=lambda name: name[::-1])
    lines = "".join(f"{folder}/./{name}\n" for name in names).encode()
    assert job("image_transform", "--stack", "-", stdin=lines).lines == stacked.lines


def test_values_and_operations_come_before(job, folder):
    ran = job(
        "image_transform",
        "--stack",
        "--values",
        "modality",
        "--ops",
        "flip axis=horizontal",
        folder,
    )
    image = decode(records(ran)["1.2.tiff"])
    np.testing.assert_array_equal(image.pixels, VOLUME[:4, :, ::-1].astype(int) - 1000)
    assert image.unit == "HU"
    assert "frames" not in notes(records(ran)["1.2.tiff"])  # whose slices have no notes


def test_what_else_knows_volumes_reads_them(job, stacked, tmp_path):
    (tmp_path / "volumes.bundle").write_bytes(stacked.stdout)
    ran = job("image_histogram", tmp_path / "volumes.bundle")
    (line,) = (line for line in ran.lines if line.startswith(b'"1.1-1.tiff"'))
    assert json.loads(line.split(b"\t")[1])["pixels"] == VOLUME.size


def test_gaps_and_repeated_positions_are_noted(job, tmp_path):
    files = list(series(VOLUME, "1.1").items())
    written = dict([*files[:2], *files[3:], ("copy.dcm", files[5][1])])
    ran = job("image_transform", "--stack", write_tree(tmp_path / "scans", written))
    found = notes(records(ran)["1.1.tiff"])
    assert (found["slice_spacing"], found["gaps"]) == (2.5, [[1, 5.0]])
    assert found["slices"][4:6] == [files[5][0], "copy.dcm"]
    assert found["repeated"] == [5]


def test_a_volume_of_more_pixels_than_may_be(job, folder):
    ran = job("image_transform", "--stack", "--max-pixels", VOLUME[:4].size, folder)
    assert set(records(ran)) == {"1.2.tiff", "1.3.tiff"}
    failed = failures(ran)
    assert {failed[name]["error"] for name in FILES if name.startswith("1.1/")} == {"TooManyPixels"}


def test_a_real_series_is_what_pydicom_sorts_by_slice_location(job):
    """Five slices of a CT; a CT with a gap of 162 slices, as the test data leave them out."""
    ran = job("image_transform", "--stack", SERIES / "98892001/CT5N", SERIES / "77654033/CT2")
    assert (ran.status, len(ran.lines)) == (0, 2), ran.stderr
    for folder in ("98892001/CT5N", "77654033/CT2"):
        datasets = [pydicom.dcmread(path) for path in (SERIES / folder).iterdir()]
        datasets.sort(key=lambda dataset: dataset.SliceLocation)
        data = records(ran)[f"{datasets[0].SeriesInstanceUID}.tiff"]
        expected = np.stack([dataset.pixel_array for dataset in datasets])
        np.testing.assert_array_equal(decode(data).pixels, expected)
        locations = [float(dataset.SliceLocation) for dataset in datasets]
        assert notes(data)["positions"] == locations
    assert notes(data)["gaps"] == [[0, 202.5]]


def test_planes_of_a_localizer_are_volumes_of_their_own(job):
    """Seven slices in three directions, which the names of the files do not tell."""
    folder = SERIES / "98892003/MR700"
    ran = job("image_transform", "--stack", folder)
    assert (ran.status, failures(ran)) == (0, {})
    datasets = {path.name: pydicom.dcmread(path) for path in folder.iterdir()}
    made = [notes(data) for data in records(ran).values()]
    for found in made:
        for name in found["slices"]:
            orientation = [float(cosine) for cosine in datasets[name].ImageOrientationPatient]
            np.testing.assert_allclose(orientation, found["orientation"], atol=1e-3)
    assert sorted(name for found in made for name in found["slices"]) == sorted(datasets)
    assert [found["part"]["number"] for found in made] == list(range(1, len(made) + 1))
    uid = next(iter(datasets.values())).SeriesInstanceUID
    assert set(records(ran)) == {f"{uid}-{number + 1}.tiff" for number in range(len(made))}


def test_echoes_are_volumes_of_their_own(job, tmp_path):
    first, second = (
        series(VOLUME[:3] + offset, "1.1", EchoNumbers=number)
        for number, offset in ((1, 0), (2, 5))
    )
    files = {
        f"{number}/{name}": data
        for number, one in enumerate((first, second))
        for name, data in one.items()
    }
    ran = job("image_transform", "--stack", write_tree(tmp_path / "scans", files))
    made = records(ran)
    for number, offset in ((1, 0), (2, 5)):
        data = made[f"1.1-{number}.tiff"]
        np.testing.assert_array_equal(decode(data).pixels, VOLUME[:3] + offset)
        assert notes(data)["part"] == {"number": number, "of": 2, "EchoNumbers": str(number)}


def test_a_volume_that_cannot_be_made_leaves_the_others_their_names(job, tmp_path):
    first = series(VOLUME[:2], "1.1", EchoNumbers=1, RescaleSlope=1, RescaleIntercept=0)
    second = series(VOLUME[:2], "1.1", EchoNumbers=2, RescaleSlope=1, RescaleIntercept=0)
    name = next(iter(first))
    other = series(VOLUME[:2], "1.1", EchoNumbers=1, RescaleSlope=2, RescaleIntercept=0)
    files = {f"1/{name}": data for name, data in {**first, name: other[name]}.items()}
    files |= {f"2/{name}": data for name, data in second.items()}
    ran = job("image_transform", "--stack", write_tree(tmp_path / "scans", files))
    assert set(records(ran)) == {"1.1-2.tiff"}
    assert set(failures(ran)) == {name for name in files if name.startswith("1/")}


def test_one_slice_of_wide_values_makes_the_volume_wide(job, tmp_path):
    """A pixel of metal, 40000 - 1024 HU, and slices whose values fit 16 bits."""
    pixels = np.full((6, 8, 8), 1024, np.uint16) + np.arange(6, dtype=np.uint16)[:, None, None]
    pixels[3, 4, 4] = 40000
    files = series(pixels, "1.1", RescaleSlope=1, RescaleIntercept=-1024)
    folder = write_tree(tmp_path / "scans", files)
    image = decode(
        records(job("image_transform", "--stack", "--values", "modality", folder))["1.1.tiff"]
    )
    np.testing.assert_array_equal(image.pixels, pixels.astype(int) - 1024)
    assert (image.pixels.dtype, image.unit) == (np.int32, "HU")


def test_slices_of_different_slopes_are_stacked_as_what_they_mean(job, tmp_path):
    """As of PET, each slice of which has its own; stored values would be mixed."""
    pixels = np.arange(4 * 6 * 5, dtype=np.uint16).reshape(4, 6, 5)
    slopes = [1, 0.4, 2.5, 1]
    more = {"Modality": "PT", "Units": "BQML", "RescaleIntercept": 0}
    files = {}
    for index, slope in enumerate(slopes):
        one = series(pixels, "1.1", RescaleSlope=slope, **more)
        name = list(one)[index]
        files[name] = one[name]
    folder = write_tree(tmp_path / "scans", files)
    ran = job("image_transform", "--stack", "--values", "modality", folder)
    image = decode(records(ran)["1.1.tiff"])
    np.testing.assert_allclose(image.pixels, pixels * np.reshape(slopes, (4, 1, 1)))
    assert (image.pixels.dtype, image.unit) == (np.float64, "BQML")
    ran = job("image_transform", "--stack", folder)
    assert (ran.status, records(ran)) == (1, {})
    reasons = {error["message"] for error in failures(ran).values()}
    (reason,) = reasons
    assert reason.startswith("the slices of its series have different slopes or intercepts")
    assert len(failures(ran)) == 4


def test_a_slice_without_position_is_told_so(job, tmp_path):
    files = series(VOLUME[:3], "1.1")
    files["lost.dcm"] = dicom_slice(VOLUME[3], "1.1", InstanceNumber=4)
    ran = job("image_transform", "--stack", write_tree(tmp_path / "scans", files))
    assert "it has no position in space" in failures(ran)["lost.dcm"]["message"]
    np.testing.assert_array_equal(decode(records(ran)["1.1.tiff"]).pixels, VOLUME[:3])
