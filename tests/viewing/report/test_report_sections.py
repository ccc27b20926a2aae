"""What a report says of each kind of result, compared with numbers computed by hand."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.viewing.report.sections.spread import SHARES, Spread
from tests.viewing.documents import pairs, table
from tests.viewing.lines import edges, histogram


def heights(svg):
    """Return the height of each bar of a histogram, in units of the highest."""
    (path,) = [node.attributes["d"] for node in svg.all("path") if "opacity" in node.attributes]
    points = [pair.split() for pair in path.replace("L", "M").strip("Mz ").split("M")]
    corners = [(float(x), float(y)) for x, y, *_ in points]
    bottom = corners[0][1]
    flat = [(one, after) for one, after in pairwise(corners) if one[1] == after[1]]
    tops = [bottom - one[1] for one, after in flat if one[0] != after[0]]
    return [top / max(tops) for top in tops]


class TestHistograms:
    def test_are_added_up_exactly(self, report):
        lines = [("a.png", histogram([1, 0, 2, 5])), ("b.png", histogram([3, 2, 0, 3]))]
        section = report(one=lines).section("histograms")
        linear = [node.one("svg") for node in section.all("div", css="linear")]
        together, first, second = map(heights, linear)
        assert together == pytest.approx([0.5, 0.25, 0.25, 1], abs=0.01)
        assert first == pytest.approx([0.2, 0, 0.4, 1], abs=0.01)
        assert second == pytest.approx([1, 2 / 3, 0, 1], abs=0.01)
        captions = [node.text for node in section.all("figcaption")]
        assert captions == [
            "Grey levels: 2 result lines together. 16 pixels of 2 images.",
            "a.png. 8 pixels.",
            "b.png. 8 pixels.",
        ]
        assert table(section, "Histograms: 2")[1:] == [
            ["a.png", "8", "0", "3", ""],
            ["b.png", "8", "0", "3", ""],
        ]

    def test_bins_of_different_width_are_brought_together(self, report):
        wide = {**histogram([5, 1]), "bins": {"start": 0, "stop": 4, "count": 2}}
        fine = histogram([1, 2, 0, 3])
        section = report(one=[("a", wide), ("b", fine)]).section("histograms")
        assert heights(section.all("svg", css="chart")[0]) == pytest.approx([1, 0.5], abs=0.01)

    def test_units_and_models_are_apart(self, report):
        lines = [
            ("ct/1", histogram([1, 3], -1024, "HU", padding=7)),
            ("mr/1", histogram([4, 1])),
            ("us/1", histogram({"red": [1, 1], "green": [2, 0], "blue": [0, 2]})),
            ("us/8bit", histogram([1] * 256)),
        ]
        section = report(one=lines).section("histograms")
        captions = [node.text for node in section.all("figcaption")]
        assert captions == [
            "Grey values (HU, Hounsfield units): 1 result line. 4 pixels.",
            "Grey levels of 8-bit images: 1 result line. 256 pixels.",
            "Grey levels: 1 result line. 5 pixels.",
            "Red, green, blue levels: 1 result line. 2 pixels.",
        ]
        hu = section.all("svg", css="chart")[0]
        assert "HU" in [node.text for node in hu.all("text")]
        assert "7 pixels that files declare as padding" in section.text
        coloured = section.all("svg", css="chart")[-1]
        assert {"red", "green", "blue"} <= {node.text for node in coloured.all("text")}

    def test_of_many_only_all_and_folders_are_drawn(self, report):
        lines = [(f"{n % 2}/{n}", histogram([n, 1])) for n in range(50)]
        section = report(one=lines).section("histograms")
        captions = [node.text for node in section.all("figcaption")]
        assert captions == [
            f"Grey levels: 50 result lines together. {sum(range(50)) + 50:,} pixels of 50 images.",
            f"0. {sum(range(0, 50, 2)) + 25} pixels of 25 images.",
            f"1. {sum(range(1, 50, 2)) + 25} pixels of 25 images.",
        ]

    def test_an_outlier_does_not_hide_the_others_and_is_told(self, report):
        counts = [500, 500] + [0] * 1000 + [1]
        section = report(one=[("a", histogram(counts))]).section("histograms")
        (caption,) = [node.text for node in section.all("figcaption")]
        assert "drawn is where 99.9 % of them lie, all of them lie from 0 to 1,003" in caption


class TestEdges:
    def test_the_overall_density_is_of_pixels(self, report):
        lines = [("a", edges(0.5, 100)), ("b", edges(0.1, 900))]
        facts = pairs(report(one=lines).section("edges"), "facts")
        assert facts["Overall density"] == "14.0 %"  # (50 + 90) / 1000
        assert facts["Made with"] == "gradient, threshold 100"

    def test_extremes_are_of_all_images(self, report):
        densities = [round(((n * 37) % 101) / 101, 4) for n in range(101)]
        lines = [(f"{n:03}.png", edges(one, 10**6)) for n, one in enumerate(densities)]
        section = report(one=lines).section("edges")
        least, most = (
            [item.one("bdi", css="name").text for item in gallery.all("li")]
            for gallery in section.all("ul", css="gallery")
        )
        by_density = [f"{n:03}.png" for n in np.argsort(densities)]
        assert least == by_density[:6]
        assert most == by_density[:-7:-1]

    def test_the_distribution_counts_every_image(self, report):
        lines = [(f"{n}", edges(one)) for n, one in enumerate([0.0] * 10 + [0.5] * 5 + [1.0] * 20)]
        section = report(one=lines).section("edges")
        drawn = [height for height in heights(section.one("svg", css="chart")) if height]
        assert drawn == pytest.approx([0.5, 0.25, 1], abs=0.01)


class TestQuality:
    @given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200))
    def test_quantiles_are_right_to_one_percent(self, numbers):
        spread = Spread()
        for number in numbers:
            spread.add(number)
        exact = np.quantile(numbers, SHARES, method="lower")
        assert np.allclose(spread.quantiles, exact, rtol=0.0101)
        assert (spread.least, spread.greatest) == (min(numbers), max(numbers))

    def test_images_and_their_sums(self, report):
        def profile(name, sharpness, size):
            volume = {"images": 1, "frames": 1, "pixels": 4, "bytes": size, "decoded_bytes": 4}
            return name, {
                **volume,
                "types": {"format": "PNG", "bits": 8},
                "quality": {"sharpness": sharpness, "snr": None},
                "undefined": {"snr": "it is constant"},
            }

        lines = [profile("a.png", 2.0, 1000), profile("b.png", 4.0, 500)]
        section = report(one=lines).section("collection")
        tiles = pairs(section, "tiles")
        assert (tiles["Images"], tiles["Pixels"], tiles["In files"]) == ("2", "8", "1.500 kB")
        quality = table(section, "Quality of all images")
        assert quality[1][:3] == ["Sharpness (levels²)", "2", "2"]
        assert quality[1][-1] == "4"
        assert table(section, "Format")[1][:3] == ["PNG", "2", "100.0 %"]
        assert table(section, "Not defined")[1] == ["Signal to noise", "it is constant: 2"]
        rows = table(section, "Images: 2")
        assert rows[1][:2] == ["a.png", "2"]

    def test_shares_are_of_all_images(self, report):
        """Also where a result lists only the most frequent dimensions."""
        volume = {"images": 10, "frames": 10, "pixels": 9, "bytes": 1, "decoded_bytes": 1}
        dimensions = {"distinct": 4, "most_frequent": {"8×8×1": 5, "9×9×1": 2}}
        types = {"format": {"PNG": 10}, "dimensions": dimensions}
        value = {**volume, "types": types, "quality": {}, "failed": {}}
        section = report(one=[("all", value)]).section("collection")
        assert [row[:3] for row in table(section, "Dimensions")[1:]] == [
            ["8×8×1", "5", "50.0 %"],
            ["9×9×1", "2", "20.0 %"],
            ["(others)", "3", "30.0 %"],
        ]
        assert "Of 4 dimensions, the result has the 2 most frequent." in section.text

    def test_groups_are_beside_each_other(self, printed, report, tmp_path, job):
        text = printed["profile"].read_text()
        one = next(line for line in text.splitlines() if '"quality"' in line).partition("\t")[2]
        lines = "".join(f"{json.dumps(name)}\t{one}\n" for name in ("ct", "mr", "us"))
        section = report(one=lines).section("collection")
        assert [row[0] for row in table(section, "Groups: 3")[1:]] == ["ct", "mr", "us"]
        drawn = section.all("svg", css="chart")
        assert len(drawn) == 9
        assert {"ct", "mr", "us"} <= {node.text for node in drawn[0].all("text")}


class TestLearning:
    def test_areas_of_classes(self, report):
        value = {"images": 2, "pixels": 10, "model": "grey", "values": "stored", "k": 2, "seed": 0}
        value |= {"means": [-1000.0, 40.5], "sizes": [9, 1], "inertia": 3.0, "rounds": 4}
        section = report(one=[("classes", value)]).section("segmentation")
        rows = table(section, "Classes, by their means")
        assert [row[:1] + row[2:5] for row in rows[1:]] == [
            ["0", "−1,000", "9", "90.0 %"],
            ["1", "40.50", "1", "10.0 %"],
        ]
        fills = [node.one("rect").attributes["fill"] for node in section.all("svg", css="swatch")]
        assert fills == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]

    def test_confusion_sensitivity_and_precision(self, report):
        confusion = {"cat": {"cat": 8, "dog": 2}, "dog": {"cat": 4, "dog": 6}}
        value = {"folds": 5, "images": 20, "accuracy": 0.7, "auc": 0.75, "confusion": confusion}
        value["auc_of_class"] = {"cat": 0.75, "dog": None}
        section = report(one=[("evaluation", value)]).section("recognition")
        assert table(section, "Images by true class")[1:] == [
            ["cat", "8", "2", "80.0 %"],
            ["dog", "4", "6", "60.0 %"],
        ]
        assert table(section, "Scores of each class")[1:] == [
            ["cat", "10", "80.0 %", "66.7 %", "0.7500"],  # 8 / (8 + 4)
            ["dog", "10", "60.0 %", "75.0 %", "–"],  # 6 / (2 + 6)
        ]
        assert pairs(section, "tiles")["Accuracy"] == "70.0 %"

    def test_the_least_certain_are_pointed_out(self, report):
        lines = [
            (f"{n}.png", {"class": "a", "posteriors": {"a": p, "b": 1 - p}})
            for n, p in enumerate([0.999, 0.6, 0.95])
        ]
        section = report(one=lines).section("recognition")
        cards = [item.text for item in section.all("li")]
        assert cards == ["1.png a: 60.0 %", "2.png a: 95.0 %"]

    def model(self, x, y):
        """Return the model of numpy's least squares, as the job writes it."""
        slope, intercept = np.polyfit(x, y, 1)
        residuals = y - slope * x - intercept
        return {
            "rows": len(x),
            "target": "density",
            "ridge": 0.0,
            "intercept": {"value": intercept, "standard_error": 0.5},
            "coefficients": {"mean_gradient": {"value": slope, "standard_error": 0.25}},
            "residual_sum": float(residuals @ residuals),
            "r_squared": 1 - float(residuals @ residuals) / float(((y - y.mean()) ** 2).sum()),
        }

    def test_residuals_are_drawn_of_the_rows_that_were_fitted(self, report):
        rng = np.random.default_rng(1)
        x, y = rng.uniform(0, 9, 30), rng.uniform(0, 1, 30)
        fitted = [(f"{n:02}", edges(y[n], 100, x[n])) for n in range(30)]
        others = [(f"{n:02}", edges(y[n] / 2, 100, x[n])) for n in range(30)]
        model = self.model(x, y)
        page = report(a_others=others, b_fitted=fitted, c=[("model", model)])
        section = page.section("regression")
        t = model["coefficients"]["mean_gradient"]["value"] / 0.25
        assert float(table(section, "Coefficients")[2][3].replace("−", "-")) == pytest.approx(
            t, rel=1e-3
        )
        assert "Drawn from the 30 rows that were fitted." in section.text
        observed, residuals = section.all("svg", css="chart")
        largest = np.abs(y - np.polyval(np.polyfit(x, y, 1), x)).max()
        assert f"The largest is {largest:.4f}." in residuals.attributes["aria-label"]
        assert len([node for node in observed.all("use") if "fill" in node.attributes]) >= 30

    def test_without_the_rows_it_says_so(self, report):
        rng = np.random.default_rng(1)
        x, y = rng.uniform(0, 9, 30), rng.uniform(0, 1, 30)
        others = [(f"{n:02}", edges(y[n] / 2, 100, x[n])) for n in range(30)]
        section = report(a=others, b=[("model", self.model(x, y))]).section("regression")
        assert "not drawn: the rows that were fitted" in section.text
        assert section.all("svg", css="chart") == []


class TestOthers:
    def test_verdicts(self, report):
        def verdict(*reasons, first=None):
            measures = {"contrast": 1.5, "sharpness": 2.5, "clipped": 0.25}
            kept = {"kept": not reasons, "reasons": list(reasons), "duplicate_of": first}
            return {**kept, **measures}

        lines = [
            ("a", verdict()),
            ("b", verdict("blank", "duplicate", first="a")),
            ("c", verdict("blank")),
        ]
        section = report(one=lines).section("cleaning")
        assert pairs(section, "tiles") == {"Images": "3", "Kept": "1 (33.3 %)", "Rejected": "2"}
        assert [row[:3] for row in table(section, "Reasons")[1:]] == [
            ["blank", "2", "66.7 %"],  # of images
            ["duplicate", "1", "33.3 %"],
        ]
        assert table(section, "Verdicts: 3")[2] == [
            *("b", "rejected", "blank, duplicate", "a", "1.500", "2.500", "25.0 %")
        ]

    def test_headers(self, report):
        lines = [
            ("a", {"Modality": "CT", "Rows": 512, "PixelSpacing": [0.5, 0.5]}),
            ("b", {"Modality": "MR", "Rows": 512, "PixelSpacing": None}),
        ]
        section = report(one=lines).section("headers")
        assert pairs(section, "facts") == {"Rows": "512"}
        assert table(section, "Headers: 2") == [
            ["image", "Modality", "PixelSpacing"],
            ["a", "CT", "0.5 \\ 0.5"],
            ["b", "MR", "–"],
        ]
        assert [row[:2] for row in table(section, "Modality")[1:]] == [["CT", "1"], ["MR", "1"]]

    def test_words_of_which_there_are_too_many(self, report):
        lines = [(f"w{n:04}", n) for n in range(3000)]
        section = report(one=lines).section("words")
        found = table(section, "Words, the most frequent first: 100 of 3,000")
        assert found[1:3] == [["w2999", "2,999"], ["w2998", "2,998"]]
        assert len(found) == 101
        assert pairs(section, "tiles")["Words"] == f"{sum(range(3000)):,}"

    def test_what_another_job_wrote(self, report):
        lines = [("a", {"mean": 1.5, "of": {"what": "lung"}}), ("b", {"mean": 2})]
        section = report(one=lines).section("other")
        assert table(section, "Results: 2") == [
            ["key", "mean", "of.what"],
            ["a", "1.500", "lung"],
            ["b", "2", "–"],
        ]

    def test_provenance_with_fields_missing(self, report):
        told = {"job": "clean", "command": ["clean.py", "my scans"], "options": {"k": None}}
        section = report(one=json.dumps({"provenance": told})).section("provenance")
        assert pairs(section, "facts") == {"job": "clean", "command": "clean.py 'my scans'"}
        assert table(section, "options")[1:] == [["k", "–"]]
        assert "provenance" in report(one='{"provenance": {}}').sections
