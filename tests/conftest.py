"""Collections of images, good and broken, and jobs run as processes."""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image as PillowImage

from tests.distribution import *  # noqa: F403
from tests.support import JOBS, ODD_NAMES, Ran, broken_versions, dicom, png, run, scan, write_tree

# The same examples each time; how fast it is, benchmarks tell.
settings.register_profile(
    "seeded",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")
pytest.register_assert_rewrite("tests.contracts", "tests.imaging.support")


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


@pytest.fixture(scope="session")
def broken_images() -> dict[str, bytes]:
    """Files that are not whole images."""
    return broken_versions()


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
