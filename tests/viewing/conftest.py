"""Pages, in a real browser too, and the command compare, for the tests in this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Ran
from tests.viewing.browser import browser, open_page, screenshot
from tests.viewing.documents import report
from tests.viewing.printed import printed

__all__ = ["browser", "compare", "open_page", "printed", "report", "screenshot"]


@pytest.fixture
def compare(job: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    """Run the command in the test's folder."""
    return lambda *arguments, **kwargs: job("compare", *arguments, cwd=tmp_path, **kwargs)
