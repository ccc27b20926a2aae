"""What a comparison is made of: pairs, grey levels, differences, histograms, names as text."""

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hdfs_tools.bundles.record import Reference, bundle_line
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.viewing.compare.comparison import How, compared
from mapreduce_jobs.viewing.compare.comparison_page import pair_page
from mapreduce_jobs.viewing.compare.difference import difference
from mapreduce_jobs.viewing.compare.pair_histograms import charts
from mapreduce_jobs.viewing.display_range import Scale, picture, scales
from mapreduce_jobs.viewing.lettering import cut, font, lines, plain, visible
from mapreduce_jobs.viewing.pairs import Pair, Source, paired, sources
from mapreduce_jobs.viewing.thumbnails import image_uri, thumbnail
from tests.support import png, scan, write_tree
from tests.viewing.pages import Page, pixels_of

HOW = How(max_pixels=1 << 24)


def named(*names):
    return [Source(name, Reference(name)) for name in names]


def pairs_of(one, other):
    found = paired(named(*one), named(*other))
    return [(pair.one.name, pair.other.name) for pair in found.pairs]


def from_image(image):
    return picture(encode(image, "tiff"), 1 << 24)


def from_pixels(pixels, bits=None):
    pixels = np.asarray(pixels)
    return from_image(Image(pixels, bits or pixels.dtype.itemsize * 8))


class TestPairs:
    @pytest.mark.parametrize(
        ("one", "other", "pairs"),
        [
            (["a.png", "b.png"], ["b.png", "a.png"], ["a.png a.png", "b.png b.png"]),
            (
                ["a.dcm", "b.dcm"],
                ["a.dcm.tiff", "b.dcm.TIF"],
                ["a.dcm a.dcm.tiff", "b.dcm b.dcm.TIF"],
            ),
            (["a.dcm.jp2", "b"], ["a.dcm", "c"], ["a.dcm.jp2 a.dcm"]),
            (["a", "a.png"], ["a.png", "a.png.png"], ["a.png a.png"]),
            (["s/a", "s/b"], ["t/u/a.png", "t/u/b.png"], ["s/a t/u/a.png", "s/b t/u/b.png"]),
            (["ct/1", "mr/1"], ["s/ct/1", "s/mr/1"], ["ct/1 s/ct/1", "mr/1 s/mr/1"]),
            (["/x/1", "/x/2"], ["1", "2"], ["/x/1 1", "/x/2 2"]),
            (["anything"], ["else"], ["anything else"]),
            (["a", "b"], ["c"], []),
        ],
    )
    def test_by_name(self, one, other, pairs):
        assert pairs_of(one, other) == [tuple(pair.split()) for pair in pairs]

    @given(st.sets(st.text("ab/.png", min_size=1), min_size=2), st.data())
    def test_each_image_is_in_one_pair_or_alone(self, names, data):
        one = data.draw(st.permutations(sorted(names)))
        other = data.draw(st.lists(st.sampled_from([*one, "c", "c.png"]), unique=True, min_size=2))
        found = paired(named(*one), named(*other))
        for place, all_names in (("first", one), ("second", other)):
            index = ("first", "second").index(place)
            seen = [(pair.one.name, pair.other.name)[index] for pair in found.pairs]
            seen += [source.name for where, source in found.alone if where == place]
            assert sorted(seen) == sorted(all_names)

    def test_each_line_of_a_bundle_is_found_where_it_is(self, tmp_path):
        rng = np.random.default_rng(1)
        files = {f"{i}.png": rng.bytes(int(rng.integers(1, 3000))) for i in range(200)}
        write_tree(tmp_path, {"x.png": b"a file of its own"})
        lines = [bundle_line(name, data) for name, data in files.items()]
        lines[50:50] = [b'"bad.png"\t{"error": "EmptyFile", "message": "empty"}\n', b"x.png\n"]
        lines[20:20] = [b'"0.png"\t{"audit": {}}\n', b"\n"]
        for name in ("scans.bundle", "scans.manifest"):
            (tmp_path / name).write_bytes(b"".join(lines))
            spool = tmp_path / f"spool of {name}"
            spool.mkdir()
            found = {source.name: source for source in sources(str(tmp_path / name), str(spool))}
            assert set(found) == {*files, "bad.png", "x.png"}
            assert all(found[image].read() == data for image, data in files.items())
            assert found["x.png"].read() == b"a file of its own"


class TestScales:
    @given(
        arrays.arrays(np.int16, (1, 5, 5)),
        arrays.arrays(np.int16, (1, 4, 6)),
    )
    def test_of_the_same_kind_are_the_same_and_lose_no_order(self, one, other):
        pictures = from_pixels(one), from_pixels(other)
        first, second, words = scales(*pictures)
        few = [scale.own.source == "its few levels" for scale in pictures]
        if few[0] == few[1]:
            assert first == second
            assert words.startswith("Both")
        else:
            assert words.startswith("Each")
        rising = np.sort(one.ravel())
        assert (np.diff(first(rising).astype(int)) >= 0).all()

    def test_of_a_constant_image(self):
        assert (
            from_pixels(np.full((1, 2, 2), 77, np.uint8)).levels(0, Scale(0, 255, "")).max() == 77
        )
        deep = from_pixels(np.full((1, 2, 2), 1000, np.uint16))
        assert deep.levels(0, deep.own).tolist() == [[0, 0], [0, 0]]

    def test_of_floats_are_of_those_that_are_numbers(self):
        values = np.float32([[[np.nan, -np.inf, np.inf, *np.linspace(0, 1, 997)]]])
        own = from_pixels(values).own
        assert (own.low, own.high) == pytest.approx((0.004, 0.995), abs=0.002)
        assert own(values[0, 0, :3]).tolist() == [0, 0, 255]

    def test_of_deep_colour_are_all_its_bits(self):
        pixels = np.zeros((1, 1, 2, 3), np.uint16)
        pixels[0, 0, 1] = 65535, 32768, 0
        own = from_pixels(pixels)
        assert own.levels(0, own.own).tolist() == [[[0, 0, 0], [255, 128, 0]]]


class TestDifference:
    @given(arrays.arrays(np.int16, (1, 3, 4)), arrays.arrays(np.int16, (1, 3, 4)))
    def test_is_of_the_values(self, one, other):
        pictures = from_pixels(one), from_pixels(other)
        found = difference(*pictures, scales(*pictures)[:2], [(0, 0)])
        wide = np.abs(one.astype(int) - other)
        assert found.of_values
        assert (found.greatest, found.differing) == (wide.max(), np.count_nonzero(wide))
        assert found.mean == pytest.approx(wide.mean())

    def test_is_of_the_grey_levels_where_values_mean_different_things(self):
        pictures = from_pixels(np.uint8([[[0, 255]]])), from_pixels(np.uint16([[[0, 60000]]]))
        found = difference(*pictures, scales(*pictures)[:2], [(0, 0)])
        assert not found.of_values
        assert found.words("HU") == "all 2 pixels are equal"

    def test_of_what_is_no_number(self):
        nan = np.nan
        one, other = (
            from_pixels(np.float32([[[nan, nan, 1]]])),
            from_pixels(np.float32([[[nan, 2, 3]]])),
        )
        found = difference(one, other, scales(one, other)[:2], [(0, 0)])
        assert (found.differing, found.greatest) == (2, 2)

    def test_padding_is_compared_with_padding_alone(self):
        """Both have it at the first pixel, one of them at the second; the third differs by 2."""
        one, other = (
            from_image(Image(np.int16([values]), 16, padding=np.array([mask])))
            for values, mask in (
                ([[-2000, -2000, 1]], [[True, True, False]]),
                ([[-9, 40, 3]], [[True, False, False]]),
            )
        )
        found = difference(one, other, scales(one, other)[:2], [(0, 0)])
        assert (found.differing, found.greatest) == (2, 2)

    def test_of_colour_is_that_of_the_channel_that_differs_most(self):
        one, other = (from_pixels(np.uint8([[[[5, 5, value]]]])) for value in (5, 15))
        found = difference(one, other, scales(one, other)[:2], [(0, 0)])
        assert found.greatest == 10
        assert found.frames[0].tolist() == [[255]]

    def test_needs_the_same_size(self):
        one, other = from_pixels(scan(1)[None]), from_pixels(scan(1, (3, 3))[None])
        assert difference(one, other, scales(one, other)[:2], [(0, 0)]) is None


class TestPadding:
    outside = np.hypot(*(np.mgrid[:64, :64] - 31.5)) > 28
    tissue = np.where(outside, -2000, np.arange(64)).astype(np.int16)

    def sides(self, tmp_path):
        made = Image(self.tissue[None], 16, unit="HU", padding=self.outside[None])
        (tmp_path / "one.tiff").write_bytes(encode(made, "tiff"))
        source = Source("one.tiff", Reference(str(tmp_path / "one.tiff")))
        return compared(Pair("one.tiff", source, source), HOW, True).sides

    def test_is_chequered_and_has_no_part_in_the_grey_levels(self, tmp_path):
        side, _ = self.sides(tmp_path)
        levels = side.levels()
        assert set(levels[self.outside]) == {32, 64}
        assert levels[0, :4].tolist() == [32, 32, 64, 64]
        # Column 4 has 10 of the 2,472 pixels, fewer than half a percent of them.
        assert (side.scale.low, side.scale.high) == (5.0, 58.0)
        assert levels[32, 10] == round((10 - 5) / 53 * 255)

    def test_is_said(self, tmp_path):
        side, _ = self.sides(tmp_path)
        assert side.mapping.endswith("; padding is chequered.")
        assert dict(side.facts)["padding"] == f"{self.outside.sum():,} pixels (39.6%), chequered"


class TestCharts:
    def test_outline_is_that_of_the_histogram(self):
        pixels = scan(1)[None]
        chart, _ = charts(Image(pixels, 8), Image(pixels, 8))
        counts = np.histogram(pixels, 128, (0, 256))[0]
        ((_, path),) = chart.paths
        heights = np.empty(128)
        at, level = 0, 100.0
        for letter, number in re.findall(r"([HV])([\d.]+)", path):
            if letter == "V":
                level = float(number)
            else:
                heights[at : int(number)] = 100 - level
                at = int(number)
        expected = np.log1p(counts) / np.log1p(counts.max()) * 100
        assert np.abs(heights - expected).max() <= 0.05 + 1e-9

    def test_bins_are_the_same_where_values_mean_the_same(self):
        one, other = (Image(np.int16([[[-5, top]]]), 16) for top in (100, 3000))
        first, second = charts(one, other)
        assert (first.start, first.stop) == (second.start, second.stop)
        apart, _ = charts(one, Image(np.uint8([[[0, 1]]]), 8))
        assert apart.stop != first.stop

    def test_there_is_none_of_what_cannot_be_counted(self):
        huge = Image(np.int64([[[1 << 60, 0]]]), 64)
        assert charts(huge, Image(np.uint8([[[0, 1]]]), 8))[0] is None


class TestThumbnails:
    @pytest.mark.parametrize("shape", [(512, 512), (60, 2000), (600, 300, 3), (20, 30)])
    def test_are_small_whatever_the_image_is(self, shape):
        noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        for most in (6_000, 24_000):
            uri = thumbnail(noise, most)
            assert len(uri) < most * 4 / 3 + 30
            rows, columns = pixels_of(uri).shape[:2]
            assert max(rows, columns) <= 192
            assert rows / columns == pytest.approx(shape[0] / shape[1], rel=0.1)

    def test_of_small_images_are_without_loss(self):
        levels = scan(1)
        shown = pixels_of(thumbnail(levels, 6_000))
        assert (shown == levels[..., None]).all()

    def test_full_size_is_without_loss(self):
        assert (pixels_of(image_uri(scan(1))) == scan(1)).all()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the page of two images of any names."""
    path = tmp_path_factory.mktemp("made") / "a.png"
    path.write_bytes(png(scan(1, (3, 3))))
    place = Reference(str(path))

    def page(one, other, titles=()):
        pair = Pair(one, Source(one, place), Source(other, place))
        return pair_page(compared(pair, HOW, full=True), titles, f"{one} and {other}")

    return page


class TestNames:
    any_text = st.text() | st.sampled_from(
        [
            "</script>",
            "<!--",
            "]]>",
            "&amp;",
            "\u202e",
            "\ud800",
            "{{ 1 }}",
            "\0",
            "x" * 4000,
            "''\"",
        ]
    )

    @settings(deadline=None)
    @given(one=any_text, other=any_text, titles=st.just(()) | st.tuples(any_text, any_text))
    def test_are_text_in_a_page(self, made, tmp_path_factory, one, other, titles):
        path: Path = tmp_path_factory.getbasetemp() / "page.html"
        path.write_text(made("one", "other"), encoding="utf-8")
        plain_page = Page(path)
        path.write_text(made(one, other, titles), encoding="utf-8", newline="")
        page = Page(path)
        assert page.tags == plain_page.tags
        assert page.names == [visible(one), visible(other)]

    @given(any_text, st.integers(50, 400))
    def test_have_room_in_a_picture(self, text, width):
        letters = font(16)
        shown = plain(text)
        assert letters.getlength(cut(shown, width, letters)) <= width
        assert all(letters.getlength(line) <= width for line in lines(shown, width, letters))
        assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cf", "Cs", "Zl"}
