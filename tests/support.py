"""What several tests need: images, odd names, and commands run as processes."""

import base64
import csv
import io
import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from pydicom.data import get_testdata_file

from hdfs_tools.bundles.record import Record
from mapreduce_jobs.core.inputs.image_reader import Item
from tests.forked import can_fork, fork

ROOT = Path(__file__).resolve().parent.parent
JOBS = ROOT / "mapreduce_jobs"

ODD_NAMES = [
    "with space.png",
    "tab\there.png",
    "new\nline.png",
    "return\rhere.png",
    "100%.png",
    "looks%20encoded.png",
    "quotes'\".png",
    "胸部/左.png",
    "-leading-dash.png",
    ".leading-dot.png",
    "a/b/c/d/e/f/g/h/deep.png",
    "hash#mark?.png",
    "star*[1].png",
    "back\\slash.png",
    "not-utf-8-\udcff.png",
    "no-extension",
    "#bytes=1+2",
]


def rows_with_line_ends(count: int) -> bytes:
    """Return a table of the columns key and x, whose keys hold what means something to tables."""
    texts = ["\n", "\r\n", "a\rb", 'say "x"', ",;", "\t", "胸部", "\n\n1,2\n"]
    text = io.StringIO()
    rows = ((f"{n}{texts[n % len(texts)]}", n % 97) for n in range(count))
    csv.writer(text).writerows([("key", "x"), *rows])
    return text.getvalue().encode()


@dataclass
class Ran:
    """A process that has ended."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[bytes]:
        """Lines of standard output, sorted."""
        return sorted(self.stdout.splitlines())


def run(
    *command: object, stdin: bytes = b"", cwd: str | Path | None = None, env: dict | None = None
) -> Ran:
    """Run a command to its end."""
    words = [os.fspath(word) if isinstance(word, Path) else str(word) for word in command]
    environment = {**os.environ, **{name: str(value) for name, value in (env or {}).items()}}
    if can_fork(words, environment):
        folder = os.fspath(cwd or os.getcwd())
        status, stdout, stderr = fork(words[1:], stdin, folder, environment, timeout=300)
    else:
        ended = subprocess.run(
            words, input=stdin, capture_output=True, cwd=cwd, env=environment, timeout=300
        )
        status, stdout, stderr = ended.returncode, ended.stdout, ended.stderr
    return Ran(status, stdout, stderr.decode())


def on_a_terminal(*command: object, cwd: Path, stdin_is_terminal: bool = False) -> tuple[str, int]:
    """Run a command whose standard error is a terminal; return what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        stdin=theirs if stdin_is_terminal else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as job:
        os.close(theirs)
        if stdin_is_terminal:
            os.write(ours, b"\x04")  # end of input
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
    os.close(ours)
    return shown.decode(), job.returncode


def results(ran: Ran) -> dict:
    """Return the lines of a job's result by key."""
    pairs = [line.decode().split("\t") for line in ran.stdout.splitlines()]
    return {json.loads(key): json.loads(value) for key, value in pairs}


def png(pixels: np.ndarray) -> bytes:
    """Encode as PNG, 8 or 16 bits."""
    return bytes(cv2.imencode(".png", pixels)[1])


def item(data: bytes) -> Item:
    """Return an image as a map task is given it."""
    return Item(Record("image", base64.b64encode(data)))


def dicom(name: str) -> bytes:
    """Return a file of pydicom's test data."""
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def scan(seed: int, shape: tuple[int, int] = (48, 64), dtype: type = np.uint8) -> np.ndarray:
    """Return grey levels with structure and noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    disc = (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < (min(shape) / 3) ** 2
    top = np.iinfo(dtype).max
    return np.clip(disc * top * 0.6 + rng.normal(top / 5, top / 20, shape), 0, top).astype(dtype)


def good_versions() -> dict[str, bytes]:
    """Return images of several kinds under plain and odd names."""
    colour = np.dstack([scan(1), scan(2), scan(3)])
    gif = io.BytesIO()
    PillowImage.fromarray(scan(4)).save(
        gif, "GIF", save_all=True, append_images=[PillowImage.fromarray(scan(5))]
    )
    images = {
        "ct/small.dcm": dicom("CT_small.dcm"),
        "ct/jpeg2000.dcm": dicom("693_J2KI.dcm"),
        "mr/small.dcm": dicom("MR_small.dcm"),
        "us/rgb": dicom("examples_rgb_color.dcm"),
        "us/frames.dcm": dicom("examples_ybr_color.dcm"),
        "png/deep.png": png(scan(6, dtype=np.uint16)),
        "png/colour.png": png(colour),
        "png/deep colour.png": png(colour.astype(np.uint16) * 257),
        "gif/two frames.gif": gif.getvalue(),
        "jpeg/colour.jpg": bytes(cv2.imencode(".jpg", colour)[1]),
        "tiff/wrong-name.png": bytes(cv2.imencode(".tiff", scan(7))[1]),
    }
    return images | {name: png(scan(10 + i)) for i, name in enumerate(ODD_NAMES)}


def broken_versions() -> dict[str, bytes]:
    """Return files that are not whole images, one for each way to be broken."""
    whole = png(scan(99, (256, 256)))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    bomb = io.BytesIO()
    PillowImage.new("1", (40_000, 30_000)).save(bomb, "PNG", compress_level=1)
    files = {
        "empty.png": b"",
        "text.png": b"The patient was seen at 10 o'clock.\n" * 9,
        "bomb.png": bomb.getvalue(),
        "checksum.png": bytes(flipped),
        "report.dcm": dicom("reportsi.dcm"),
        "short.dcm": dicom("MR_truncated.dcm"),
    }
    for tenth in range(1, 10):
        files[f"truncated {tenth}.png"] = whole[: len(whole) * tenth // 10]
    return files


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files, with the folders they need."""
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    return folder


def write_collection(folder: Path) -> Path:
    """Write good and broken images, a dangling link, a loop and a pipe."""
    broken = {f"broken/{name}": data for name, data in broken_versions().items()}
    write_tree(folder, good_versions() | broken)
    (folder / "broken" / "dangling").symlink_to("nowhere")
    (folder / "broken" / "loop").symlink_to(folder)
    os.mkfifo(folder / "broken" / "pipe")
    return folder
