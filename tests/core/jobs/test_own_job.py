"""What a job of one's own may call its fields, return and print, and how its results are read."""

import json
import sys
from collections import Counter

import pytest

from tests.support import ROOT, png, results, run, scan, write_tree
from tests.viewing.documents import Document, table

SCRIPT = ROOT / "tests/own_job.py"
FAILURE = {"error": "EmptyFile", "message": "the file is empty"}
PRINTED = ("from Python", "from a library", "from a process")
TASKS = ["-D", "mapreduce.job.maps=2"]


@pytest.fixture
def folder(tmp_path):
    """The job, three images and an empty file."""
    files = {f"scans/{i}.png": png(scan(i)) for i in range(3)}
    return write_tree(
        tmp_path, {**files, "scans/empty.png": b"", "own_job.py": SCRIPT.read_bytes()}
    )


def measured(*seeds):
    """Return what the job is to find in images, worked out from them."""
    first = [scan(seed)[:, 0].astype(int) for seed in seeds]
    return {
        "of_row": {name: float(sum(one[row] for one in first)) for row, name in enumerate("ab")},
        "images": len(seeds),
        "error": int(sum(one.sum() for one in first)),
    }


def of(folder, *options, inputs="scans"):
    return run(sys.executable, "own_job.py", *options, inputs, cwd=folder)


class TestFieldsAndPrints:
    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_of_each_image(self, folder, runner):
        ran = of(folder, "-r", runner, *TASKS)
        assert ran.status == 1
        expected = {f"{seed}.png": measured(seed) for seed in range(3)}
        assert results(ran) == {**expected, "empty.png": FAILURE}
        assert Counter(ran.stderr.splitlines()) == {
            **dict.fromkeys(PRINTED, 3),
            "1 of 4 images failed: 1 EmptyFile": 1,
        }

    def test_of_all_images(self, folder):
        ran = of(folder, *TASKS, "--group-by", "all")
        assert results(ran) == {"all": measured(0, 1, 2), "empty.png": FAILURE}
        assert Counter(ran.stderr.splitlines()) == {
            **dict.fromkeys(PRINTED, 3),
            "from a merge": 2,
            "1 of 4 images failed: 1 EmptyFile": 1,
        }

    def test_of_images_that_are_merged_into_a_result(self, folder):
        first = of(folder, "--group-by", "all", "--keep-sums")
        (folder / "first.jsonl").write_bytes(first.stdout)
        write_tree(folder, {"more/7.png": png(scan(7))})
        merge = ["--group-by", "all", "--merge-into", "first.jsonl"]
        found = results(of(folder, *merge, inputs="more"))
        del found["all"]["sums"]
        assert found == {"all": measured(0, 1, 2, 7), "empty.png": FAILURE}


def test_a_result_that_is_not_finite_ends_the_job_with_its_group_and_field(folder):
    text = SCRIPT.read_text().replace("np.add(one[name], other[name])", "float('inf')")
    (folder / "broken.py").write_text(text)
    for runner in ("inline", "local"):
        ran = run(
            sys.executable, "broken.py", "-r", runner, *TASKS, "--group-by", "all", "scans",
            cwd=folder,
        )  # fmt: skip
        assert (ran.status, ran.stdout) == (1, b"")
        assert "all: images: inf is not finite\n" in ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ('kind = "edges"', "kind edges: this project's own lines are of it: name another"),
        ('kind = "Own"', "kind Own: must be a name in lower case, such as sharpness"),
        ("kind = ''", "kind : must be a name in lower case, such as sharpness"),
        ('kind, columns = "own", {}', "kind own: needs columns, the type of each field by its"),
        ('columns = {"a": "float"}', "columns, a: float: must be int64, uint64, float64, bool,"),
    ],
)
def test_a_declaration_that_is_wrong_is_a_sentence(folder, declared, message):
    text = SCRIPT.read_text().replace("    def measure", f"    {declared}\n\n    def measure")
    (folder / "wrong.py").write_text(text)
    ran = run(sys.executable, "wrong.py", "scans", cwd=folder)
    assert (ran.status, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(f"wrong: {message}")


def test_a_field_that_is_not_declared_is_named(folder):
    text = SCRIPT.read_text().replace('"images": "int64", ', "")
    (folder / "undeclared.py").write_text(text)
    ran = run(sys.executable, "undeclared.py", "scans", cwd=folder)
    assert results(ran)["1.png"] == {
        "error": "UnwritableResult",
        "message": "images: is not among the columns of the job",
    }


class TestReaders:
    @pytest.fixture
    def result(self, folder):
        """Run the job, with its provenance."""
        (folder / "own.jsonl").write_bytes(of(folder, "--provenance", "run.json").stdout)
        return folder

    def command(self, folder, name, *arguments):
        return run(sys.executable, "-m", f"mapreduce_jobs.{name}", *arguments, cwd=folder)

    @pytest.mark.parametrize("order", [["own.jsonl", "run.json"], ["run.json", "own.jsonl"]])
    def test_a_table_has_the_columns_that_are_declared(self, result, order):
        ran = self.command(result, "results", *order, "--save", "csv", "-o", "own.csv")
        assert (ran.status, ran.stderr.splitlines()[0]) == (0, "own.csv: registration (3)")
        heading, first, *_ = (result / "own.csv").read_text().splitlines()
        assert heading == "key,error,unit,images,of_row.a,of_row.b"
        expected = measured(0)
        a, b = expected["of_row"].values()
        assert first == f"0.png,{float(expected['error'])},,1,{a},{b}"
        assert (result / "own.errors.csv").read_text() == (
            "key,error,message\nempty.png,EmptyFile,the file is empty\n"
        )

    def test_a_result_that_stands_alone_is_read(self, result):
        ran = self.command(result, "results", "own.jsonl", "--save", "csv", "-o", "own.csv")
        assert "own.csv: other (3)" in ran.stderr
        assert len((result / "own.csv").read_text().splitlines()) == 4
        assert len((result / "own.errors.csv").read_text().splitlines()) == 2

    def test_a_report_has_a_table_of_the_kind(self, result):
        assert self.command(result, "report", "own.jsonl", "run.json", "-o", "o.html").status == 0
        section = Document((result / "o.html").read_text()).section("other")
        shown = table(section, "registration: 3")
        assert shown[0] == ["key", "error", "images", "of_row.a", "of_row.b"]
        assert [row[0] for row in shown[1:]] == ["0.png", "1.png", "2.png"]

    def test_the_next_job_reads_the_field_and_passes_the_failure_on(self, result):
        aggregate = ["aggregate", "--fields", "error", "own.jsonl"]
        found = results(self.command(result, *aggregate))
        assert found["empty.png"] == FAILURE
        assert found["all"]["fields"]["error"]["sum"] == measured(0, 1, 2)["error"]

    def test_a_declaration_that_is_damaged_is_a_sentence(self, result):
        noted = json.loads((result / "run.json").read_text())
        noted["provenance"]["columns"] = {"error": 3}
        (result / "run.json").write_text(json.dumps(noted))
        ran = self.command(result, "results", "run.json", "own.jsonl", "--save", "npz", "-o", "o")
        assert ran.status == 2
        assert ran.stderr.startswith("results: run.json: columns, error: 3: must be int64,")
