"""Counts of many images add up to those of all pixels, whatever their order; what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from mapreduce_jobs.imaging.clustering import spread
from mapreduce_jobs.imaging.collection_classes import ColourCounts, GreyCounts, classes_of
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from tests.support import dicom, scan

DTYPES = ["u1", "u2", "i2", "i4", "f4", "f8"]
GREY = [Image(scan(n, (9, 7)).astype(dtype)[None], 8) for n, dtype in enumerate(DTYPES)]
COLOUR = [Image(np.dstack([scan(n + c, (9, 7)) for c in range(3)])[None], 8) for n in range(6)]


@pytest.mark.parametrize(("kind", "images"), [(GreyCounts, GREY), (ColourCounts, COLOUR)])
@settings(deadline=None)  # the table of all colours is long
@given(order=st.permutations(range(6)), cut=st.integers(1, 5))
def test_any_order_and_division_gives_the_same(kind, images, order, cut):
    whole = kind()
    for image in images:
        whole.add(image)
    merged = kind()
    for part in (order[:cut], order[cut:]):
        counts = kind()
        for number in part:
            counts.add(images[number])
        for counted in json.loads(json.dumps(list(counts.parts()))):
            merged.add_part(counted)
    assert list(merged.parts()) == list(whole.parts())
    assert classes_of(merged.counted(), 3) == classes_of(whole.counted(), 3)


@pytest.mark.parametrize("seed", [0, 1])
def test_k_means_is_that_of_scikit_learn_from_the_same_start(seed):
    images = [decode(dicom(name)) for name in ("CT_small.dcm", "MR_small.dcm")]
    counts = GreyCounts()
    for image in images:
        counts.add(image)
    counted = counts.counted()
    start = spread(counted.values, 4, seed, counted.count)
    pixels = np.concatenate([image.pixels.reshape(-1, 1) for image in images]).astype(float)
    theirs = KMeans(4, init=start, n_init=1, tol=0, algorithm="lloyd").fit(pixels)
    ours = classes_of(counted, 4, seed)
    np.testing.assert_allclose(ours["means"], np.sort(theirs.cluster_centers_[:, 0]), rtol=1e-9)
    assert ours["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_k_means_of_colours_is_that_of_scikit_learn_from_the_same_start(seed):
    rng = np.random.default_rng(4)
    centres = np.array([[20, 30, 200], [200, 60, 40], [90, 180, 90], [240, 240, 230], [9, 9, 9]])
    counts, images = ColourCounts(), []
    for _ in range(3):
        mixed = centres[rng.integers(0, 5, (1, 30, 40))] + rng.normal(0, 12, (1, 30, 40, 3))
        images.append(Image(np.clip(mixed, 0, 255).astype(np.uint8), 8))
        counts.add(images[-1])
    counted = counts.counted()
    pixels = np.concatenate([image.pixels.reshape(-1, 3) for image in images]).astype(float)
    assert counted.count.sum() == len(pixels)
    start = spread(counted.values, 5, seed, counted.count)
    theirs = KMeans(5, init=start, n_init=1, tol=0, algorithm="lloyd").fit(pixels)
    ours = classes_of(counted, 5, seed)
    np.testing.assert_allclose(
        sorted(ours["means"]), sorted(theirs.cluster_centers_.tolist()), rtol=1e-9
    )
    assert ours["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)
    assert sorted(ours["sizes"]) == sorted(np.bincount(theirs.labels_).tolist())


def test_counts_of_many_colours_come_in_parts():
    rng = np.random.default_rng(3)
    image = Image(rng.integers(0, 256, (1, 700, 700, 3), np.uint8), 8)
    counts, merged = ColourCounts(), ColourCounts()
    assert counts.add(image) == 700 * 700
    parts = list(counts.parts())
    assert len(parts) == 2
    for part in parts:
        merged.add_part(part)
    expected, times = np.unique(image.pixels.reshape(-1, 3), axis=0, return_counts=True)
    assert np.array_equal(merged.counted().values, expected)
    assert np.array_equal(merged.counted().count, times)


@pytest.mark.parametrize(("kind", "image"), [(GreyCounts, GREY[2]), (ColourCounts, COLOUR[0])])
def test_padding_does_not_count(kind, image):
    padding = np.zeros(image.pixels.shape[:3], bool)
    padding[:, 4:] = True
    cut, padded = kind(), kind()
    pixels = cut.add(Image(image.pixels[:, :4], 8))
    assert padded.add(Image(image.pixels, 8, padding=padding)) == pixels == 28
    assert list(padded.parts()) == list(cut.parts())
    with pytest.raises(UnsuitableImage, match="every pixel is padding"):
        kind().add(Image(image.pixels, 8, padding=np.ones_like(padding)))


def test_more_pixels_than_integers_of_64_bits_hold_the_squares_of():
    counts = GreyCounts()
    counts.add_part([[0, 65535], [1, 1 << 40]])
    found = classes_of(counts.counted(), 1)
    assert found["inertia"] == pytest.approx(65535.0**2, rel=1e-3)
    assert classes_of(counts.counted(), 2)["inertia"] == 0


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.array([[[0.5, 1]]]), "it has grey levels that are no whole numbers"),
        (np.array([[[np.nan, 1]]]), "it has grey levels that are no whole numbers"),
        (np.array([[[np.inf, 1]]]), "it has grey levels beyond -32768 to 65535"),
        (np.array([[[0, 65536]]]), "it has grey levels beyond -32768 to 65535"),
        (np.array([[[-32769.0, 0]]]), "it has grey levels beyond -32768 to 65535"),
    ],
)
def test_what_cannot_be_counted(pixels, sentence):
    with pytest.raises(UnsuitableImage, match=f"^{sentence}"):
        GreyCounts().add(Image(pixels, 16))


def test_fewer_colours_than_classes():
    counts = ColourCounts()
    counts.add(Image(np.full((1, 4, 4, 3), 9, np.uint8), 8))
    with pytest.raises(UnsuitableImage, match="there are 1 different colours, fewer"):
        classes_of(counts.counted(), 2)
