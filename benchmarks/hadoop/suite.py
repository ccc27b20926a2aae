"""What is measured on Hadoop: each table, and the targets."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data
from benchmarks.contestants import Contestant
from benchmarks.hadoop.cluster import Cluster, running, with_defaults
from benchmarks.hadoop.contestants import bare, mrjob_peer, ours, peers_package, timed
from benchmarks.hadoop.timeline import markdown as timeline_markdown
from benchmarks.hadoop.timeline import timeline
from benchmarks.race import Settings, race, run_round, say
from benchmarks.summary import Outcome
from benchmarks.targets import Row, target_table
from hdfs_tools.packing import pack

__all__ = ["DESCRIPTION", "PACKAGES", "sections"]

PACKAGES = ()

DESCRIPTION = """\
- Hadoop 3.4.2 as processes of this machine: 2 DataNodes, 2 NodeManagers, 2 copies of each block,
  started for the benchmarks and deleted after them. Images are 8-bit grey PNG, 512×512.
"""

_OURS = "this project, `-r hadoop`"
_OURS_BUNDLE = "this project, a bundle"
_OURS_REFERENCES = "this project, a folder of images"
_BARE = "bare `hadoop jar`"
_PLAIN = "plain mrjob"
_DEFAULTS = "Hadoop's defaults"
_RAW = "mrjob's `mapper_raw`"

_RAW_IMAGES = 20
_TARGET_IMAGES = 1_000
_MOST_ABOVE_BARE = 3.0  # seconds
_MOST_OF_PLAIN = 0.45
_LEAST_AHEAD_OF_RAW = 100.0

_HISTOGRAM = "image_histogram.py"
_EDGES = "edge_density.py"
_ALL_PHASES = ("mapper", "combiner", "reducer")


@dataclass(frozen=True)
class _Entry:
    """What a contestant did: its runs, over so many images."""

    images: int
    outcome: Outcome


def sections(settings: Settings) -> Iterator[str]:
    """Run everything; yield headings and tables as they are done."""
    folder = settings.runs.parent / "hadoop"
    settings.runs.mkdir(parents=True, exist_ok=True)
    few, many = min(settings.images), max(settings.images)
    say("hadoop: starting a cluster")
    with running(folder / "tuned") as tuned:
        _bring(tuned, settings, _RAW_IMAGES)
        _bring(tuned, settings, few)
        _warm_up(tuned, settings)
        rows: list[Row] = []
        for job, script, options, phases in (
            ("Histogram", _HISTOGRAM, "", ("mapper",)),
            ("Edge density, one result in all", _EDGES, "--group-by all", _ALL_PHASES),
        ):
            entries = _beside_bare(tuned, settings, script, options, phases, few)
            yield _table(f"{job}, {few:,} images in a bundle: beside Hadoop alone", entries)
            rows += _bare_row(job, entries)
        entries = _beside_plain(folder / "defaults", tuned, settings, few)
        yield _table(f"Histogram, {few:,} images in a bundle: beside plain mrjob", entries)
        rows += _plain_row(entries)
        raw = _beside_raw(tuned, settings)
        if many != few:
            _bring(tuned, settings, many)
        forms = [entry for count in sorted({few, many}) for entry in _forms(tuned, settings, count)]
        yield _table("Histogram of a bundle, of files, and by `mapper_raw`", [*raw, *forms])
        rows += _raw_rows(raw, forms)
        timelines = [
            timeline(f"hadoop-timed-{slug}", timed(name, slug, tuned, source), tuned, settings)
            for name, slug, source in _sources(many)
        ]
        yield timeline_markdown(f"Where the time goes: histogram, {many:,} images", timelines)
    table = target_table("`-r hadoop`", rows)
    if table:
        yield table


def _bundle(count: int) -> str:
    return f"hdfs:///bench/{count}.bundle"


def _folder(count: int) -> str:
    return f"hdfs:///bench/{count}"


def _sources(count: int) -> list[tuple[str, str, str]]:
    return [
        (_OURS_BUNDLE, "bundle", _bundle(count)),
        (_OURS_REFERENCES, "references", _folder(count)),
    ]


def _bring(cluster: Cluster, settings: Settings, count: int, folder: bool = True) -> None:
    """Write images to HDFS, as a bundle and as files."""
    say(f"hadoop: {count} images to HDFS")
    images = data.image_folder(settings.data, count, 8)
    bundle = settings.data / f"{images.name}.bundle"
    bundle.unlink(missing_ok=True)
    pack(images, bundle)
    cluster.put(bundle, f"/bench/{count}.bundle")
    bundle.unlink()
    if folder:
        cluster.put(images, f"/bench/{count}")


def _warm_up(cluster: Cluster, settings: Settings) -> None:
    contestant = ours(_OURS, "ours", cluster, _HISTOGRAM, _bundle(_RAW_IMAGES))
    run_round("hadoop-warm-up", [contestant], settings)


def _beside_bare(
    cluster: Cluster,
    settings: Settings,
    script: str,
    options: str,
    phases: tuple[str, ...],
    count: int,
) -> list[_Entry]:
    source = _bundle(count)
    contestants = [
        ours(_OURS, "ours", cluster, script, *options.split(), source),
        bare(_BARE, "bare", cluster, settings.runs, script, options, phases, source),
    ]
    return _race(f"hadoop-bare-{Path(script).stem}-{count}", contestants, settings, count)


def _beside_plain(folder: Path, tuned: Cluster, settings: Settings, count: int) -> list[_Entry]:
    package = peers_package(settings.runs)
    source = with_defaults(folder / "source")
    try:
        with running(folder / "cluster", source) as defaults:
            _bring(defaults, settings, _RAW_IMAGES, folder=False)
            _bring(defaults, settings, count, folder=False)
            _warm_up(defaults, settings)
            contestants = [ours(_OURS, "ours", tuned, _HISTOGRAM, _bundle(count))]
            for name, slug, cluster in (
                (f"{_PLAIN}, {_DEFAULTS}", "plain-defaults", defaults),
                (f"{_PLAIN}, settings of `hadoop-docker`", "plain-tuned", tuned),
            ):
                contestants.append(
                    mrjob_peer(name, slug, cluster, package, "plain_mrjob", _bundle(count))
                )
            name = f"{_OURS}, {_DEFAULTS}"
            contestants.append(ours(name, "ours-defaults", defaults, _HISTOGRAM, _bundle(count)))
            return _race(f"hadoop-plain-{count}", contestants, settings, count)
    finally:
        shutil.rmtree(folder / "source")


def _beside_raw(cluster: Cluster, settings: Settings) -> list[_Entry]:
    source, package = _folder(_RAW_IMAGES), peers_package(settings.runs)
    contestants = [
        ours(_OURS_REFERENCES, "references", cluster, _HISTOGRAM, source),
        mrjob_peer(_RAW, "raw", cluster, package, "raw_mrjob", source),
    ]
    return _race(f"hadoop-raw-{_RAW_IMAGES}", contestants, settings, _RAW_IMAGES)


def _forms(cluster: Cluster, settings: Settings, count: int) -> list[_Entry]:
    contestants = [
        ours(name, slug, cluster, _HISTOGRAM, source) for name, slug, source in _sources(count)
    ]
    return _race(f"hadoop-forms-{count}", contestants, settings, count)


def _race(
    label: str, contestants: Sequence[Contestant], settings: Settings, count: int
) -> list[_Entry]:
    return [_Entry(count, outcome) for outcome in race(label, contestants, settings)]


def _table(title: str, entries: Sequence[_Entry]) -> str:
    lines = [
        f"## {title}",
        "",
        "| | images | wall time, s | range, s | images/s | ms an image |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for entry in entries:
        times = [run.seconds for run in entry.outcome.runs]
        seconds = entry.outcome.seconds
        cells = (
            entry.outcome.name,
            f"{entry.images:,}",
            f"{seconds:.2f}",
            f"{min(times):.2f}–{max(times):.2f}",
            f"{entry.images / seconds:,.1f}",
            f"{1000 * seconds / entry.images:,.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _bare_row(job: str, entries: Sequence[_Entry]) -> Iterator[Row]:
    project, alone = entries
    if project.images == _TARGET_IMAGES:
        more = project.outcome.seconds - alone.outcome.seconds
        yield (
            f"{job}: wall time − that of {_BARE}",
            f"≤ {_MOST_ABOVE_BARE:.0f} s",
            f"{more:+.2f} s",
            more <= _MOST_ABOVE_BARE,
        )


def _plain_row(entries: Sequence[_Entry]) -> Iterator[Row]:
    project, plain, *_ = entries
    if project.images == _TARGET_IMAGES:
        ratio = project.outcome.seconds / plain.outcome.seconds
        what = f"wall time ÷ that of {_PLAIN} on {_DEFAULTS}"
        yield what, f"≤ {_MOST_OF_PLAIN}", f"{ratio:.2f}", ratio <= _MOST_OF_PLAIN


def _raw_rows(raw: Sequence[_Entry], forms: Sequence[_Entry]) -> Iterator[Row]:
    peer = raw[1].outcome.seconds / _RAW_IMAGES
    for entry in forms:
        if entry.images == _TARGET_IMAGES:
            ahead = peer / (entry.outcome.seconds / entry.images)
            what = f"time an image of {_RAW} ÷ that of {entry.outcome.name}"
            yield what, f"≥ {_LEAST_AHEAD_OF_RAW:.0f}", f"{ahead:.0f}", ahead >= _LEAST_AHEAD_OF_RAW
