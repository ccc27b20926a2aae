"""The predictors of lossless JPEG (ITU-T T.81, H.1.2.1) and back. NumPy's uint16 are modulo 2¹⁶."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["Samples", "differences", "undone"]

Samples = npt.NDArray[np.uint16]


def differences(samples: Samples, predictor: int) -> Samples:
    """Return the differences of samples to what is predicted for them.

    Parameters
    ----------
    samples : ndarray of uint16, shape (rows, columns)
        One of a pixel.
    predictor : int
        As `undone` has it.

    Returns
    -------
    ndarray of uint16, shape (rows, columns)
        Modulo 2¹⁶; the first is the sample itself.

    Examples
    --------
    >>> differences(np.uint16([[128, 129, 130], [130, 131, 130]]), predictor=1).tolist()
    [[128, 1, 1], [2, 1, 65535]]
    """
    found = np.empty_like(samples)
    left, above, corner = samples[1:, :-1], samples[:-1, 1:], samples[:-1, :-1]
    np.subtract(samples[1:, 1:], _predicted(left, above, corner, predictor), out=found[1:, 1:])
    np.subtract(samples[1:, 0], samples[:-1, 0], out=found[1:, 0])
    np.subtract(samples[0, 1:], samples[0, :-1], out=found[0, 1:])
    found[0, 0] = samples[0, 0]
    return found


def _predicted(left: Samples, above: Samples, corner: Samples, predictor: int) -> Samples:
    if predictor <= 3:
        return (left, above, corner)[predictor - 1]
    if predictor == 4:
        return left + above - corner
    # Halves are of numbers with a sign.
    a, b, c = (samples.astype(np.int32) for samples in (left, above, corner))
    found = {5: a + (b - c >> 1), 6: b + (a - c >> 1), 7: a + b >> 1}[predictor]
    return found.astype(np.uint16)


def undone(differences: Samples, predictor: int, middle: int) -> Samples:
    """Return samples from their differences to what was predicted.

    Whatever the predictor, the first row is predicted from the left, the first column from above.

    Parameters
    ----------
    differences : ndarray of uint16, shape (rows, columns)
        Modulo 2¹⁶.
    predictor : int
        1 to 7, by Table H.1: with a the sample to the left, b above and c above left, these are
        a, b, c, a + b − c, a + (b − c) / 2, b + (a − c) / 2 and (a + b) / 2, rounded down.
    middle : int
        What is predicted for the first sample.

    Returns
    -------
    ndarray of uint16, shape (rows, columns)

    Examples
    --------
    >>> undone(np.uint16([[0, 1, 1], [2, 1, 65535]]), predictor=1, middle=128).tolist()
    [[128, 129, 130], [130, 131, 130]]
    """
    samples = differences.copy()
    samples[:1, 0] += np.uint16(middle)
    samples[0] = np.cumsum(samples[0], dtype=np.uint16)
    if predictor == 1:
        samples[:, 0] = np.cumsum(samples[:, 0], dtype=np.uint16)
        samples[1:] = np.cumsum(samples[1:], axis=1, dtype=np.uint16)
    elif predictor == 2:
        samples = np.cumsum(samples, axis=0, dtype=np.uint16)
    elif predictor == 4:
        samples[1:] = np.cumsum(samples[1:], axis=1, dtype=np.uint16)
        samples = np.cumsum(samples, axis=0, dtype=np.uint16)
    else:
        for above, row in pairwise(samples):
            _undo_row(row, above, predictor)
    return samples


def _undo_row(row: Samples, above: Samples, predictor: int) -> None:
    row[:1] += above[:1]
    if predictor == 3:
        row[1:] += above[:-1]
        return
    if predictor == 5:
        wide = above.astype(np.int64)
        row[1:] += ((wide[1:] - wide[:-1]) >> 1).astype(np.uint16)
        np.cumsum(row, dtype=np.uint16, out=row)
        return
    left = int(row[0])
    values, over = row.tolist(), above.tolist()
    for index in range(1, len(values)):
        if predictor == 6:
            predicted = over[index] + (left - over[index - 1] >> 1)
        else:
            predicted = left + over[index] >> 1
        left = values[index] = values[index] + predicted & 0xFFFF
    row[:] = values
