"""What several tests need: real and generated images, odd names, and jobs run as processes."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from pydicom.data import get_testdata_file

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


def run(*command: object, stdin: bytes = b"", cwd: object = None, env: dict | None = None) -> Ran:
    """Run a command to its end."""
    ended = subprocess.run(
        [os.fspath(word) if isinstance(word, Path) else str(word) for word in command],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=300,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr.decode())


@pytest.fixture
def command() -> Callable[..., Ran]:
    """Run any command as a process."""
    return run


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Ran]:
    """Run a job's file as a process, from a working directory that is not the project's."""

    def run_job(name: str, *arguments: object, cwd: object = tmp_path, **kwargs: object) -> Ran:
        return run(sys.executable, JOBS / f"{name}.py", *arguments, cwd=cwd, **kwargs)

    return run_job


def png(pixels: np.ndarray) -> bytes:
    """Encode as PNG, 8 or 16 bits."""
    return bytes(cv2.imencode(".png", pixels)[1])


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


@pytest.fixture(scope="session")
def good_images() -> dict[str, bytes]:
    """Images of several kinds under plain and odd names."""
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
    PillowImage.new("1", (60_000, 60_000)).save(bomb, "PNG")
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


@pytest.fixture(scope="session")
def broken_images() -> dict[str, bytes]:
    """Files that are not whole images."""
    return broken_versions()


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files, with the folders they need."""
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    return folder


@pytest.fixture
def tree() -> Callable[[Path, dict[str, bytes]], Path]:
    """Write a folder of files."""
    return write_tree


@pytest.fixture(scope="session")
def good_folder(tmp_path_factory: pytest.TempPathFactory, good_images: dict[str, bytes]) -> Path:
    """A folder of good images; not to be written to."""
    return write_tree(tmp_path_factory.mktemp("good"), good_images)


@pytest.fixture(scope="session")
def collection(
    tmp_path_factory: pytest.TempPathFactory,
    good_images: dict[str, bytes],
    broken_images: dict[str, bytes],
) -> Path:
    """A folder of good and broken images, a dangling link, a pipe; not to be written to."""
    folder = tmp_path_factory.mktemp("collection")
    write_tree(folder, good_images | {f"broken/{name}": d for name, d in broken_images.items()})
    (folder / "broken" / "dangling").symlink_to("nowhere")
    (folder / "broken" / "loop").symlink_to(folder)
    os.mkfifo(folder / "broken" / "pipe")
    return folder


@pytest.fixture
def without_privileges() -> list[str]:
    """What to put before a command so that file permissions hold for it, root or not."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "as root, the test of permissions needs setpriv (util-linux)"
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
