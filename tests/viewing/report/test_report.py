"""The page of a report as a whole: what is in it, in what order, and what it leaves out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.viewing import result_lines
from mapreduce_jobs.viewing.report.gather import gathered
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from tests.viewing.documents import Document, check_whole, pairs, table
from tests.viewing.lines import edges, histogram


class TestRealResults:
    """Of every job, what it really prints."""

    def test_every_kind_has_its_section(self, printed, tmp_path):
        page = Document(gathered([str(path) for path in printed.values()]).html("All"))
        check_whole(page)
        assert page.sections == [
            "overview",
            "failures",
            "collection",
            "histograms",
            "edges",
            "segmentation",
            "recognition",
            "regression",
            "aggregates",
            "cleaning",
            "headers",
            "words",
            "images",
            "findings",
            "provenance",
        ]
        links = [node.attributes["href"][1:] for node in page.root.one("nav").all("a")]
        assert links == page.sections[1:]

    def test_every_line_is_counted(self, printed):
        page = Document(gathered([str(path) for path in printed.values()]).html("All"))
        lines = [
            one
            for name, path in printed.items()
            if name != "provenance"
            for one in result_lines([str(path)])
        ]
        assert pairs(page.section("overview"), "tiles") == {
            "Results": str(len(printed) - 1),
            "Lines": f"{len(lines):,}",
            "Failed": str(len({one.key for one in lines if one.kind == "error"})),
        }

    def test_the_same_page_whatever_the_order(self, printed, tmp_path):
        pages = set()
        for seed in range(3):
            shuffle = random.Random(seed).shuffle
            places = []
            for name, path in printed.items():
                lines = path.read_bytes().splitlines(keepends=True)
                if name != "provenance":
                    shuffle(lines)
                folder = tmp_path / str(seed)
                folder.mkdir(exist_ok=True)
                (folder / path.name).write_bytes(b"".join(lines))
                places.append(str(folder / path.name))
            shuffle(places)
            pages.add(gathered(places).html("All"))
        assert len(pages) == 1

    def test_parts_of_a_folder_are_one_result(self, printed, tmp_path):
        lines = printed["histogram"].read_bytes().splitlines(keepends=True)
        whole, parts = tmp_path / "whole", tmp_path / "a" / "whole"
        whole.write_bytes(b"".join(lines))
        parts.mkdir(parents=True)
        for number, one in enumerate(lines):
            (parts / f"part-{number:05}").write_bytes(one)
        (parts / "_SUCCESS").touch()
        expected = gathered([str(whole)]).html("x")
        assert gathered([str(parts)]).html("x") == expected
        assert gathered([str(path) for path in parts.glob("part-*")]).html("x") == expected


class TestFailures:
    def test_what_fails_alike_is_told_once(self, report):
        empty = {"error": "EmptyFile", "message": "the file is empty"}
        short = {"error": "Truncated", "message": "it ends early"}
        page = report(
            one=[("a.png", empty), ("b.png", edges(0.5)), ("c.png", short)],
            two=[("a.png", empty), ("b.png", empty)],
        )
        section = page.section("failures")
        assert table(section, "Failures: 3")[1:] == [
            ["a.png", "EmptyFile", "the file is empty", "one, two"],
            ["b.png", "EmptyFile", "the file is empty", "two"],
            ["c.png", "Truncated", "it ends early", "one"],
        ]
        kinds = table(section, "Images, rows and groups by kind of failure")
        assert [row[:3] for row in kinds[1:]] == [
            ["EmptyFile", "2", "66.7 %"],
            ["Truncated", "1", "33.3 %"],
        ]
        assert pairs(page.section("overview"), "tiles")["Failed"] == "3"

    def test_without_any_there_is_no_such_section(self, report):
        assert "failures" not in report(one=[("a", edges(0.5))]).sections


class TestManyRows:
    @given(st.permutations([f"{n}" for n in range(40)]))
    def test_the_first_by_name_are_kept_whatever_the_order(self, names):
        rows = Rows("Images", "image", [Column("n")])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mapreduce_jobs.viewing.report.long_tables.MAX_ROWS", 10)
            for name in names:
                rows.add(name, [int(name)])
            assert [row.name for row in rows.kept()] == sorted(names)[:10]
            assert (rows.count, rows.all_are_kept()) == (40, False)

    def test_what_is_left_out_is_told(self, report):
        lines = [(f"{n:05}", edges(n / 20_000)) for n in range(10_050)]
        page = report(one=lines)
        (caption,) = [node.text for node in page.section("edges").all("caption")]
        assert caption == (
            "Edge densities: 10,050. The first 10,000 by name of 10,050 are listed here."
        )
        assert len(page.rows["names"]) == 10_000
        assert pairs(page.section("edges"), "facts")["Results"] == "10,050"
        assert len(page.section("edges").one("table").all("tr")) == 16

    def test_long_names_leave_room_for_fewer(self, report):
        lines = [(f"{n:04}{'x' * 3996}", edges(0.5)) for n in range(2000)]
        page = report(one=lines)
        assert len(page.html.encode()) < 5_000_000
        listed = len(page.rows["names"])
        assert 900 < listed < 1200
        assert f"The first {listed:,} by name of 2,000 are listed here." in page.root.text

    def test_integers_beyond_what_scripts_hold_are_whole(self, report):
        page = report(one=[("a", edges(0.5, 2**60 + 1)), ("b", edges(0.5, 3))])
        assert str(2**60 + 1) in page.rows["tables"][0]["cells"][0]
        assert table(page.section("edges"), "Edge densities")[1][1] == f"{2**60 + 1:,}"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (edges(0.5) | {"mean_gradient": float("nan")}, "not finite"),
        (edges(0.5) | {"density": 7.0}, "a density of 7"),
        (edges(0.5) | {"pixels": "many"}, "'many' is no number"),
        (histogram([1, 2]) | {"counts": {"grey": [1]}}, "as many counts"),
        (histogram([1, 2]) | {"counts": {"grey": [1.5, 2]}}, "no whole numbers"),
        (histogram([1, 2]) | {"bins": {"start": 0}}, "KeyError"),
    ],
)
def test_a_damaged_line_is_named(report, value, why):
    with pytest.raises(UsageError, match=r"one: the line of a\.png .* damaged") as raised:
        report(one=[("a.png", value)])
    assert why in str(raised.value)


def test_no_line_at_all(report):
    with pytest.raises(UsageError, match="no line of a result"):
        report(one="")
