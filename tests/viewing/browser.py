"""Pages opened in a real browser, as a desktop and a phone show them, with nothing behind them.

What tests use::

    def test_a_page(open_page, screenshot, tmp_path):
        page = open_page(tmp_path / "page.html", "phone", "dark")
        assert page.locator("h1").inner_text() == "Report"
        screenshot(page, "report-phone-dark")

A test fails if a page of its had an error, or asked for anything but itself; see `open_page`.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}
EVERY_LOOK = [("desktop", "light"), ("phone", "dark")]
"""What pages are looked at with: for ``parametrize(("device", "scheme"), EVERY_LOOK)``."""

_COMMANDS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _unavailable(reason: str) -> NoReturn:
    """Skip, or fail where pages have to be tested (`.ci/run`)."""
    if os.environ.get("MAPREDUCE_IMAGING_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


# Of a module, not of the session: for as long as it is there, no other test could run a loop of
# asyncio in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _unavailable("pages are tested with playwright: pip install 'mapreduce-imaging[test]'")
    command = next(filter(None, map(shutil.which, _COMMANDS)), None)
    if command is None:
        _unavailable("pages are tested in Chromium: apt-get install chromium")
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else _FLAGS
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=command, args=flags)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file in the browser: ``open_page(path, device="desktop", scheme="light")``.

    Returns playwright's page. The test fails at its end if there was an error on the console, an
    exception, or a request for anything but the file itself (and ``data:``, which is no request).
    """
    contexts = []
    problems: list[str] = []

    def opened(path: Path, device: str = "desktop", scheme: str = "light") -> Any:
        context = browser.new_context(**DEVICES[device], color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        address = path.resolve().as_uri()

        def on_console(message: Any) -> None:
            if message.type == "error":
                problems.append(f"console: {message.text}")

        def on_request(request: Any) -> None:
            if request.url.partition("#")[0] != address and not request.url.startswith("data:"):
                problems.append(f"request: {request.url[:200]}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
        page.on("request", on_request)
        page.goto(address, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[..., Path]:
    """Write what a page looks like, as a PNG, whole: ``screenshot(page, name)``.

    It is in the test's own folder or, to be looked at, in the one that the environment variable
    SCREENSHOTS names.
    """

    def written(page: Any, name: str, full_page: bool = True) -> Path:
        folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=full_page)
        return path

    return written


def overflow(page: Any) -> int:
    """Return by how many pixels a page is wider than its device; 0 if it is not."""
    width = page.evaluate("document.documentElement.scrollWidth")
    return max(0, width - page.viewport_size["width"])


def expect(found: Any) -> Any:
    """Return playwright's own assertions about a page or a part of it, which wait for a while."""
    from playwright.sync_api import expect

    return expect(found)
