"""Lines of results: each is known by what it holds, whichever job has printed it."""

import base64
import io
import json
import sys
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools import connecting
from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.viewing import Line, result_lines
from tests.support import JOBS, ODD_NAMES, run

# Of 4 files in scans, one is broken.
KINDS = {
    "histogram": {"histogram": 3, "error": 1},
    "histogram_rgb": {"histogram": 3, "error": 1},
    "edges": {"edges": 3, "error": 1},
    "canny": {"edges": 1, "error": 1},
    "profile": {"profile": 1, "error": 1},
    "profile_image": {"profile_image": 3, "error": 1},
    "headers": {"headers": 3, "error": 1},
    "headers_all": {"headers": 3, "error": 1},
    "classes": {"classes": 1},
    "classes_rgb": {"classes": 1},
    "model": {"model": 1, "evaluation": 1},
    "prediction": {"prediction": 18},
    "regression": {"regression": 1, "error": 1},
    "aggregate": {"aggregate": 3, "error": 1},
    "decision": {"decision": 12, "error": 1},
    "rejected": {"image": 3, "audit": 3, "error": 1},
    "transform": {"image": 3, "error": 1},
    "deidentify": {"image": 3, "audit": 3, "error": 1},
    "findings": {"findings": 3, "error": 1},
    "provenance": {"provenance": 1},
}


def lines_of(folder, data):
    """Read lines from a file."""
    path = folder / "result.jsonl"
    path.write_bytes(data)
    return list(result_lines([str(path)]))


class TestWhatJobsPrint:
    @pytest.mark.parametrize("name", KINDS)
    def test_is_known(self, printed, name):
        assert Counter(line.kind for line in result_lines([str(printed[name])])) == KINDS[name]

    def test_words_are_known(self, printed):
        lines = list(result_lines([str(printed["word"])]))
        assert {line.kind for line in lines} == {"word"}
        text = (printed["word"].parent / "README.md").read_text(encoding="utf-8")
        counted = Counter(text.split())
        assert {line.key: line.value["count"] for line in lines} == counted

    def test_values_are_what_is_written(self, printed):
        for name in ("histogram", "edges", "profile", "headers", "regression", "decision"):
            written = [line.split("\t") for line in printed[name].read_text().splitlines()]
            read = result_lines([str(printed[name])])
            assert [(line.key, line.value) for line in read] == [
                (json.loads(key), json.loads(value)) for key, value in written
            ]

    def test_images_are_told_with_the_size_of_their_files(self, printed):
        sizes = {}
        for line in printed["transform"].read_bytes().splitlines():
            name, _, encoded = line.partition(b"\t")
            if not name.startswith(b'"'):
                sizes[name.decode()] = len(base64.b64decode(encoded))
        images = [
            line for line in result_lines([str(printed["transform"])]) if line.kind == "image"
        ]
        assert {line.key: line.value["bytes"] for line in images} == sizes

    def test_sums_are_left_out(self, printed):
        assert b'"sums"' in printed["canny"].read_bytes()
        (edges,) = (line for line in result_lines([str(printed["canny"])]) if line.kind == "edges")
        assert list(edges.value)[:3] == ["images", "pixels", "edge_pixels"]
        assert "sums" not in edges.value


class TestWhereTheyAre:
    @pytest.fixture
    def folder(self, tmp_path):
        """What a job writes with -o."""
        images = tmp_path / "images"
        images.mkdir()
        for number in range(3):
            (images / f"{number}.png").write_bytes(b"no image")
        out = tmp_path / "out"
        command = [sys.executable, JOBS / "edge_density.py", "-r", "local", "-o", out, images]
        assert run(*command).status == 1
        return out

    def test_in_a_folder_that_a_job_has_written(self, folder):
        (folder / "_SUCCESS").touch()
        (folder / ".part-00000.crc").write_bytes(b"crc\0")
        lines = list(result_lines([str(folder)]))
        assert sorted(line.key for line in lines) == ["0.png", "1.png", "2.png"]

    def test_in_an_embedded_store(self, folder, tmp_path, monkeypatch):
        store = tmp_path / "store"
        (store / "data").mkdir(parents=True)
        folder.rename(store / "data/out")
        monkeypatch.setenv("HDFS_URL", store.as_uri())
        monkeypatch.setattr(connecting, "_known", {})  # a process keeps to one
        for path in ("hdfs:///data/out", "hdfs:///data/out/part-*"):
            assert len(list(result_lines([path]))) == 3

    def test_in_a_glob_and_in_several_files_in_their_order(self, tmp_path):
        for name in ("b", "a"):
            (tmp_path / f"{name}.jsonl").write_text(f'"{name}"\t1\n')
        keys = [line.key for line in result_lines([str(tmp_path / "*.jsonl")])]
        assert keys == ["a", "b"]
        paths = [str(tmp_path / f"{name}.jsonl") for name in "ba"]
        assert [line.key for line in result_lines(paths)] == ["b", "a"]

    def test_on_standard_input(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'"a"\t1\n')))
        assert list(result_lines(["-"])) == [Line("a", "word", {"count": 1})]

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("missing.jsonl", "missing.jsonl: no such file or directory"),
            ("images", "images: a directory without part files"),
            ("*.none", r"\*.none: no file matches this pattern"),
            ("s3://bucket/x", "only files of this machine and of HDFS can be read"),
        ],
    )
    def test_not_there(self, folder, tmp_path, monkeypatch, path, words):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError, match=words):
            list(result_lines([path]))


class TestLines:
    def test_of_another_job(self, tmp_path):
        data = b'"a"\t{"mean": 3}\n["a", 1]\t[2, 3]\nnull\t"x"\n"b"\t-1\n7\t1234\n'
        assert lines_of(tmp_path, data) == [
            Line("a", "other", {"mean": 3}),
            Line('["a", 1]', "other", {"value": [2, 3]}),
            Line(None, "other", {"value": "x"}),
            Line("b", "other", {"value": -1}),
            Line("7", "other", {"value": 1234}),
        ]

    def test_fields_with_the_same_names_and_other_values_are_of_another_job(self, tmp_path):
        data = b'"a"\t{"pixels": 1, "bins": 5, "counts": [1]}\n"b"\t{"rows": "x", "fields": {}}\n'
        assert [line.kind for line in lines_of(tmp_path, data)] == ["other", "other"]

    def test_without_a_group(self, tmp_path):
        (line,) = lines_of(tmp_path, b'null\t{"rows": 1, "fields": {}}\n')
        assert (line.key, line.kind) == (None, "aggregate")

    def test_references(self, tmp_path):
        lines = lines_of(tmp_path, b"/data/./ct/1.dcm\nhdfs://namenode/data/./a%25.png\n")
        assert [(line.key, line.kind) for line in lines] == [
            ("ct/1.dcm", "image"),
            ("a%.png", "image"),
        ]

    @pytest.mark.parametrize("name", [*ODD_NAMES, '"quoted".png', '{"a": 1}', "null", "[1]", "12"])
    def test_images_of_any_name(self, tmp_path, name):
        (line,) = lines_of(tmp_path, bundle_line(name, b"\x89PNG\r\n\x1a\n"))
        assert line == Line(name, "image", {"bytes": 8})

    @given(st.binary(max_size=40))
    def test_the_size_of_an_image_is_that_of_its_bytes(self, tmp_path_factory, data):
        path = tmp_path_factory.getbasetemp() / "image.bundle"
        path.write_bytes(bundle_line("a.png", data))
        (line,) = result_lines([str(path)])
        assert line == Line("a.png", "image", {"bytes": len(data)})

    def test_provenance_among_results(self, tmp_path):
        document = json.dumps({"provenance": {"job": "edge_density"}}, indent=2)
        data = f'\ufeff{document}\n\n"a"\t2\n{document}\n'.encode()
        lines = lines_of(tmp_path, data)
        assert [line.kind for line in lines] == ["provenance", "word", "provenance"]
        assert lines[0].value == {"provenance": {"job": "edge_density"}}

    @pytest.mark.parametrize(
        "bad",
        [
            b"image,density\n",
            b"a.png,0.5\n",
            b"hello\tworld!\n",
            b"a.png\tAAA\n",
            b"a.png\tAA=A\n",
            b'"a"\t{"x": \n',
            b'"a" {"x": 1}\n',
            b'{"results": []}\n',
            b'{\n "provenance": 1\n}\n',
            b'{\n "provenance": {\n',
            b"[1, 2]\n",
            b"\x89PNG\r\n",
            b"\0\0\0\0\t1\n",
            b'"a"\t' + b"[" * 100_000 + b"\n",
        ],
    )
    def test_what_is_no_result_is_named_by_file_and_line(self, tmp_path, bad):
        with pytest.raises(UsageError, match=r"result.jsonl, line 3: is no line of a job's result"):
            lines_of(tmp_path, b'"a"\t1\n\n' + bad)

    @given(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
    def test_any_line_that_a_job_can_write_is_read(self, tmp_path_factory, key, value):
        path = tmp_path_factory.getbasetemp() / "any.jsonl"
        try:
            path.write_bytes(JSONLineProtocol().write(key, value) + b"\n")
        except ValueError:  # infinity
            return
        (line,) = result_lines([str(path)])
        assert line.key == key
        assert line.value == value or next(iter(line.value.values())) == value

    def test_an_image_takes_no_more_memory_than_a_piece_of_it(self, tmp_path):
        path = tmp_path / "large.bundle"
        with path.open("wb") as file:
            file.write(b"a.png\t")
            for _ in range(40):
                file.write(b"A" * (1 << 20))
            file.write(b"\n")
        tracemalloc.start()
        try:
            (line,) = result_lines([str(path)])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert line.value == {"bytes": 30 << 20}
        assert peak < 8 << 20
