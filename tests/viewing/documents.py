"""A page as a tree, and what tests of reports ask of it."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from mapreduce_jobs.viewing.report.gather import gathered
from tests.viewing.lines import line

VOID = {"meta", "link", "img", "input", "br"}


@dataclass
class Node:
    """An element."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Node | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, in one line."""
        parts = (one if isinstance(one, str) else one.text for one in self.children)
        return " ".join("".join(parts).split())

    def all(self, tag: str = "", **wanted: str) -> list["Node"]:
        """Return the elements inside by tag and attributes; of class, one of the words."""
        return [node for node in self._walk() if node._is(tag, wanted)]

    def one(self, tag: str = "", **wanted: str) -> "Node":
        (found,) = self.all(tag, **wanted)
        return found

    def _walk(self) -> Iterator["Node"]:
        for one in self.children:
            if isinstance(one, Node):
                yield one
                yield from one._walk()

    def _is(self, tag, wanted):
        words = (self.attributes.get("class") or "").split()
        return (not tag or tag == self.tag) and all(
            value in words if name == "css" else self.attributes.get(name) == value
            for name, value in wanted.items()
        )


class Document(HTMLParser):
    """A page; its elements are closed in order, or it is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.html = html
        self.feed(html)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag, attributes):
        node = Node(tag, dict(attributes))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag, attributes):
        self._open[-1].children.append(Node(tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag

    def handle_data(self, data):
        self._open[-1].children.append(data)

    def section(self, name: str) -> Node:
        return self.root.one("section", id=name)

    @property
    def sections(self) -> list[str]:
        return [node.attributes["id"] for node in self.root.all("section")]

    @property
    def rows(self) -> dict:
        """What the page's script is given."""
        return json.loads(self.root.one("script", id="rows").text)


def table(node: Node, caption: str) -> list[list[str]]:
    """Return the rows of the table whose caption begins so, the head first."""
    (found,) = [
        one
        for one in node.all("table")
        if any(c.text.startswith(caption) for c in one.all("caption"))
    ]
    return [
        [cell.text for cell in row.children if isinstance(cell, Node)] for row in found.all("tr")
    ]


def pairs(node: Node, css: str) -> dict[str, str]:
    """Return terms and what stands behind them, of a list of tiles or facts."""
    found = {}
    for one in node.all("dl", css=css):
        for pair in one.all("div"):
            found[pair.one("dt").text] = pair.one("dd").text
    return found


def check_whole(page: Document) -> None:
    """Check what holds of every page, whatever is in it."""
    policy = page.root.one("meta", **{"http-equiv": "Content-Security-Policy"})
    allowed = dict(part.split(" ", 1) for part in policy.attributes["content"].split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["img-src"] == "data:"
    assert "unsafe" not in policy.attributes["content"]
    scripts = [node for node in page.root.all("script") if "type" not in node.attributes]
    for kind, nodes in (("script-src", scripts), ("style-src", page.root.all("style"))):
        assert nodes
        hashes = {_hash("".join(map(str, node.children))) for node in nodes}
        assert hashes == set(allowed[kind].split())
    nodes = page.root.all()
    ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for node in nodes:
        for name, value in node.attributes.items():
            assert not name.startswith("on"), node.attributes
            assert name != "style", node.attributes
            if name in ("src", "href", "action", "srcset", "data", "xlink:href"):
                assert value.startswith(("#", "data:image/", "data:,")), value
                assert not value.startswith("#") or value[1:] in ids, value
    levels = [int(node.tag[1]) for node in nodes if re.fullmatch("h[1-6]", node.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for one in page.root.all("table"):
        assert one.one("caption").text
        assert all("scope" in head.attributes for head in one.all("th"))
    for svg in page.root.all("svg"):
        assert svg.attributes.get("aria-label") or svg.attributes.get("aria-hidden") == "true"
    for image in page.root.all("img"):
        assert image.attributes["alt"]
    assert page.root.one("html").attributes["lang"] == "en"
    assert len(page.root.all("main")) == len(page.root.all("h1")) == 1


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Document]:
    """Make the page of results, each a text or its lines, by the name of its file."""

    def made(**results):
        for name, lines in results.items():
            text = lines if isinstance(lines, str) else "".join(line(*one) for one in lines)
            (tmp_path / name).write_text(text, encoding="utf-8")
        page = Document(gathered([str(tmp_path / name) for name in results]).html("Title"))
        check_whole(page)
        return page

    return made
