"""Results of jobs, of any and of several, as one page; see `templates/report.html.j2`."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence

from hdfs_tools.bundles.bundle import holds_records
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.viewing.lines import Line, declarations, result_lines
from mapreduce_jobs.viewing.page import Markup, page, source
from mapreduce_jobs.viewing.report.figures import Figures
from mapreduce_jobs.viewing.report.long_tables import Rows, fit, rows_block
from mapreduce_jobs.viewing.report.number_formats import number_text
from mapreduce_jobs.viewing.report.pictures import Pictures
from mapreduce_jobs.viewing.report.sections.aggregates import Aggregates
from mapreduce_jobs.viewing.report.sections.classes import Classes
from mapreduce_jobs.viewing.report.sections.decisions import Decisions
from mapreduce_jobs.viewing.report.sections.edges import Edges
from mapreduce_jobs.viewing.report.sections.failures import Failures
from mapreduce_jobs.viewing.report.sections.findings import Findings
from mapreduce_jobs.viewing.report.sections.headers import Headers
from mapreduce_jobs.viewing.report.sections.histograms import Histograms
from mapreduce_jobs.viewing.report.sections.others import Audits, Bundles, Others
from mapreduce_jobs.viewing.report.sections.part import Part, Tools
from mapreduce_jobs.viewing.report.sections.provenance import Provenance
from mapreduce_jobs.viewing.report.sections.quality import ImageProfiles, Profiles
from mapreduce_jobs.viewing.report.sections.recognition import Models, Predictions
from mapreduce_jobs.viewing.report.sections.regression import Regression
from mapreduce_jobs.viewing.report.sections.words import Words

__all__ = ["Report", "gathered"]

_SECTIONS: tuple[tuple[str, str, tuple[type[Part], ...]], ...] = (
    ("collection", "Collection and quality", (Profiles, ImageProfiles)),
    ("histograms", "Histograms", (Histograms,)),
    ("edges", "Edge densities", (Edges,)),
    ("segmentation", "Segmentation", (Classes,)),
    ("recognition", "Recognition", (Models, Predictions)),
    ("regression", "Regression", (Regression,)),
    ("aggregates", "Aggregates", (Aggregates,)),
    ("cleaning", "Cleaning", (Decisions,)),
    ("headers", "DICOM headers", (Headers,)),
    ("words", "Words", (Words,)),
    ("images", "Images written", (Bundles, Audits)),
    ("findings", "What would identify the patient", (Findings,)),
    ("other", "Other results", (Others,)),
    ("provenance", "Provenance", (Provenance,)),
)
_PART_OF = {kind: part for *_, parts in _SECTIONS for part in parts for kind in part.kinds}
# What kinds of lines are, in the overview.
_NAMES = {
    "aggregate": "aggregates",
    "audit": "audits",
    "classes": "sets of classes",
    "decision": "verdicts",
    "edges": "edge densities",
    "error": "failures",
    "evaluation": "evaluations",
    "findings": "findings of a check",
    "headers": "headers",
    "histogram": "histograms",
    "image": "images",
    "model": "models",
    "other": "other results",
    "prediction": "predictions",
    "profile": "profiles of groups",
    "profile_image": "profiles of images",
    "regression": "linear models",
    "word": "words",
}
_DAMAGED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


class Report:
    """What results say, in memory that does not grow with their length.

    The same lines give the same page, whatever their order and that of the results.
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[str, type[Part], str], Part] = {}  # one for each kind of Others
        self._kinds: dict[str, Counter[str]] = {}
        self._failures = Failures()

    def add(self, result: str, line: Line) -> None:
        """Take a line of a result; a `UsageError` says that it is damaged."""
        try:
            if line.kind == "error":
                self._failures.add(result, line)
            else:
                kind = _PART_OF.get(line.kind)
                of_part = (result, kind or Others, "" if kind else line.kind)
                if of_part not in self._parts:
                    part = kind() if kind else Others(line.kind, line.columns)
                    self._parts[of_part] = part
                self._parts[of_part].add(line)
        except _DAMAGED as error:
            key = "" if line.key is None else f" of {line.key[:80]}"
            raise UsageError(
                f"{result}: the line{key} looks like one of {_NAMES.get(line.kind, line.kind)}, and"
                f" is damaged: {type(error).__name__}: {error}"
            ) from None
        self._kinds.setdefault(result, Counter())[line.kind] += 1

    @property
    def title(self) -> str:
        """What the page is of, in a few words."""
        names = sorted(self._kinds)
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        return f"Results: {', '.join(names[:3])}{more}"

    def html(self, title: str, pictures: Pictures | None = None) -> str:
        """Return the page.

        Parameters
        ----------
        title : str
            Any text.
        pictures : Pictures, optional
            What the images look like.
        """
        tables = self._tables()
        for rows in tables:
            rows.leave_out_empty()
        fit(tables)
        tools = Tools(Figures(), pictures, tables)
        sections, links = [], []
        if self._failures.lines:
            sections.append(tools.section("failures", "Failures", [], self._failures.markup(tools)))
            links.append(("failures", "Failures"))
        for anchor, heading, kinds in _SECTIONS:
            by_result: dict[str, Markup] = {}
            for result, part in self._of(kinds):
                by_result[result] = by_result.get(result, Markup()) + part.markup(tools)
            if by_result:
                sections.append(tools.section(anchor, heading, list(by_result.items())))
                links.append((anchor, heading))
        block = rows_block(tables)
        body = tools.report(links, self._overview(tools), sections, block)
        return page(title, body, scripts=[source("report.js")], styles=[source("report.css")])

    def _of(self, kinds: Sequence[type[Part]]) -> list[tuple[str, Part]]:
        return [
            (result, self._parts[of_part])
            for result in sorted(self._kinds)
            for kind in kinds
            for of_part in sorted(self._parts, key=lambda of_part: of_part[2])
            if of_part[:2] == (result, kind)
        ]

    def _tables(self) -> list[Rows]:
        """Return the tables in the order of the page."""
        parts = (part for *_, kinds in _SECTIONS for _, part in self._of(kinds))
        return self._failures.tables() + [rows for part in parts for rows in part.tables()]

    def _overview(self, tools: Tools) -> Markup:
        lines: Counter[str] = Counter()
        listed = []
        for result, kinds in sorted(self._kinds.items()):
            if set(kinds) == {"provenance"}:
                continue
            lines.update(kinds)
            measured = ", ".join(
                f"{_NAMES.get(kind, kind)} ({count:,})"
                for kind, count in sorted(kinds.items())
                if kind not in ("error", "provenance")
            )
            listed.append([result, measured or "–", number_text(kinds["error"])])
        failed = self._failures.names
        tiles = [
            ("Results", number_text(len(listed))),
            ("Lines", number_text(lines.total() - lines["provenance"])),
            ("Failed", number_text(lines["error"] if failed is None else failed)),
        ]
        head = [("result", "text"), ("what it holds", "text"), ("failures", "n")]
        table = tools.listing("Results in this page", head, listed) if listed else Markup()
        return tools.overview(tiles, table)


def gathered(paths: Sequence[str]) -> Report:
    """Read results into a report.

    Parameters
    ----------
    paths : sequence of str
        As `result_lines` takes them; one that is named twice is read once.

    Returns
    -------
    Report
        All of them.

    Raises
    ------
    UsageError
        A path cannot be read, a line is damaged, or there is no line at all.
    """
    report = Report()
    nothing = True
    declared = declarations(paths)
    for path, name in _named(dict.fromkeys(paths)):
        for line in result_lines([path], declared):
            nothing = False
            report.add(name, line)
    if nothing:
        raise UsageError(f"{', '.join(paths)}: no line of a result")
    return report


def _named(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return paths with the names that the page has for them: as short as they still differ.

    Parts of one result, ``RESULT/part-00000`` and so on, are one.

    >>> _named(["r/a.jsonl", "/data/ct/edges", "/data/mr/edges", "-"])
    [('r/a.jsonl', 'a.jsonl'), ('/data/ct/edges', 'ct/edges'), ('/data/mr/edges', 'mr/edges'),
     ('-', 'standard input')]
    """
    whole = {path: _whole(path) for path in paths}
    levels = {name: name.split("/") for name in whole.values()}
    short: dict[str, str] = {}
    for name, parts in levels.items():
        for count in range(1, len(parts) + 1):
            ending = parts[-count:]
            if sum(other[-count:] == ending for other in levels.values()) == 1:
                break
        short[name] = "standard input" if name == "-" else "/".join(ending) or name
    return [(path, short[name]) for path, name in whole.items()]


def _whole(path: str) -> str:
    tidy = path.rstrip("/") or path
    directory, name = os.path.split(tidy)
    if holds_records(name) and ".bundle" not in name and directory:
        return directory
    return tidy
