"""Segmentation: a threshold, the nearest of requested means, k-means, connected components."""

from dataclasses import replace
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import fitted
from mapreduce_jobs.imaging.arrays.masking import continued, emptying_padding, measured
from mapreduce_jobs.imaging.arrays.parameters import Between, Rows, Size
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures import clustering, levels

__all__ = ["classify", "components", "kmeans", "threshold"]

_MAX_CLASSES = 256  # labels are 8 bits
_MAX_COMPONENTS = 65535  # and here 16

Classes = Annotated[int, Between(least=1, most=_MAX_CLASSES)]
Seed = Annotated[int, Between(least=0)]


def threshold(
    image: Image,
    *,
    method: Literal["value", "otsu"] = "value",
    value: float | None = None,
) -> Image:
    """Make a mask of the pixels whose grey level is above a threshold.

    Colour becomes luma. A stack has one threshold. A level equal to the threshold, and one that
    is not a number, is not above it. Otsu's method (IEEE Trans. Syst. Man Cybern. 9, 1979) takes
    the threshold that makes the variance between the classes greatest: on every single level of
    integers of up to 16 bits, on 256 bins between the least and the greatest level of others,
    as scikit-image does with floats.

    Parameters
    ----------
    image : Image
        Any dtype.
    method : {"value", "otsu"}, optional
        A requested value, or Otsu's method.
    value : float, optional
        The threshold, in the unit of the pixels; for the method value.

    Returns
    -------
    Image
        uint8: 255 above the threshold, 0 else. The threshold is in the note ``threshold``.

    Raises
    ------
    BadParameter
        A value is missing, or requested for another method.
    UnsuitableImage
        Otsu's method, and no pixel is a finite number.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 3, 15, 21]]]), bits=8)
    >>> threshold(image, value=15).pixels.tolist()
    [[[0, 0, 0, 255]]]
    >>> found = threshold(image, method="otsu")  # 2 · 2 · (18 − 1.5)² is the most
    >>> found.pixels.tolist(), found.notes["threshold"]
    ([[[0, 0, 255, 255]]], 3.0)
    """
    if method == "otsu":
        if value is not None:
            raise BadParameter("value is for method=value: method=otsu finds it")
        value = levels.otsu(grey(measured(image)))
    elif value is None:
        raise BadParameter("say value=…, or method=otsu to have it found")
    above = grey(image) > value
    if image.padding is not None:
        above &= ~image.padding
    return _labelled(above * np.uint8(255), image, 8, "threshold", float(value))


@emptying_padding
def classify(image: Image, *, means: Rows, show: Literal["means", "labels"] = "means") -> Image:
    """Give each pixel to the class whose mean is nearest: argmin over k of ‖x − μ_k‖.

    Of means equally near, the first. With means of one number grey levels are classified, and
    colour becomes luma; with means of three, colours.

    Parameters
    ----------
    image : Image
        Any dtype.
    means : Rows
        One mean a row: a grey level as in 10;80;200, or red, green, blue as in 255,0,0;0,0,255.
        At most 256.
    show : {"means", "labels"}, optional
        What a pixel becomes: the mean of its class, or the number of its class from 0.

    Returns
    -------
    Image
        The image's dtype for means, uint8 for labels. How many pixels each class has is in the
        note ``classify``.

    Raises
    ------
    BadParameter
        The rows are neither of one nor of three numbers each, or there are too many.
    UnsuitableImage
        A grey image has no nearest colour; a pixel that is not a finite number has no nearest
        mean.

    Examples
    --------
    The middle between 10 and 80 is 45, which goes to the first.

    >>> image = Image(np.uint8([[[0, 45, 46, 255]]]), bits=8)
    >>> found = classify(image, means=((10,), (80,), (200,)))
    >>> found.pixels.tolist(), found.notes["classify"]
    ([[[10, 10, 80, 200]]], {'sizes': [2, 1, 1]})
    """
    lengths = {len(mean) for mean in means}
    if lengths not in ({1}, {3}):
        raise BadParameter("each row of means must be one grey level, or red, green and blue")
    if len(means) > _MAX_CLASSES:
        raise BadParameter(f"there are {len(means)} means, more than {_MAX_CLASSES}")
    if lengths == {3} and not image.is_colour:
        raise UnsuitableImage("the means are colours and this image is grey")
    if lengths == {1}:
        image = replace(image, pixels=grey(image))
    centres = np.array(means, np.float64)
    labels = clustering.nearest(_samples(continued(image)), centres)
    known = labels if image.padding is None else labels[~image.padding.ravel()]
    sizes = np.bincount(known, minlength=len(means)).tolist()
    return _shown(labels, centres, image, show, "classify", {"sizes": sizes})


@emptying_padding
def kmeans(
    image: Image,
    *,
    k: Classes,
    seed: Seed = 0,
    iterations: Size = 100,
    show: Literal["means", "labels"] = "means",
) -> Image:
    """Find k classes of grey levels or colours by k-means, and give each pixel to its class.

    A stack has its classes in common; colours are clustered as red, green, blue. The start is by
    k-means++; then each pixel is assigned to its nearest mean and each mean becomes the middle
    of its pixels (Lloyd's algorithm) until no mean changes. It finds a local minimum of the sum of
    ‖x − μ‖², the inertia: another seed may find a lower one.

    Parameters
    ----------
    image : Image
        Any dtype.
    k : int
        How many classes, at most 256.
    seed : int, optional
        Of the random start; the same seed gives the same result.
    iterations : int, optional
        Most rounds.
    show : {"means", "labels"}, optional
        What a pixel becomes: the mean of its class, or the number of its class from 0, by rising
        mean (of colours, by the mean's luma).

    Returns
    -------
    Image
        The image's dtype for means, uint8 for labels. The note ``kmeans`` has the means, sizes,
        inertia and rounds.

    Raises
    ------
    UnsuitableImage
        There are fewer than k different values, or one that is not a finite number.

    Examples
    --------
    >>> found = kmeans(Image(np.uint8([[[0, 2, 10, 12]]]), bits=8), k=2)
    >>> found.pixels.tolist(), found.notes["kmeans"]["inertia"]  # 4 · 1²
    ([[[1, 1, 11, 11]]], 4.0)
    """
    known = measured(image)
    points: Pixels = _samples(known)
    weights: npt.NDArray[np.int64] | None = None
    if not image.is_colour:
        values, weights = levels.distinct(known.pixels)
        points = values[:, np.newaxis]
    start = clustering.plus_plus_start(points, k, seed, weights)
    means, rounds = clustering.lloyd(points, start, iterations, weights)
    means = _by_luma(means)
    sums = clustering.class_sums(points, means, weights)
    note = {
        "means": means.tolist() if image.is_colour else means[:, 0].tolist(),
        "sizes": sums.count.tolist(),
        "inertia": sums.inertia(means),
        "rounds": rounds,
    }
    labels = clustering.nearest(_samples(continued(image)), means)
    return _shown(labels, means, image, show, "kmeans", note)


def components(image: Image, *, connectivity: Literal[4, 8] = 8, min_area: Size = 1) -> Image:
    """Label the connected components of the pixels that are not 0.

    Each frame by itself. In a colour image a pixel is 0 where all three channels are. What is
    not a number (NaN) counts as 0.

    Parameters
    ----------
    image : Image
        Any dtype; a mask, as threshold gives it.
    connectivity : {4, 8}, optional
        Neighbours of a pixel: 4 that share a side, or also the 4 that share a corner.
    min_area : int, optional
        Smaller components, in pixels, are left out.

    Returns
    -------
    Image
        uint16: 0 outside, 1, 2, … in the order in which rows read from above meet a component.
        The note ``components`` has the areas in pixels; of a stack, a list for each frame.

    Raises
    ------
    UnsuitableImage
        A frame has more than 65535 components.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 9, 0, 9], [9, 0, 0, 9], [0, 0, 0, 9]]]), bits=8)
    >>> found = components(image)  # 9s that touch at a corner belong together
    >>> found.pixels.tolist(), found.notes["components"]
    ([[[0, 1, 0, 2], [1, 0, 0, 2], [0, 0, 0, 2]]], [2, 3])
    >>> components(image, connectivity=4, min_area=2).notes["components"]
    [3]
    """
    labelled, areas = [], []
    for index, frame in enumerate(image.pixels):
        foreground = (frame != 0) & (frame == frame)  # NaN differs from itself
        if image.is_colour:
            foreground = foreground.any(axis=-1)
        if image.padding is not None:
            foreground &= ~image.padding[index]
        labels, sizes = _components(foreground, connectivity, min_area)
        labelled.append(labels)
        areas.append(sizes)
    note = areas[0] if len(areas) == 1 else areas
    return _labelled(np.stack(labelled), image, 16, "components", note)


def _components(
    foreground: npt.NDArray[np.bool_], connectivity: int, min_area: int
) -> tuple[npt.NDArray[np.uint16], list[int]]:
    count, labels = cv2.connectedComponents(
        foreground.astype(np.uint8), connectivity=connectivity, ltype=cv2.CV_32S
    )
    flat = labels.ravel()
    areas = np.bincount(flat, minlength=count)
    first = np.zeros(count, np.intp)
    first[flat[::-1]] = np.arange(flat.size)[::-1]  # the last one written stays
    # OpenCV labels two rows at a time, and so in another order.
    in_order = np.argsort(first[1:]) + 1
    kept = in_order[areas[in_order] >= min_area]
    if len(kept) > _MAX_COMPONENTS:
        raise UnsuitableImage(
            f"it has {len(kept)} components, more than {_MAX_COMPONENTS}: leave out the small"
            " ones with min_area=…"
        )
    numbers = np.zeros(count, np.uint16)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return numbers[labels], areas[kept].tolist()


def _samples(image: Image) -> Pixels:
    """Return the pixels one below the other."""
    return levels.finite(image.pixels).reshape(-1, 3 if image.is_colour else 1)


def _by_luma(means: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    luma = grey(Image(means[np.newaxis, :, np.newaxis], 64)).ravel() if means.shape[1] == 3 else 0
    keys = (*means.T[::-1], np.broadcast_to(luma, len(means)))  # the last key is the first
    return means[np.lexsort(keys)]


def _shown(
    labels: npt.NDArray[np.uint8],
    means: npt.NDArray[np.float64],
    image: Image,
    show: str,
    name: str,
    note: object,
) -> Image:
    if show == "labels":
        return _labelled(labels.reshape(image.pixels.shape[:3]), image, 8, name, note)
    colours = fitted(means, image).pixels
    values = colours[labels].reshape(image.pixels.shape)
    return replace(image, pixels=values, notes={**image.notes, name: note})


def _labelled(pixels: Pixels, image: Image, bits: int, name: str, note: object) -> Image:
    """Return an image of labels, whose values no longer mean what those of the image did."""
    notes = {**image.notes, name: note}
    return replace(image, pixels=pixels, bits=bits, unit="stored", notes=notes)
