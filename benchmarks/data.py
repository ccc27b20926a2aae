"""Generated images and text: seeded, the same in every run, made once and then reused.

Image *n* and block *n* of the text follow from the seed and *n* alone, so that any number of
processes write the same bytes, and a small collection is the beginning of a large one.
"""

import multiprocessing.pool
import signal
import tempfile
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "dicom_directory",
    "image_directory",
    "made_by_number",
    "random_file",
    "read_through",
    "scan",
    "table_file",
    "text_file",
]

_SEED = 20240229
_SIDE = 512
_SLICES = 120  # a series
_PROCESSES = 2

_FEATURES = 10
_ROWS_AT_ONCE = 10_000

_VOCABULARY = 200_000
_WORDS_A_LINE = 16  # some 80 bytes
_LINES_A_BLOCK = 10_000
_ONSETS = ("", "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "ß", "č", "ш", "胸")
_VOWELS = ("a", "e", "i", "o", "u", "ä", "é", "ö", "ü", "и", "部")
_CODAS = ("", "n", "r", "s", "st")


def scan(number: int, bits: int) -> npt.NDArray[np.unsignedinteger]:
    """Return one image that resembles a slice: a body, organs, and the scanner's noise.

    Parameters
    ----------
    number : int
        Which image.
    bits : int
        Bits used of a pixel.

    Returns
    -------
    ndarray, shape (512, 512)
        uint8 for up to 8 bits, uint16 for more.
    """
    rng = np.random.default_rng([_SEED, number])

    def ellipse(spread: int, smallest: int, largest: int, level: float) -> None:
        x, y = (_SIDE // 2 + rng.integers(-spread, spread + 1, 2)).tolist()
        axes = rng.integers(smallest, largest, 2).tolist()
        cv2.ellipse(tissue, (x, y), axes, rng.uniform(0, 180), 0, 360, level, cv2.FILLED)

    tissue = np.full((_SIDE, _SIDE), 12, np.float32)
    ellipse(20, 130, 220, 110)
    for _ in range(rng.integers(6, 14)):
        ellipse(110, 8, 60, rng.uniform(30, 230))
    noise = rng.standard_normal(tissue.shape, np.float32) * rng.uniform(3, 8)
    stop = 1 << bits
    levels = (cv2.GaussianBlur(tissue, (0, 0), 1.5) + noise) * (stop / 256)
    pixels = np.clip(np.rint(levels), 0, stop - 1)
    return pixels.astype(np.uint8 if bits <= 8 else np.uint16)


def image_directory(data: Path, images: int, bits: int) -> Path:
    """Return a directory of grey PNG, written if it is not there yet.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    images : int
        How many.
    bits : int
        Bits used of a pixel; more than 8 make 16-bit files.
    """

    return made_by_number(data / f"grey-{bits}bit-{images}", images, _write_scan, bits)


def _write_scan(directory: Path, bits: int, number: int) -> None:
    encoded = cv2.imencode(".png", scan(number, bits))[1]
    (directory / f"scan-{number:06d}.png").write_bytes(encoded.tobytes())


def dicom_directory(data: Path, files: int) -> Path:
    """Return a directory of CT slices, written if it is not there yet.

    They are pydicom's own small CT, 128×128 and 250 elements, with other UIDs, numbers, slice
    positions.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    files : int
        How many.
    """

    return made_by_number(data / f"ct-{files}", files, _write_slice)


def _write_slice(directory: Path, number: int) -> None:
    import pydicom  # slow, and for these benchmarks alone
    from pydicom.data import get_testdata_file
    from pydicom.uid import UID

    series, number_in_series = divmod(number, _SLICES)
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    dataset.SOPInstanceUID = UID(f"1.2.3.{number}.1")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SeriesInstanceUID = UID(f"1.2.3.{series}")
    dataset.PatientID = f"patient {series}"
    dataset.InstanceNumber = number_in_series + 1
    dataset.SliceThickness = f"{0.5 + series % 9 / 2:.2f}"
    dataset.ImagePositionPatient = ["-158.13", "-179.03", f"{-75.5 + 2.5 * number_in_series:.2f}"]
    dataset.save_as(directory / f"slice-{number:06d}.dcm")


def text_file(data: Path, megabytes: int) -> Path:
    """Return a text of Zipf-distributed words, written if it is not there yet.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    megabytes : int
        Size, in 10⁶ bytes; at most a line less.
    """

    def write(path: Path) -> None:
        _zipf()  # before the processes are forked, which so have it too
        left = megabytes * 1_000_000
        with open(path, "wb") as file, _pool() as workers:
            for first in count(step=4 * _PROCESSES):
                for block in workers.map(_text_block, range(first, first + 4 * _PROCESSES), 1):
                    if len(block) > left:
                        file.write(block[: block.rfind(b"\n", 0, left) + 1])
                        return
                    file.write(block)
                    left -= len(block)

    return _made_once(data / f"text-{megabytes}mb.txt", write)


def random_file(data: Path, megabytes: int) -> Path:
    """Return a file of random bytes, written if it is not there yet.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    megabytes : int
        Size, in 10⁶ bytes.
    """

    def write(path: Path) -> None:
        rng = np.random.default_rng(_SEED)
        with open(path, "wb") as file:
            for _ in range(megabytes):
                file.write(rng.bytes(1_000_000))

    return _made_once(data / f"random-{megabytes}mb", write)


def table_file(data: Path, rows: int) -> Path:
    """Return a CSV file of rows on which y follows from ten x, written if it is not there yet.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    rows : int
        How many.
    """

    def write(path: Path) -> None:
        rng = np.random.default_rng(_SEED)
        theta = rng.normal(size=_FEATURES)
        with open(path, "w") as file:
            names = [f"x{number}" for number in range(_FEATURES)]
            file.write(",".join(["name", *names, "y"]) + "\n")
            for start in range(0, rows, _ROWS_AT_ONCE):
                count = min(_ROWS_AT_ONCE, rows - start)
                x = rng.normal(100, rng.uniform(1, 30, _FEATURES), (count, _FEATURES))
                y = x @ theta + 7 + rng.normal(size=count)
                for number, row in enumerate(np.column_stack([x, y]).tolist(), start):
                    file.write(f"scan-{number:07d}," + ",".join(f"{v:.6f}" for v in row) + "\n")

    return _made_once(data / f"table-{rows}.csv", write)


def _text_block(number: int) -> bytes:
    words, upper = _zipf()
    rng = np.random.default_rng([_SEED, number])
    ranks = np.searchsorted(upper, rng.random((_LINES_A_BLOCK, _WORDS_A_LINE)), side="right")
    return "".join(" ".join(line) + "\n" for line in words[ranks].tolist()).encode()


@cache
def _zipf() -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Return the words by rank, and the upper ends of their shares of [0, 1)."""
    shares = 1 / np.arange(1, _VOCABULARY + 1)
    upper = np.cumsum(shares / shares.sum())
    upper[-1] = 1
    return np.array([_word(rank) for rank in range(_VOCABULARY)], object), upper


def _word(rank: int) -> str:
    """Return the word of a rank; the frequent ones are short, and no two are the same."""
    rest, coda = divmod(rank, len(_CODAS))
    syllables = []
    while True:
        rest, vowel = divmod(rest, len(_VOWELS))
        rest, onset = divmod(rest, len(_ONSETS))
        syllables.append(_ONSETS[onset] + _VOWELS[vowel])
        if not rest:
            return "".join(syllables) + _CODAS[coda]
        rest -= 1


def _pool() -> multiprocessing.pool.Pool:
    """Return processes that make data."""
    # An interrupt is for this process to handle.
    return multiprocessing.Pool(_PROCESSES, signal.signal, (signal.SIGINT, signal.SIG_IGN))


def made_by_number(path: Path, count: int, write: Callable[..., None], *arguments: object) -> Path:
    """Return a directory of numbered files, made if it is not there yet.

    Parameters
    ----------
    path : path
        Where it is to be.
    count : int
        How many files.
    write : callable
        Writes one: ``write(directory, *arguments, number)``.
    *arguments : object
        Of each.
    """

    def write_all(directory: Path) -> None:
        directory.mkdir()
        with _pool() as workers:
            workers.map(partial(write, directory, *arguments), range(count))

    return _made_once(path, write_all)


def _made_once(path: Path, write: Callable[[Path], None]) -> Path:
    """Return `path`; if it is not there, `write` it under another name first, then rename it."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as directory:
        partial_path = Path(directory) / path.name
        write(partial_path)
        partial_path.rename(path)
    return path


def read_through(path: Path) -> int:
    """Read a file, or every file of a directory, so that the system has it in memory.

    Returns
    -------
    int
        Size in bytes.
    """
    size = 0
    for source in path.iterdir() if path.is_dir() else [path]:
        with open(source, "rb") as file:
            while chunk := file.read(1 << 20):
                size += len(chunk)
    return size
