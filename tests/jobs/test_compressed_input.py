"""Jobs over what Hadoop compressed: tables, results and bundles of images."""

import bz2
import gzip
import zlib

import pytest

from tests.hdfs_tools.bundles.test_compressed import COMPRESS

ROWS = b"name,age\n" + b"".join(b"%d.png,%d\n" % (n, n % 90) for n in range(3000))


@pytest.fixture
def bundle(job, good_folder):
    """Images as a job writes them."""
    return job("image_transform", "--ops", "flip axis=both", good_folder).stdout


class TestBundles:
    @pytest.mark.parametrize(
        ("ending", "runner"),
        [
            (".gz", "local"),
            (".bz2", "inline"),
            (".deflate", "inline"),
            (".zst", "inline"),
            (".snappy", "local"),
            (".lz4", "inline"),
        ],
    )
    def test_give_what_they_give_plain(self, job, bundle, ending, runner, tmp_path):
        (tmp_path / "plain").mkdir()
        (tmp_path / "packed").mkdir()
        (tmp_path / "plain/part-00000").write_bytes(bundle)
        (tmp_path / f"packed/part-00000{ending}").write_bytes(COMPRESS[ending](bundle))
        plain, packed = (job("image_histogram", "-r", runner, name) for name in ("plain", "packed"))
        assert len(plain.lines) > 10
        assert (packed.status, sorted(packed.lines)) == (plain.status, sorted(plain.lines))

    def test_that_are_damaged_are_named(self, job, bundle, tmp_path):
        (tmp_path / "part-00000.gz").write_bytes(gzip.compress(bundle)[:-9])
        ran = job("image_histogram", "part-00000.gz")
        assert ran.status == 1
        assert "part-00000.gz: cannot be read: its compression is damaged" in ran.stderr
        assert "Traceback" not in ran.stderr


class TestTables:
    @pytest.mark.parametrize("ending", [".gz", ".bz2", ".deflate", ".zst", ".snappy", ".lz4"])
    def test_give_what_they_give_plain(self, job, ending, tmp_path):
        (tmp_path / "t.csv").write_bytes(ROWS)
        (tmp_path / f"t.csv{ending}").write_bytes(COMPRESS[ending](ROWS))
        plain, packed = (job("aggregate", "--fields", "age", f"t.csv{e}") for e in ("", ending))
        assert b'"rows": 3000' in plain.stdout
        assert (packed.status, packed.stdout) == (0, plain.stdout)

    @pytest.mark.parametrize(
        ("compress", "ending"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2")]
    )
    def test_want_a_name_that_says_so(self, job, compress, ending, tmp_path):
        (tmp_path / "t.csv").write_bytes(compress(ROWS))
        ran = job("aggregate", "--fields", "age", "t.csv")
        assert (ran.status, ran.stdout) == (2, b"")
        assert f"t.csv: is compressed: its name must end with {ending}" in ran.stderr


class TestResults:
    @pytest.mark.parametrize("ending", [".gz", ".deflate", ".snappy", ".zst"])
    def test_are_read_and_merged_into(self, job, good_folder, ending, tmp_path):
        arguments = ["--group-by", "all", "--keep-sums", good_folder]
        first = job("edge_density", *arguments).stdout
        (tmp_path / "out").mkdir()
        (tmp_path / f"out/part-00000{ending}").write_bytes(COMPRESS[ending](first))
        (tmp_path / "plain").write_bytes(first)
        again = [
            job("edge_density", "--group-by", "all", "--merge-into", name, good_folder)
            for name in ("plain", "out")
        ]
        assert again[0].stdout == again[1].stdout
        saved = [
            job("results", "--save", "csv", "-o", f"{name}.csv", name) for name in ("plain", "out")
        ]
        assert [one.status for one in saved] == [0, 0], saved[1].stderr
        assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()

    def test_are_compared(self, job, bundle, good_folder, tmp_path):
        (tmp_path / "b").mkdir()
        (tmp_path / "b/part-00000.deflate").write_bytes(zlib.compress(bundle))
        ran = job("compare", good_folder, "b", "-o", "sheet.png")
        assert (ran.status, ran.stderr) == (0, "")
