"""aggregate: what numpy says of each group, in any number of tasks."""

import gzip
import json
import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from tests.support import JOBS, ROOT, results, rows_with_line_ends, run

DATA = load_breast_cancer()
KINDS = DATA.target_names[DATA.target]
RADIUS, AREA = DATA.data[:, 0], DATA.data[:, 3]


@pytest.fixture
def table(tmp_path):
    lines = ["name,kind,radius,area"]
    for number, kind in enumerate(KINDS):
        name = f"{'left' if number % 3 else 'right'}/{number}.dcm"
        lines.append(f"{name},{kind},{float(RADIUS[number])!r},{float(AREA[number])!r}")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "table.csv"


def aggregate(*arguments: object, **kwargs):
    return run(sys.executable, JOBS / "aggregate.py", *arguments, **kwargs)


class TestBesideNumpy:
    def test_of_all(self, table):
        ran = aggregate("--fields", "radius", table)
        assert (ran.status, ran.stderr) == (0, "")
        found = results(ran)["all"]
        assert found["rows"] == len(RADIUS)
        shown = found["fields"]["radius"]
        expected = {
            "sum": RADIUS.sum(),
            "mean": RADIUS.mean(),
            "variance": RADIUS.var(),
            "standard_deviation": RADIUS.std(),
            "minimum": RADIUS.min(),
            "maximum": RADIUS.max(),
        }
        for name, value in expected.items():
            assert shown[name] == pytest.approx(value, rel=1e-9), name
        for share, value in shown["quantiles"].items():
            exact = np.quantile(RADIUS, float(share), method="lower")
            assert value == pytest.approx(exact, rel=0.01)

    def test_by_a_column(self, table):
        found = results(aggregate("--fields", "area,radius", "--by", "kind", table))
        assert found.keys() == {"benign", "malignant"}
        for kind, result in found.items():
            chosen = AREA[kind == KINDS]
            assert result["rows"] == len(chosen)
            assert result["fields"]["area"]["mean"] == pytest.approx(chosen.mean(), rel=1e-9)

    def test_by_folder_and_by_pattern(self, table):
        by_folder = aggregate("--fields", "area", "--group-by", "folder", table)
        assert results(by_folder).keys() == {"left", "right"}
        by_pattern = aggregate("--fields", "area", "--match", "^(l|r)", table)
        assert results(by_pattern).keys() == {"l", "r"}
        assert results(by_pattern)["r"] == results(by_folder)["right"]

    def test_weighted_sums(self, table, tmp_path):
        """R = Σ P C, with the weights in another table."""
        weights = np.random.default_rng(1).random(len(KINDS)).tolist()
        names = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
        (tmp_path / "weights.csv").write_text(
            "name,p\n" + "".join(f"{n},{w!r}\n" for n, w in zip(names, weights, strict=True))
        )
        options = ["--join", tmp_path / "weights.csv", "--weight", "p"]
        shown = results(aggregate("--fields", "area", *options, table))["all"]["fields"]["area"]
        assert shown["weighted_sum"] == pytest.approx(np.dot(weights, AREA), rel=1e-9)
        assert shown["weighted_mean"] == pytest.approx(np.average(AREA, weights=weights), rel=1e-9)

    def test_histogram(self, table):
        shown = results(aggregate("--fields", "radius", "--histogram", "5", "25", "8", table))
        expected = np.histogram(RADIUS, 8, (5, 25))[0].tolist()
        assert shown["all"]["fields"]["radius"]["histogram"] == expected
        assert shown["all"]["fields"]["radius"]["bins"] == {"start": 5, "stop": 25, "count": 8}


def test_any_division_gives_the_same_bytes(table):
    options = ["--fields", "radius,area", "--by", "kind", "--weight", "area"]
    expected = aggregate(*options, table).lines
    for number in (1, 3, 7):
        tasks = ["-r", "local", "-D", f"mapreduce.job.maps={number}"]
        ran = aggregate(*options, *tasks, "-D", "mapreduce.job.reduces=2", table)
        assert ran.lines == expected
    assert aggregate(*options, stdin=table.read_bytes()).lines == expected


class TestLineEndsInCells:
    def test_any_division_gives_the_same_bytes(self, tmp_path):
        (tmp_path / "t.csv").write_bytes(rows_with_line_ends(3000))
        expected = sum(n % 97 for n in range(3000))
        said = set()
        for runner, number in (("inline", 1), ("inline", 2), ("inline", 3), ("local", 7)):
            tasks = ["-r", runner, "-D", f"mapreduce.job.maps={number}"]
            ran = aggregate("--fields", "x", *tasks, tmp_path / "t.csv")
            assert (ran.status, ran.stderr) == (0, "")
            assert results(ran)["all"]["rows"] == 3000
            assert results(ran)["all"]["fields"]["x"]["sum"] == expected
            said.add(ran.stdout)
        said.add(aggregate("--fields", "x", stdin=rows_with_line_ends(3000)).stdout)
        (tmp_path / "t.csv.gz").write_bytes(gzip.compress(rows_with_line_ends(3000)))
        said.add(aggregate("--fields", "x", tmp_path / "t.csv.gz").stdout)
        assert len(said) == 1

    def test_a_quote_that_is_not_closed_is_one_bad_row(self, tmp_path):
        lines = ["key,x", *(f"{n},{n}" for n in range(3000))]
        lines[6] = 'seventh,"5'
        (tmp_path / "t.csv").write_text("\r".join(lines))
        for number in (1, 2, 3, 7):
            tasks = ["-D", f"mapreduce.job.maps={number}"]
            ran = aggregate("--fields", "x", *tasks, tmp_path / "t.csv")
            assert (ran.status, ran.stderr) == (1, "1 of 3000 rows failed: 1 BadRow\n")
            assert results(ran)["seventh"]["message"] == "line 7: a quote is not closed"
            assert results(ran)["all"]["rows"] == 2999

    def test_rows_of_another_table_are_found_by_such_keys(self, tmp_path):
        (tmp_path / "t.csv").write_bytes(rows_with_line_ends(80))
        (tmp_path / "more.csv").write_bytes(rows_with_line_ends(80).replace(b"key,x", b"key,y"))
        ran = aggregate("--fields", "y", "--join", tmp_path / "more.csv", tmp_path / "t.csv")
        assert (ran.status, ran.stderr) == (0, "")
        assert results(ran)["all"]["rows"] == 80

    def test_a_table_that_results_wrote(self, tmp_path):
        lines = [{"images": 1, "density": n / 8} for n in range(64)]
        text = "".join(
            f"{json.dumps(f'ct/{n}' + chr(10) + '.dcm')}\t{json.dumps(line)}\n"
            for n, line in enumerate(lines)
        )
        (tmp_path / "edges.jsonl").write_text(text)
        saved = run(
            sys.executable,
            "-m",
            "mapreduce_jobs.results",
            tmp_path / "edges.jsonl",
            "--save",
            "csv",
            "-o",
            tmp_path / "edges.csv",
            cwd=ROOT,
        )
        assert saved.status == 0, saved.stderr
        expected = aggregate("--fields", "density", tmp_path / "edges.jsonl")
        for number in (1, 3):
            tasks = ["-D", f"mapreduce.job.maps={number}"]
            assert aggregate("--fields", "density", *tasks, tmp_path / "edges.csv") == expected


def test_results_of_a_job(good_folder):
    edges = run(sys.executable, JOBS / "edge_density.py", good_folder)
    ran = aggregate("--fields", "density", "--group-by", "folder", stdin=edges.stdout)
    assert ran.status == 0
    values = [json.loads(line.split(b"\t")[1])["density"] for line in edges.lines]
    found = results(ran)
    assert sum(result["rows"] for result in found.values()) == len(values)
    total = sum(result["fields"]["density"]["sum"] for result in found.values())
    assert total == pytest.approx(sum(values))


class TestBadInput:
    def test_each_row_is_accounted_for(self, tmp_path):
        (tmp_path / "t.csv").write_text("n,g,x\na,1,1\nb,,2\nc,1,old\nd,1,nan\ne,1\n")
        ran = aggregate("--fields", "x", "--by", "g", tmp_path / "t.csv")
        assert ran.status == 1
        assert ran.stderr == "3 of 5 rows failed: 3 BadRow\n"
        found = results(ran)
        assert found[None]["rows"] == found["1"]["rows"] == 1
        assert {found[key]["message"] for key in "cde"} == {
            "x: 'old' is no number",
            "x: nan is not finite",
            "it has 2 values, and the table 3 columns",
        }

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ([], "--fields: is needed"),
            (["--fields", "x,,y"], "--fields: x,,y: a name is missing, or twice"),
            (
                ["--fields", "x", "--by", "y", "--match", "(.)"],
                "--group-by, --by and --match: only one of them",
            ),
            (["--fields", "x", "--match", "a"], "--match: a: has no group, such as '(.*)/'"),
            (["--fields", "x", "--match", "("], "--match: (: missing ), unterminated subpattern"),
            (
                ["--fields", "x", "--histogram", "1", "0", "3"],
                "--histogram: START must be below STOP, BINS 1 to 1000000",
            ),
        ],
    )
    def test_options(self, table, options, sentence):
        ran = aggregate(*options, table)
        assert ran.status == 2
        assert sentence in ran.stderr

    def test_nothing(self, tmp_path):
        (tmp_path / "t.csv").write_text("n,x\n")
        ran = aggregate("--fields", "x", tmp_path / "t.csv")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "no rows in the input\n")
