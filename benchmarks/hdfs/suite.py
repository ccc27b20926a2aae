"""What is measured on HDFS: each table, and the targets."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import data
from benchmarks.contestants import Contestant
from benchmarks.hadoop.cluster import Cluster, running, with_defaults
from benchmarks.hdfs import contestants as who
from benchmarks.hdfs.report import large_rows, memory_row, small_rows, table
from benchmarks.hdfs.tree import FOLDERS, make_tree
from benchmarks.race import Settings, race, run_round, say
from benchmarks.summary import Outcome
from benchmarks.targets import Row, target_table

__all__ = ["DESCRIPTION", "PACKAGES", "sections"]

PACKAGES = ("hdfs", "requests", "google-crc32c", "hdfs-native")

DESCRIPTION = """\
- HDFS of Hadoop 3.4.2 as processes of this machine: a NameNode, 2 DataNodes, 2 copies of each
  block, started for the benchmarks and deleted after them. Images are 8-bit grey PNG, 512×512.
- What arrives is compared with what was sent, byte by byte. Peaks are those of the largest Python
  process; where there is none, of the largest process.
"""

_TUNED = "settings of `hadoop-docker`"
_DEFAULTS = "Hadoop's defaults"
_WARM_UP_IMAGES = 20
_TARGET_IMAGES = 1_000
_MEGABYTES_AN_IMAGE = 2  # of the large file


def sections(settings: Settings) -> Iterator[str]:
    """Run everything, on one cluster after the other; yield tables as they are done."""
    folder = settings.runs.parent / "hdfs"
    section = _Section(settings)
    say("hdfs: starting a cluster")
    with running(folder / "tuned") as cluster:
        yield from section.of_copies("hdfs-tuned", _TUNED, cluster)
        yield from section.of_tree("hdfs-tree", cluster)
    say("hdfs: starting a cluster with Hadoop's defaults")
    source = with_defaults(folder / "source")
    try:
        with running(folder / "defaults", source) as cluster:
            yield from section.of_copies("hdfs-defaults", _DEFAULTS, cluster)
    finally:
        shutil.rmtree(folder / "source")
    if section.rows:
        yield target_table("`hdfs-tools`", [*section.rows, memory_row(section.outcomes)])


class _Section:
    """One run of everything.

    Attributes
    ----------
    rows : list of Row
        Targets so far.
    outcomes : list of Outcome
        What all contestants did so far.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._images = min(settings.images)
        self.rows: list[Row] = []
        self.outcomes: list[Outcome] = []

    def of_copies(self, label: str, where: str, cluster: Cluster) -> Iterator[str]:
        """Yield the tables of files that are copied to a cluster and from there."""
        count = self._images
        for_targets = count == _TARGET_IMAGES
        self._warm_up(label, cluster)
        say(f"{label}: {count:,} images to HDFS")
        with self._work(cluster, data.image_folder(self._settings.data, count, 8)) as work:
            put = self._race(f"{label}-put", [*who.put(work), who.pack(work)])
            yield table(f"{count:,} images to HDFS, {where}", put, count, "images")
            get = self._race(f"{label}-get", who.get(work))
            yield table(f"{count:,} images from HDFS, {where}", get, count, "images")
        if for_targets:
            self.rows += small_rows(where, put, get)
        megabytes = count * _MEGABYTES_AN_IMAGE
        say(f"{label}: {megabytes:,} MB to HDFS")
        with self._work(cluster, data.random_file(self._settings.data, megabytes)) as work:
            for action, direction in ("put", "to"), ("get", "from"):
                contestants = who.put(work) if action == "put" else who.get(work)
                outcomes = self._race(f"{label}-large-{action}", contestants)
                title = f"A file of {megabytes:,} MB {direction} HDFS, {where}"
                yield table(title, outcomes, megabytes, "MB")
                if for_targets:
                    self.rows += large_rows(where, action, outcomes)

    def of_tree(self, label: str, cluster: Cluster) -> Iterator[str]:
        """Yield the tables of a tree that is looked at."""
        each = self._images
        count = FOLDERS * each
        say(f"{label}: making {count:,} files")
        start = time.monotonic()
        make_tree(cluster, who.TREE, each)
        say(f"{label}: made in {time.monotonic() - start:.0f} s")
        who.settle(cluster)
        for title, slug, contestants in (
            (f"`ls -R` of {count:,} files", "ls", who.ls(cluster)),
            (f"`du` of {FOLDERS} folders of {each:,} files", "du", who.du(cluster, who.TREE)),
            (f"`du` of {count:,} files", "du-files", who.du(cluster, f"{who.TREE}/*")),
        ):
            outcomes = self._race(f"{label}-{slug}", contestants)
            yield table(title, outcomes, count, "files")

    def _warm_up(self, label: str, cluster: Cluster) -> None:
        images = data.image_folder(self._settings.data, _WARM_UP_IMAGES, 8)
        with self._work(cluster, images) as work:
            for contestants in [*who.put(work), who.pack(work)], who.get(work):
                run_round(f"{label}-warm-up", contestants, self._settings)

    @contextmanager
    def _work(self, cluster: Cluster, place: Path) -> Iterator[who.Work]:
        copies = self._settings.runs / "copies"
        try:
            work = who.Work.of(cluster, place, copies)
            who.settle(cluster)
            yield work
            cluster.storage.delete(work.on_hdfs, recursive=True)
        finally:
            shutil.rmtree(copies, ignore_errors=True)

    def _race(self, label: str, contestants: Sequence[Contestant]) -> list[Outcome]:
        outcomes = race(label, contestants, self._settings)
        self.outcomes += outcomes
        return outcomes
