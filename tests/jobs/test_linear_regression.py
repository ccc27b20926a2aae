"""linear_regression: the same model from CSV files and from results, in any number of tasks."""

import json
import sys

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from tests.support import JOBS, run

FEATURES, TARGETS = load_diabetes(return_X_y=True)
NAMES = [f"x{n}" for n in range(FEATURES.shape[1])]


@pytest.fixture
def table(tmp_path):
    lines = [",".join(["name", *NAMES, "y"])]
    for number, (row, target) in enumerate(zip(FEATURES.tolist(), TARGETS.tolist(), strict=True)):
        lines.append(",".join([f"p{number}", *map(repr, row), repr(target)]))
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "table.csv"


def regression(*arguments: object, **kwargs):
    return run(sys.executable, JOBS / "linear_regression.py", *arguments, **kwargs)


def model(ran) -> dict:
    (line,) = (line for line in ran.lines if line.startswith(b'"model"\t'))
    return json.loads(line.partition(b"\t")[2])


class TestModel:
    def test_it_is_that_of_scikit_learn(self, table):
        ran = regression("--features", ",".join(NAMES), "--target", "y", table)
        assert (ran.status, ran.stderr) == (0, "")
        found, expected = model(ran), LinearRegression().fit(FEATURES, TARGETS)
        coefficients = [found["coefficients"][name]["value"] for name in NAMES]
        np.testing.assert_allclose(coefficients, expected.coef_, rtol=1e-9)
        assert found["intercept"]["value"] == pytest.approx(expected.intercept_, rel=1e-9)
        assert found["rows"] == 442

    def test_any_division_gives_the_same_bytes(self, table, tmp_path):
        options = ["--features", "x2,x3", "--target", "y"]
        expected = regression(*options, table).stdout
        for number in (1, 3, 7):
            tasks = ["-r", "local", "-D", f"mapreduce.job.maps={number}"]
            assert regression(*options, *tasks, table).stdout == expected
        head, *rows = table.read_text().splitlines(keepends=True)
        parts = tmp_path / "parts"
        parts.mkdir()
        (parts / "1.csv").write_text(head + "".join(rows[300:]))
        (parts / "2.csv").write_text(head + "".join(reversed(rows[:300])))
        assert regression(*options, parts).stdout == expected
        assert regression(*options, stdin=table.read_bytes()).stdout == expected

    @pytest.mark.parametrize("count", [3, 40])
    def test_few_results_in_many_spans(self, tmp_path, count):
        """So that a task is given a result at a time."""
        lines = [f'"{n}.png"\t{{"x": {n}, "y": {n * n}}}\n' for n in range(count)]
        (tmp_path / "results.txt").write_text("".join(lines))
        options = ["--features", "x", "--target", "y", tmp_path / "results.txt"]
        expected = regression(*options)
        found = model(expected)
        slope, intercept = np.polyfit(np.arange(count), np.arange(count) ** 2, 1)
        assert found["rows"] == count
        assert found["coefficients"]["x"]["value"] == pytest.approx(slope, rel=1e-9)
        assert found["intercept"]["value"] == pytest.approx(intercept, rel=1e-9)
        ran = regression(*options, "-r", "local", "-D", "mapreduce.job.maps=9")
        assert ran.stdout == expected.stdout

    def test_results_of_a_job_and_targets_from_a_csv(self, tmp_path):
        results = [(f"{n}.png", n / 7, 3 * (n / 7) + (n % 2)) for n in range(10)]
        (tmp_path / "results.txt").write_text(
            "".join(f'"{name}"\t{{"density": {x!r}, "images": 1}}\n' for name, x, _ in results)
            + '"bad.png"\t{"error": "Truncated", "message": "the file ends early"}\n'
        )
        (tmp_path / "ages.csv").write_text(
            "image,age\n" + "".join(f"{name},{y!r}\n" for name, _, y in results[:-1])
        )
        ran = regression(
            *("--features", "density", "--target", "age", "--join", tmp_path / "ages.csv"),
            tmp_path / "results.txt",
        )
        slope, intercept = np.polyfit(*np.transpose([row[1:] for row in results[:-1]]), 1)
        assert model(ran)["coefficients"]["density"]["value"] == pytest.approx(slope)
        assert model(ran)["intercept"]["value"] == pytest.approx(intercept)
        assert ran.status == 1  # since two rows are no part of it
        assert "2 of 11 rows failed: 1 BadRow, 1 Truncated" in ran.stderr
        assert b'"9.png"\t{"error": "BadRow", "message": "age: there is no value"}' in ran.lines

    def test_ridge(self, table):
        options = ["--features", "x2", "--target", "y"]
        plain = model(regression(*options, table))
        ridge = model(regression(*options, "--ridge", "1", table))
        x = FEATURES[:, 2] - FEATURES[:, 2].mean()
        ratio = (x @ x) / (x @ x + 1)
        values = [found["coefficients"]["x2"]["value"] for found in (plain, ridge)]
        assert values[1] == pytest.approx(ratio * values[0])
        assert ridge["coefficients"]["x2"]["standard_error"] is None


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("n,x,y\na,1,1\nb,1,2\nc,1,3\n", "the feature x is the same in all rows: leave it out"),
            ("n,x,y\na,1,1\n", "1 rows cannot determine 2 unknowns"),
        ],
    )
    def test_no_model(self, tmp_path, text, sentence):
        (tmp_path / "t.csv").write_text(text)
        ran = regression("--features", "x", "--target", "y", tmp_path / "t.csv")
        assert ran.status == 1
        assert model(ran)["error"] == "Singular"
        assert sentence in model(ran)["message"]
        assert ran.stderr == "there is no model: its error record says why\n"

    def test_a_column_that_is_not_there(self, table):
        ran = regression("--features", "height", "--target", "y", table)
        assert ran.status == 1
        assert ran.stderr == "442 of 442 rows failed: 442 BadRow\n"
        assert b"height: there is no value" in ran.stdout

    def test_nothing(self, tmp_path):
        (tmp_path / "t.csv").write_text("n,x,y\n")
        ran = regression("--features", "x", "--target", "y", tmp_path / "t.csv")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "no rows in the input\n")

    def test_stop_at_the_first(self, tmp_path):
        (tmp_path / "t.csv").write_text("n,x,y\na,1,1\nb,?,2\n")
        ran = regression(
            *("--on-error", "fail", "--features", "x", "--target", "y"), tmp_path / "t.csv"
        )
        assert ran.status == 1
        assert "b: BadRow: x: '?' is no number" in ran.stderr

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ([], "--features and --target: both are needed"),
            (
                ["--features", "x,x", "--target", "y"],
                "--features: x,x: a name is missing, or twice",
            ),
            (["--features", "x,y", "--target", "y"], "--target: y is one of --features"),
            (
                ["--features", "x", "--target", "y", "--ridge", "nan"],
                "--ridge: must be a number, 0 or more",
            ),
            (
                ["--features", "x", "--target", "y", "--join", "no.csv"],
                "no.csv: No such file or directory",
            ),
        ],
    )
    def test_options(self, table, options, sentence):
        ran = regression(*options, table)
        assert ran.status == 2
        assert ran.stderr.rstrip().endswith(sentence)
