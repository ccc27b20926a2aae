"""docs/collection.ipynb, run from its first cell to its last by a kernel of this interpreter."""

import json
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support import ROOT

NOTEBOOK = ROOT / "docs/collection.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The folder that the notebook has run in, and the notebook with its outputs."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(sys.executable)"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "CONFIG", "RUNTIME"):  # no kernel but that of this interpreter
            patch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path_factory.mktemp(name.lower())))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("PYTHONPATH", str(ROOT))
        NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        ).execute()
    return folder / "demo-output/collection", notebook


def output_of(notebook, words):
    """Return what the one cell that holds words shows, by its type."""
    (cell,) = (cell for cell in notebook.cells if words in cell.source)
    shown = {}
    for output in cell.outputs:
        shown |= output.get("data", {})
        if "name" in output:
            shown[output["name"]] = shown.get(output["name"], "") + output["text"]
    return shown


def test_it_runs_in_this_interpreter(executed):
    _, notebook = executed
    assert output_of(notebook, "print(sys.executable)")["stdout"].strip() == sys.executable


def test_results_are_told_with_what_failed(executed):
    _, notebook = executed
    assert "7 edges.jsonl" in output_of(notebook, "wc -l")["stdout"]
    shown = output_of(notebook, "read_results(*sorted")
    assert shown["text/plain"].endswith("failed: 3 Truncated")
    assert shown["text/html"].count("<img") == 3
    assert "mr/short.dcm" in output_of(notebook, 'results["error"]')["text/html"]


def test_tables_are_what_jobs_have_printed(executed):
    folder, notebook = executed
    lines = dict(line.split("\t") for line in (folder / "edges.jsonl").read_text().splitlines())
    values = {json.loads(key): json.loads(value) for key, value in lines.items()}
    densities = {key: value["density"] for key, value in values.items() if "density" in value}
    shown = output_of(notebook, "sort_values")["text/plain"].splitlines()[2:]
    assert [line.split()[0] for line in shown] == sorted(densities, key=densities.get)[::-1]
    for line in shown:
        key, _, density, _ = line.split()
        assert float(density) == pytest.approx(densities[key], abs=1e-6)
    ct = (densities["ct/small.dcm"] + densities["ct/jpeg2000.dcm"]) / 2
    assert f"{ct:.6f}" in output_of(notebook, "groupby")["text/plain"]


def test_pictures_and_pages_are_made(executed):
    folder, notebook = executed
    assert "image/png" in output_of(notebook, 'Image(DIRECTORY / "figure.png")')
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "mr/short.dcm" in page
    assert (folder / "edges.csv").read_text().startswith("key,images,pixels,")
    assert "mean" in output_of(notebook, "describe()")["text/plain"]


def test_it_is_kept_without_outputs_and_without_paths_of_a_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not any(path in text for path in ("/home/", "/Users/", "/tmp/", str(ROOT)))
