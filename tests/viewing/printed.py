"""What every job prints of real images, for the tests of what reads results."""

import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.support import JOBS, ROOT, dicom, png, run, write_tree

_SCANS = {
    "ct/small.dcm": "CT_small.dcm",
    "mr/small.dcm": "MR_small.dcm",
    "us/rgb.dcm": "examples_rgb_color.dcm",
}
_SIDE, _ACROSS = 20, 3
# What a result is made with, in this order; a word in braces is the path of an earlier one.
_COMMANDS = {
    "histogram": "image_histogram scans",
    "histogram_rgb": "image_histogram --model rgb --group-by folder scans",
    "edges": "edge_density --provenance provenance.json scans",
    "canny": "edge_density --detector canny --to-8bit minmax --group-by all --keep-sums scans",
    "profile": "collection_profile scans",
    "profile_image": "collection_profile --group-by image scans",
    "headers": "dicom_headers scans",
    "headers_all": "dicom_headers --tags all scans",
    "classes": "segment_collection --k 2 scans/mr",
    "classes_rgb": "segment_collection --k 2 --model rgb scans/us",
    "model": "recognise --labels folder --to-8bit full --features moments --folds 2 labelled",
    "prediction": "recognise --model {model} labelled",
    "regression": "linear_regression --features density --target mean_gradient {edges}",
    "aggregate": "aggregate --fields density,pixels --group-by folder --histogram 0 1 4 {edges}",
    "decision": "clean scans labelled/ct",
    "rejected": "clean --min-sharpness 1e9 --output rejected scans",
    "transform": "image_transform --ops median --format tiff scans",
    "deidentify": "deidentify scans",
    "findings": "deidentify --check scans",
    "word": "word_count README.md",
}


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The results of all jobs, each a file, by a name; one image of the input is broken."""
    folder = tmp_path_factory.mktemp("printed")
    scans = {name: dicom(source) for name, source in _SCANS.items()}
    write_tree(folder / "scans", scans | {"ct/broken.dcm": b"no image"})
    tiles = {}
    for label, source in (("ct", "CT_small.dcm"), ("mr", "MR_small.dcm")):
        pixels = dcmread(get_testdata_file(source, download=False)).pixel_array.astype("uint16")
        for number in range(_ACROSS**2):
            row, column = (_SIDE * half for half in divmod(number, _ACROSS))
            tile = pixels[row : row + _SIDE, column : column + _SIDE]
            tiles[f"{label}/{number}.png"] = png(tile)
    write_tree(folder / "labelled", tiles)
    (folder / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    results: dict[str, Path] = {}
    for name, command in _COMMANDS.items():
        job, *arguments = command.format_map(results).split()
        key = {"DEIDENTIFY_KEY": "0123456789abcdef" * 2} if job == "deidentify" else {}
        ran = run(sys.executable, JOBS / f"{job}.py", *arguments, cwd=folder, env=key)
        assert ran.status in (0, 1), ran.stderr
        results[name] = folder / f"{name}.jsonl"
        results[name].write_bytes(ran.stdout)
    return results | {"provenance": folder / "provenance.json"}
