"""docs/formats.md says what the code does. If not: python examples/formats.py."""

import runpy

import pytest

from tests.support import ROOT

FORMATS = runpy.run_path(str(ROOT / "examples/formats.py"))
PAGE = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
FOLDERS = [
    (package, folder) for package, folders in FORMATS["DIRECTORIES"].items() for folder in folders
]


@pytest.mark.parametrize(("package", "folder"), FOLDERS)
def test_what_comes_of_the_files_of_a_folder(package, folder):
    pytest.importorskip(package)
    _, _, table = PAGE.partition(f"## {package}/{folder}\n\n")
    on_page = {name: line for line in table.partition("\n\n")[0].splitlines() if (name := of(line))}
    rows = list(FORMATS["rows"](package, folder))
    missing = [outcome for _, _, outcome in rows if outcome.startswith("MissingExtra")]
    _, _, *lines = FORMATS["table"](("file", "format", "what comes of it"), rows).splitlines()
    if is_of_the_page(package):
        assert set(map(of, lines)) == set(on_page) - {"file", "---"}
    for line in lines:
        expected = on_page.get(of(line), line)
        # The page is made with all extras.
        assert line == expected or "| MissingExtra: " in line
    if missing:
        pytest.skip(f"an extra is missing for {len(missing)} files: {missing[0]}")


def of(line):
    """Return the first cell of a line."""
    return line.strip("|").split("|")[0].strip()


def is_of_the_page(package):
    """Tell whether the page is about the version that is installed: others bring other files."""
    return f"{package} {FORMATS['minor_version'](package)}" in PAGE


def test_what_stands_before_the_tables():
    if all(map(is_of_the_page, FORMATS["DIRECTORIES"])):
        assert PAGE.startswith(FORMATS["introduction"]())
