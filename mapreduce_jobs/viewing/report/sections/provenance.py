"""Provenance of results: the job, its options, versions and input, as the job noted them."""

import json
import shlex
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.number_formats import MISSING
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Provenance"]

# What is shown as facts, in this order; other fields are shown after them.
_FACTS = ("job", "runner", "started", "seconds", "command")
_TABLES = ("options", "versions", "counters", "input", "output")


class Provenance(Part):
    """Provenance of one file."""

    kinds = ("provenance",)

    def __init__(self) -> None:
        self._found: list[dict[str, Any]] = []

    def add(self, line: Line) -> None:
        """Take what a job noted."""
        self._found.append(dict(line.value["provenance"]))

    def markup(self, tools: Tools) -> Markup:
        """Return the facts, and a table of each group of them."""
        return Markup().join(_markup_of(tools, one) for one in sorted(self._found, key=repr))


def _markup_of(tools: Tools, value: dict[str, Any]) -> Markup:
    value = {name: one for name, one in value.items() if one not in ({}, [], "")}
    plain = {name: one for name, one in value.items() if not isinstance(one, dict)}
    facts = [(name, _text(name, value[name])) for name in _FACTS if name in plain]
    facts += [(name, _text(name, plain[name])) for name in sorted(plain) if name not in _FACTS]
    groups = [name for name in _TABLES if name in value and name not in plain]
    groups += sorted(set(value) - set(plain) - set(_TABLES))
    parts = [tools.facts(facts)] if facts else []
    for name in groups:
        listed = [[field, text] for field, text in _flat(value[name])]
        table = tools.listing(name, [("name", "text"), ("value", "text")], listed)
        parts.append(tools.folded(f"{name} ({len(listed)})", table))
    return Markup().join(parts)


def _flat(value: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, one in value.items():
        if isinstance(one, dict) and one:
            found += _flat(one, f"{before}{name}: ")
        else:
            found.append((f"{before}{name}", _text(str(name), one)))
    return found


def _text(name: str, value: Any) -> str:
    """Return a value as text.

    >>> _text("command", ["edge_density.py", "my scans"]), _text("maps", 2), _text("x", None)
    ("edge_density.py 'my scans'", '2', '–')
    """
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return shlex.join(value) if name in ("command", "arguments") else ", ".join(value)
    if isinstance(value, str):
        return value
    if value is None:
        return MISSING
    return json.dumps(value, ensure_ascii=False)
