"""Fingerprints: equal for equal pixels, near for images that look alike."""

import hashlib
import sys

import cv2
import imagehash
import numpy as np
import pytest
import scipy.sparse.csgraph
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures import hashes
from tests.imaging.support import DTYPES, SHAPES, image_of, noise
from tests.support import scan


class TestContent:
    def test_is_the_sha256_that_the_documentation_says(self):
        pixels = np.int16([[[1, -2, 3]]])
        text = b"<i2 (1, 1, 3)" + b"\x01\x00\xfe\xff\x03\x00"
        assert hashes.content_hash(Image(pixels, 12)) == hashlib.sha256(text).hexdigest()

    def test_the_order_of_bytes_and_of_axes_in_memory_does_not_show(self):
        pixels = noise("u2", (2, 5, 7))
        found = {
            hashes.content_hash(image_of(same))
            for same in (pixels, pixels.astype(">u2"), np.asfortranarray(pixels))
        }
        assert len(found) == 1

    def test_every_difference_shows(self):
        pixels = np.zeros((1, 2, 3), np.uint8)
        changed = pixels.copy()
        changed[0, 1, 2] = 1
        others = [changed, pixels.astype("i1"), pixels.reshape(1, 3, 2), pixels.reshape(2, 1, 3)]
        assert len({hashes.content_hash(image_of(one)) for one in (pixels, *others)}) == 5


class TestPerceptual:
    def test_is_the_library_s(self):
        pixels = scan(1, (64, 64))
        pixels[0, :2] = 0, 255
        expected = int(str(imagehash.phash(PillowImage.fromarray(pixels))), 16)
        assert hashes.perceptual_hash(image_of(pixels[None])) == expected

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_of_every_kind_of_image(self, dtype, shape):
        code = hashes.perceptual_hash(image_of(noise(dtype, shape)))
        assert code is None or 0 <= code < 1 << hashes.BITS
        assert (code is None) == (shape == (1, 1, 1))

    def test_is_near_for_what_looks_alike_and_far_for_what_does_not(self):
        first = cv2.GaussianBlur(scan(1, (96, 96)), (0, 0), 1)
        smaller = cv2.resize(first, (48, 48), interpolation=cv2.INTER_AREA)
        jpeg = cv2.imdecode(cv2.imencode(".jpg", first, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0)
        deep = first.astype(np.int16) * 7 - 900
        other = np.roll(first, 30, 1)
        code = hashes.perceptual_hash(image_of(first[None]))
        near, far = (
            [(hashes.perceptual_hash(image_of(p[None])) ^ code).bit_count() for p in pixels]
            for pixels in ((smaller, jpeg, deep), (other, first.T[::-1, ::2]))
        )
        assert max(near) <= 10 < min(far)

    def test_padding_does_not_show(self):
        bare = scan(2, (32, 32)).astype(np.int16) + 10
        bare[10, 10] = 10
        padding = np.zeros((1, 32, 32), bool)
        padding[0, :4] = True
        filled = bare.copy()
        filled[:4] = 10
        bare[:4] = -2000
        padded = hashes.perceptual_hash(image_of(bare[None], padding=padding))
        assert padded == hashes.perceptual_hash(image_of(filled[None]))

    @pytest.mark.parametrize("value", [0, 7])
    def test_a_blank_image_has_none(self, value):
        assert hashes.perceptual_hash(image_of(np.full((2, 9, 9), value, np.uint8))) is None

    def test_without_its_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "imagehash", None)
        with pytest.raises(MissingExtra, match=r"pip install 'mapreduce-imaging\[clean\]'"):
            hashes.check()


CODES = st.integers(0, (1 << hashes.BITS) - 1)


@given(CODES, st.integers(0, 10), st.data())
def test_hashes_that_are_near_share_a_band(code, distance, data):
    flipped = data.draw(st.sets(st.integers(0, hashes.BITS - 1), max_size=distance))
    other = code ^ sum(1 << bit for bit in flipped)
    ours, theirs = hashes.bands(code, distance), hashes.bands(other, distance)
    assert len(ours) == distance + 1
    assert any(one == two for one, two in zip(ours, theirs, strict=True))


@given(CODES, st.integers(0, 10))
def test_bands_are_all_of_the_hash(code, distance):
    edges = [hashes.BITS * i // (distance + 1) for i in range(distance + 1)]
    bands = hashes.bands(code, distance)
    assert sum(band << low for low, band in zip(edges, bands, strict=True)) == code


@pytest.mark.parametrize("distance", [0, 1, 4, 10])
def test_components_are_those_of_all_pairs(distance):
    """By SciPy, of every pair compared; ours by bands, in any order."""
    rng = np.random.default_rng(distance)
    centres = rng.integers(0, 1 << 63, 12, np.uint64)
    codes = [
        int(centre) ^ sum(1 << int(bit) for bit in rng.integers(0, 64, rng.integers(0, 8)))
        for centre in np.repeat(centres, 8)
    ]
    names = [f"{number:02}.png" for number in rng.permutation(len(codes))]
    near = [[(a ^ b).bit_count() <= distance for b in codes] for a in codes]
    _, labels = scipy.sparse.csgraph.connected_components(np.array(near))
    first = {part: min(np.array(names)[labels == part]) for part in labels}
    firsts = {name: first[part] for name, part in zip(names, labels, strict=True)}
    expected = {name: one for name, one in firsts.items() if name != one}
    buckets: dict[tuple[int, int], list[int]] = {}
    for index in rng.permutation(len(codes)).tolist():
        for place in enumerate(hashes.bands(codes[index], distance)):
            buckets.setdefault(place, []).append(index)
    pairs = [
        pair
        for members in buckets.values()
        for pair in hashes.near_pairs(
            [codes[i] for i in members], [names[i] for i in members], distance
        )
    ]
    assert hashes.firsts(pairs) == expected
    assert hashes.firsts(pair[::-1] for pair in reversed(pairs)) == expected
    assert len(expected) > 3


def test_a_bucket_gives_no_more_pairs_than_connect_it():
    codes = [0, 1, 2, 3, 4, 0, 0, 7]
    names = list("hgfedcba")
    pairs = list(hashes.near_pairs(codes, names, 2))
    assert len(pairs) == len(codes) - 1
    assert set(hashes.firsts(pairs).values()) == {"a"}
