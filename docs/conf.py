"""The site: README.md and docs/ as they are, and the reference of the API from the docstrings."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hdfs_tools
import mapreduce_jobs
from mapreduce_jobs.core.jobs.job import Job

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"  # written by each build
INTERNAL = {"commands", "shell", "sections"}  # packages that are no one else's business
PAGES = {
    "Jobs": [
        "options",
        "operations",
        "formats",
        "collections",
        "incremental-results",
        "results",
        "deidentification",
        "own-job",
    ],
    "Clusters": ["hadoop", "spark", "../hadoop-docker/README", "record-line", "how-it-works"],
    "Files on HDFS": ["hdfs"],
    "Reference": ["reference/index"],
    "The project": ["../CONTRIBUTING", "../CHANGELOG", "../benchmarks/README"],
}

project = "mapreduce-imaging"
version = release = hdfs_tools.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "docs/reference/*.rst", "*/README.md"]
exclude_patterns = [".*", "site", "*/.*"]

myst_heading_anchors = 3
autodoc_typehints = "none"  # the sections have the types
autodoc_member_order = "bysource"
add_module_names = False
default_role = "py:obj"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = napoleon_use_rtype = False  # else any word in a type becomes a link
suppress_warnings = ["ref.python"]  # as those in the types of attributes still do

html_theme = "furo"
html_title = project
html_baseurl = ""
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def setup(app: Any) -> None:
    """Connect what differs from Sphinx's own ways."""
    app.connect("builder-inited", write_reference)
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before napoleon
    app.connect("build-finished", write_index)


def add_contents(app: Any, name: str, source: list[str]) -> None:
    """Add the table of contents to the README, which is the front page."""
    if name == root_doc:
        for caption, pages in PAGES.items():
            lines = "\n".join(f"/docs/{page}" for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def keep_colons(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep what stands before a colon from being taken for the type of an attribute."""
    if what in ("attribute", "data", "property") and lines:
        lines[0] = lines[0].replace(": ", " – ")


def write_index(app: Any, error: Exception | None) -> None:
    """Lead from index.html to the front page."""
    text = '<!doctype html><meta http-equiv="refresh" content="0; url=README.html">\n'
    (Path(app.outdir) / "index.html").write_text(text, encoding="utf-8")


def write_reference(app: Any) -> None:
    """Write a page for each package, and for each of its modules with public names."""
    packages: dict[str, list[ModuleType]] = {}
    for module in public_modules():
        packages.setdefault(module.__name__.rpartition(".")[0], []).append(module)
    pages = {}
    for package, modules in packages.items():
        rows = "".join(f"   * - :doc:`{m.__name__}`\n     - {first_line(m)}\n" for m in modules)
        pages[package] = f"{heading(package)}{members(package)}\n.. list-table::\n\n{rows}"
        for module in modules:
            # Not in the table of contents, which stands on every page.
            head = (
                f":orphan:\n\n{heading(module.__name__.rpartition('.')[2])}In :doc:`{package}`.\n\n"
            )
            pages[module.__name__] = head + members(module.__name__)
    names = "".join(f"   {p.removeprefix('mapreduce_jobs.')} <{p}>\n" for p in packages)
    pages["index"] = f"{heading('API reference')}.. toctree::\n\n{names}"
    REFERENCE.mkdir(exist_ok=True)
    for path in REFERENCE.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = REFERENCE / f"{name}.rst"
        # Written only if it differs, so that what stays the same is not built anew.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def public_modules() -> Iterator[ModuleType]:
    """Iterate over the modules with public names; in `core`, those of jobs to derive from."""
    for package in (hdfs_tools, mapreduce_jobs):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            parts = found.name.split(".")
            if found.ispkg or INTERNAL.intersection(parts):
                continue
            module = importlib.import_module(found.name)
            names = [getattr(module, name) for name in getattr(module, "__all__", ())]
            if names and ("core" not in parts or any(is_job(value, module) for value in names)):
                yield module


def is_job(value: object, module: ModuleType) -> bool:
    """Return whether a public name of a module is a job that it defines."""
    is_class = isinstance(value, type) and issubclass(value, Job)
    return is_class and value.__module__ == module.__name__


def members(name: str) -> str:
    """Return the directive that documents a module's public names."""
    return f".. automodule:: {name}\n   :members:\n"


def first_line(module: ModuleType) -> str:
    """Return what a module holds."""
    return (module.__doc__ or "").partition("\n")[0]


def heading(text: str) -> str:
    """Return a page's title."""
    return f"{text}\n{'=' * len(text)}\n\n"
