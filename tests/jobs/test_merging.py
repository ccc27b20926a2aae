"""What tasks know of a group can be merged in any order, by any number of tasks."""

import functools
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.edge_density import EdgeDensity
from mapreduce_jobs.image_histogram import ImageHistogram
from mapreduce_jobs.imaging.image import Image
from tests.support import scan

IMAGES = [
    Image(scan(i, (9, 7), dtype)[None], 16 if dtype == "u2" else 8)
    for i, dtype in enumerate(["u1", "u2", "u1", "u2", "u1"])
]
JOBS = [ImageHistogram(["--group-by", "all"]), EdgeDensity(["--group-by", "all"])]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: type(job).__name__)
class TestLaws:
    def test_associative_and_commutative(self, job):
        a, b, c = (job.measure(image) for image in IMAGES[:3])
        assert job.merge(a, b) == job.merge(b, a)
        assert job.merge(job.merge(a, b), c) == job.merge(a, job.merge(b, c))

    @given(order=st.permutations(range(len(IMAGES))), cut=st.integers(1, len(IMAGES) - 1))
    def test_any_order_through_any_combiners(self, job, order, cut):
        totals = [job.measure(IMAGES[i]) for i in order]
        combined = [
            value
            for part in (totals[:cut], totals[cut:])
            for _, value in job.combiner("all", iter(part))
        ]
        ((_, result),) = job.reducer("all", iter(combined))
        expected = functools.reduce(job.merge, map(job.measure, IMAGES))
        assert result == job.result(expected)

    def test_error_records_pass_and_are_not_merged(self, job):
        errors = [Failure("Truncated", "…"), Failure("EmptyFile", "…")]
        values = [job.measure(IMAGES[0]), *errors, job.measure(IMAGES[1])]
        random.Random(1).shuffle(values)
        found = [value for _, value in job.reducer("all", iter(values))]
        failed = [value.error for value in found if isinstance(value, Failure)]
        assert sorted(failed) == ["EmptyFile", "Truncated"]
        (merged,) = (value for value in found if not isinstance(value, Failure))
        assert merged["images"] == 2


def test_totals_survive_the_way_between_tasks():
    """A gradient sum is a fraction, which a float would round."""
    job = JOBS[1]
    totals = job.merge(job.measure(IMAGES[0]), job.measure(IMAGES[1]))
    protocol = JSONLineProtocol()
    assert protocol.read(protocol.write("all", totals)) == ("all", totals)


def test_counters():
    """Of one task, given a good record, a damaged one and one that is no image."""
    job = EdgeDensity(["--mapper"])
    lines = [b"a.png\t%%%%", b"b.png\tAAAA", b"c.png\t"]
    job.sandbox(stdin=io.BytesIO(b"\n".join(lines)))
    job.run_mapper()
    written = job.stderr.getvalue().decode().split()
    assert job.stdout.getvalue().count(b'"error"') == 3
    counters = "".join(written)
    for counter in ("read,", "failed,", "failed:CorruptRecord,1", "failed:UnknownFormat,1"):
        assert f"reporter:counter:images,{counter}" in counters
    assert "reporter:counter:images,failed:EmptyFile,1" in counters
