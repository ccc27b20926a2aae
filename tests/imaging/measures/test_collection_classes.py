"""Counts of many images add up to those of all pixels, whatever their order; what is refused."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.clustering import plus_plus_start
from mapreduce_jobs.imaging.measures.collection_classes import (
    ColourCounts,
    GreyCounts,
    RoundSums,
    classes_of,
)
from tests.support import dicom, scan

DTYPES = ["u1", "u2", "i2", "i4", "f4", "f8"]
GREY = [Image(scan(n, (9, 7)).astype(dtype)[None], 8) for n, dtype in enumerate(DTYPES)]
COLOUR = [Image(np.dstack([scan(n + c, (9, 7)) for c in range(3)])[None], 8) for n in range(6)]


@pytest.mark.parametrize(("kind", "images"), [(GreyCounts, GREY), (ColourCounts, COLOUR)])
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
        merged.add_json(json.loads(json.dumps(counts.to_json())))
    assert merged.to_json() == whole.to_json()
    assert classes_of(merged.counted(), 3) == classes_of(whole.counted(), 3)


@given(order=st.permutations(range(6)), cut=st.integers(1, 5))
def test_sums_of_a_round_do_not_depend_on_order_and_division(order, cut):
    start = [[0, 0, 0], [90.5, 80, 70], [255, 255, 255]]
    whole, merged = RoundSums(start), RoundSums(start)
    for image in COLOUR:
        whole.add(image)
    for part in (order[:cut], order[cut:]):
        sums = RoundSums(start)
        for number in part:
            sums.add(COLOUR[number])
        merged.add_json(json.loads(json.dumps(sums.to_json())))
    assert merged.to_json() == whole.to_json()
    assert merged.updated_means() == whole.updated_means()


def test_a_round_is_one_of_scikit_learn():
    start = np.array([[30.0, 40, 50], [200, 190, 210]])
    pixels = np.concatenate([image.pixels.reshape(-1, 3) for image in COLOUR]).astype(float)
    first, second = RoundSums(start), None
    for image in COLOUR:
        first.add(image)
    second = RoundSums(first.updated_means())
    for image in COLOUR:
        second.add(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = KMeans(2, init=start, n_init=1, max_iter=1, tol=0).fit(pixels)
    found = second.classes(rounds=1)
    np.testing.assert_allclose(found["means"], theirs.cluster_centers_, rtol=1e-9)
    assert found["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)
    assert found["sizes"] == np.bincount(theirs.labels_).tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_k_means_is_that_of_scikit_learn_from_the_same_start(seed):
    images = [decode(dicom(name)) for name in ("CT_small.dcm", "MR_small.dcm")]
    counts = GreyCounts()
    for image in images:
        counts.add(image)
    counted = counts.counted()
    start = plus_plus_start(counted.places[:, None], 4, seed, counted.count)
    pixels = np.concatenate([image.pixels.reshape(-1, 1) for image in images]).astype(float)
    theirs = KMeans(4, init=start, n_init=1, tol=0, algorithm="lloyd").fit(pixels)
    ours = classes_of(counted, 4, seed)
    np.testing.assert_allclose(ours["means"], np.sort(theirs.cluster_centers_[:, 0]), rtol=1e-9)
    assert ours["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)


def test_sums_of_colours_are_those_of_all_pixels():
    counts = ColourCounts()
    for image in COLOUR:
        counts.add(image)
    pixels = np.concatenate([image.pixels.reshape(-1, 3) for image in COLOUR]).astype(int)
    counted = counts.counted()
    assert counted.count.sum() == len(pixels)
    assert counted.total.sum(axis=0).tolist() == pixels.sum(axis=0).tolist()
    assert counted.squares.sum() == (pixels**2).sum()
    (mean,) = classes_of(counted, 1)["means"]
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-12)
    found = classes_of(counted, 1)["inertia"]
    assert found == pytest.approx(((pixels - pixels.mean(axis=0)) ** 2).sum(), rel=1e-9)


@pytest.mark.parametrize(("kind", "image"), [(GreyCounts, GREY[2]), (ColourCounts, COLOUR[0])])
def test_padding_does_not_count(kind, image):
    padding = np.zeros(image.pixels.shape[:3], bool)
    padding[:, 4:] = True
    cut, padded = kind(), kind()
    pixels = cut.add(Image(image.pixels[:, :4], 8))
    assert padded.add(Image(image.pixels, 8, padding=padding)) == pixels == 28
    assert padded.to_json() == cut.to_json()
    with pytest.raises(UnsuitableImage, match="every pixel is padding"):
        kind().add(Image(image.pixels, 8, padding=np.ones_like(padding)))


def test_more_pixels_than_integers_of_64_bits_hold_the_squares_of():
    counts = GreyCounts()
    counts.add_json([[0, 65535], [1, 1 << 40]])
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


def test_fewer_cells_than_classes():
    counts = ColourCounts()
    counts.add(Image(np.full((1, 4, 4, 3), 9, np.uint8), 8))
    with pytest.raises(UnsuitableImage, match="there are 1 different cells of colours, fewer"):
        classes_of(counts.counted(), 2)
