"""Whatever bytes come, `decode` gives an image or says why not: it neither crashes nor hangs.

Files of each format are damaged, each in a way that its number tells, and read in processes of
their own with little memory and time. For more of them:

    FUZZ_FILES=20000 pytest tests/imaging/test_fuzz.py
"""

import faulthandler
import io
import json
import math
import os
import re
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from mapreduce_jobs.imaging.decode import decode_file
from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.keywords import everything
from mapreduce_jobs.imaging.dicom.series.slice_position import slice_position_of
from mapreduce_jobs.imaging.dicom.series.slices import slices_of
from mapreduce_jobs.imaging.dicom.series.volume import volumes
from mapreduce_jobs.imaging.errors import DecodeError, UnsuitableImage
from tests.imaging.fuzz_seeds import seeds
from tests.support import ROOT

FILES = int(os.environ.get("FUZZ_FILES", "1800"))
PROCESSES = 2
MEMORY = 2 << 30  # bytes of address space
SECONDS = 20  # a file
MAX_PIXELS = 1 << 20
VALUES = ("stored", "modality", "suv", "display")
SENTENCE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{9,300}")

# Damage


def flip(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place] ^= 1 << int(random.integers(8))


def truncate(data: bytearray, random: np.random.Generator, place: int) -> None:
    del data[place:]


def overwrite(data: bytearray, random: np.random.Generator, place: int) -> None:
    """Write numbers that lengths and counts do not expect."""
    numbers = ["00", "0000", "00000000", "ffffffff", "ffff", "ffffff7f", "7fffffff", "01", "0100"]
    number = bytes.fromhex(numbers[random.integers(len(numbers))])
    data[place : place + len(number)] = number


def randomise(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place : place + 4] = random.bytes(4)


def duplicate(data: bytearray, random: np.random.Generator, place: int) -> None:
    data[place:place] = data[place : place + int(random.integers(1, 200))]


def remove(data: bytearray, random: np.random.Generator, place: int) -> None:
    del data[place : place + int(random.integers(1, 200))]


def blank(data: bytearray, random: np.random.Generator, place: int) -> None:
    length = min(int(random.integers(1, 200)), len(data) - place)
    data[place : place + length] = bytes(length)


DAMAGE = [flip, flip, truncate, overwrite, overwrite, randomise, duplicate, remove, blank]


def damaged(data: bytes, seed: int) -> bytes:
    """Return a file with one to four kinds of damage, half of them at its beginning."""
    random = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(random.integers(1, 5)):
        if changed:
            near = random.integers(2) and len(changed) > 600
            place = int(random.integers(600 if near else len(changed)))
            DAMAGE[random.integers(len(DAMAGE))](changed, random, place)
    return bytes(changed)


def files(first: int, step: int) -> Iterator[tuple[int, str, bytes]]:
    """Iterate over every so many-th number, the seed it is made from, and the file."""
    known = seeds()
    names = sorted(known)
    for number in range(first, FILES, step):
        name = names[number % len(names)]
        data, wrap = known[name]
        yield number, name, wrap(data if number < len(names) else damaged(data, number))


# Reading, in a process of its own


def outcome(data: bytes, values: str | None) -> str:
    """Return what comes of a file: an image, an error that may be, or, with !, what may not."""
    try:
        if values is None:
            header = read_header(io.BytesIO(data))
            if header is not None:
                everything(header)
                slice_position_of(header)
            return "header"
        decoded = decode_file(data, MAX_PIXELS, values)
        image = decoded.image
        if decoded.header is not None and values == "modality":
            volumes(slices_of("file", image, decoded.header))
        is_sound = (
            0 < math.prod(image.pixels.shape[:3]) <= MAX_PIXELS
            and 1 <= image.bits <= 8 * image.pixels.dtype.itemsize
            and image.pixels.dtype.isnative
        )
        return "image" if is_sound else f"! {image.pixels.shape}, {image.bits} bits"
    except (DecodeError, UnsuitableImage) as error:
        # One sentence, which a person can read.
        return type(error).__name__ if SENTENCE.fullmatch(str(error)) else f"! {error!r}"
    except Exception as error:
        return f"! {type(error).__name__}: {error}"


def work(first: int, step: int) -> None:
    """Read files, and write a line before each, and one after it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number, name, data in files(first, step):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        found = {str(values): outcome(data, values) for values in (*VALUES, None)}
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps([number, name, found]) + "\n")


def results(first: int) -> Iterator[list]:
    """Iterate over what comes of the files of one process; another goes on where one dies."""
    while first < FILES:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.imaging.test_fuzz", str(first), str(PROCESSES)],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "FUZZ_FILES": str(FILES)},
            capture_output=True,
            text=True,
            errors="replace",
        )
        assert ran.stdout, ran.stderr
        *whole, last = [json.loads(line) for line in ran.stdout.splitlines()]
        yield from (line for line in [*whole, last] if isinstance(line, list))
        if not ran.returncode:
            return
        assert isinstance(last, int), ran.stderr
        yield [last, "?", {"process": f"! ended with {ran.returncode}: {ran.stderr[-300:]}"}]
        first = last + PROCESSES


@pytest.mark.parametrize("first", range(PROCESSES))
def test_damaged_files_give_images_or_errors(first):
    found = list(results(first))
    assert len(found) == len(range(first, FILES, PROCESSES))
    bad = [
        (number, name, values, what)
        for number, name, each in found
        for values, what in each.items()
        if what.startswith("!")
    ]
    assert not bad, "\n".join(map(str, bad))
    # The damage is neither so small that all are read, nor so great that none is.
    kinds = Counter(what for _, _, each in found for what in each.values())
    assert min(kinds["image"], kinds["CorruptImage"], kinds["Truncated"]) > len(found) / 20


if __name__ == "__main__":
    work(*map(int, sys.argv[1:]))
