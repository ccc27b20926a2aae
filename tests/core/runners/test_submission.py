"""What is read from the words of Hadoop's client, and what is made of them."""

import textwrap

import pytest

from mapreduce_jobs.core.runners.hadoop.diagnosis import client_failure, task_failure
from mapreduce_jobs.core.runners.hadoop.submission import Submission

STARTED = """
    2026-11-23 10:54:10,811 INFO mapred.FileInputFormat: Total input files to process : 2
    2026-11-23 10:54:11,303 INFO impl.YarnClientImpl: Submitted application application_1795430758789_12345
    2026-11-23 10:54:11,323 INFO mapreduce.Job: The url to track the job: http://rm:8088/proxy/application_1795430758789_12345/
    2026-11-23 10:54:11,324 INFO mapreduce.Job: Running job: job_1795430758789_12345
    2026-11-23 10:54:16,917 INFO mapreduce.Job:  map 0% reduce 0%
"""  # noqa: E501
DONE = """
    2026-11-23 10:54:26,640 INFO mapreduce.Job:  map 100% reduce 0%
    2026-11-23 10:54:26,868 INFO mapreduce.Job: Job job_1795430758789_12345 completed successfully
    2026-11-23 10:54:26,942 INFO mapreduce.Job: Counters: 44
    \tJob Counters\x20
    \t\tKilled map tasks=1
    \timages
    \t\tfailed=3
    \t\tfailed: Truncated=2
    \t\tread=38
    \tFile Output Format Counters\x20
    \t\tBytes Written=22918
    2026-11-23 10:54:26,944 INFO streaming.StreamJob: Output directory: hdfs:///user/me/out
"""
FAILED = """
    2026-11-23 10:54:20,000 INFO mapreduce.Job: Task Id : attempt_1795430758789_12345_m_000003_0, Status : FAILED
    Error: java.lang.RuntimeException: PipeMapRed.waitOutputThreads(): subprocess failed with code 139
    \tat org.apache.hadoop.streaming.PipeMapRed.waitOutputThreads(PipeMapRed.java:326)

    2026-11-23 10:54:21,000 INFO mapreduce.Job: Task Id : attempt_1795430758789_12345_m_000004_0, Status : KILLED
    Container killed by the ApplicationMaster.
    2026-11-23 10:54:22,000 ERROR streaming.StreamJob: Job not successful!
    Streaming Command Failed!
"""  # noqa: E501


class Heard(Submission):
    """A submission of which only the words are there."""

    def __init__(self, *texts: str) -> None:
        super().__init__(["true"], {})
        self.wait(lambda line: None)
        for text in texts:
            for line in textwrap.dedent(text).strip("\n").splitlines():
                self.read(line)


class TestWhatIsHeard:
    def test_ids_of_more_than_four_digits(self):
        heard = Heard(STARTED)
        assert heard.application == "application_1795430758789_12345"
        assert heard.job == "job_1795430758789_12345"
        assert heard.tracker == "http://rm:8088"

    def test_progress_and_counters(self):
        heard = Heard(STARTED, DONE)
        assert heard.percent == (100, 0)
        assert heard.counters["images"] == {"failed": 3, "failed: Truncated": 2, "read": 38}
        assert heard.counters["File Output Format Counters "] == {"Bytes Written": 22918}

    def test_a_failed_attempt(self):
        heard = Heard(STARTED, FAILED)
        (failure,) = heard.failures
        assert failure.attempt == "attempt_1795430758789_12345_m_000003_0"
        assert failure.kind == "map"
        assert failure.words[0].endswith("subprocess failed with code 139")

    def test_a_failure_of_which_only_the_task_is_told(self):
        heard = Heard(
            STARTED,
            "2026-11-23 10:54:22,000 INFO mapreduce.Job: Job job_1795430758789_12345 failed with"
            " state FAILED due to: Task failed task_1795430758789_12345_r_000001",
        )
        failure = heard.cause
        assert (failure.attempt, failure.kind) == (
            "attempt_1795430758789_12345_r_000001_0",
            "reduce",
        )

    def test_the_cause_is_the_last_attempt_at_the_task_that_ended_the_job(self):
        def failed(attempt):
            return (
                "2026-11-23 10:54:20,000 INFO mapreduce.Job: Task Id :"
                f" attempt_1795430758789_12345_m_{attempt}, Status : FAILED\nError: {attempt}"
            )

        ended = (
            "2026-11-23 10:54:22,000 INFO mapreduce.Job: Job job_1795430758789_12345 failed with"
            " state FAILED due to: Task failed task_1795430758789_12345_m_000002"
        )
        attempts = ["000001_0", "000002_0", "000002_1", "000003_0"]
        heard = Heard(STARTED, *map(failed, attempts), ended)
        assert heard.cause.words == ["Error: 000002_1"]
        assert Heard(STARTED).cause is None


class Logs:
    """YARN, with the logs of one attempt."""

    def __init__(self, **logs: str) -> None:
        self._logs = logs

    def attempt(self, *_):
        return {"nodeHttpAddress": "node7:8042", "assignedContainerId": "container_1"}

    def task_logs(self, application, attempt, names):
        return self._logs


def again(name, place):
    return ["python", "job.py", f"{place}/{name}"]


class TestWhatIsSaid:
    def test_a_tasks_own_traceback_and_its_image(self):
        said = task_failure(
            Heard(STARTED, FAILED.replace("code 139", "code 1")),
            Logs(
                stderr="+ exec python job.py\nreporter:counter:images,read,3\nlog4j:WARN x\n"
                "Traceback (most recent call last):\n  File\nKeyError: 'x'\n",
                image="100%25 \u00fc.png\thdfs:///data",
            ),
            again,
        )
        assert said == (
            "a map task failed on node7 (attempt_1795430758789_12345_m_000003_0):\n"
            "Traceback (most recent call last):\n  File\nKeyError: 'x'\n"
            "It was at image 100%25 \u00fc.png. To try it again here:\n"
            "  python job.py 'hdfs:///data/100% \u00fc.png'"
        )

    def test_a_task_that_says_nothing(self):
        said = task_failure(Heard(STARTED, FAILED), Logs(), again)
        assert said.endswith("\nits process was ended by SIGSEGV")

    def test_a_server_that_did_not_answer_a_task(self):
        refused = (
            "2026-11-23 10:54:20,000 INFO mapreduce.Job: Task Id :"
            " attempt_1795430758789_12345_m_000001_0, Status : FAILED\n"
            "Error: java.net.ConnectException: Call From n7/10.0.0.7 to nn1:8020 failed on"
            " connection exception: java.net.ConnectException: Connection refused"
        )
        assert task_failure(Heard(STARTED, refused), Logs(), again) == (
            "a map task failed (attempt_1795430758789_12345_m_000001_0): nn1:8020 did not answer"
            " it; run the job again when it does"
        )

    def test_memory_is_a_reason_whatever_the_task_says(self):
        beyond = (
            "2026-11-23 10:54:20,000 INFO mapreduce.Job: Task Id :"
            " attempt_1795430758789_12345_m_000001_0, Status : FAILED\n"
            "[2026-11-23 10:54:19.9]Container [pid=7,containerID=container_1] is running 9B beyond"
            " the 'PHYSICAL' memory limit. Current usage: 1.6 GB of 512 MB physical memory used;"
            " 4 GB of 1 GB virtual memory used. Killing container."
        )
        said = task_failure(Heard(STARTED, beyond), Logs(stderr="a warning\n"), again)
        assert "a warning\nYARN ended it for its use of memory: 1.6 GB of 512 MB\n" in said

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            (
                "org.apache.hadoop.mapred.FileAlreadyExistsException: Output directory hdfs://n/o"
                " already exists",
                "hdfs://n/o: the output directory exists already",
            ),
            (
                "java.net.ConnectException: Call From laptop/127.0.0.1 to rm:8032 failed on"
                " connection exception: java.net.ConnectException: Connection refused",
                "rm:8032: no answer; is the cluster up, and is this its address?",
            ),
            (
                "java.io.IOException: org.apache.hadoop.yarn.exceptions.YarnException: Failed to"
                " submit application_1_0001 to YARN : root.a is not a leaf queue",
                "YARN does not take the job: root.a is not a leaf queue",
            ),
            (
                "2026-11-23 10:54:22,000 INFO mapreduce.Job: Job job_1_0001 failed with state"
                " KILLED due to: Application was killed by user root",
                "the job was ended: Application was killed by user root",
            ),
            (
                "Error response from daemon: No such container: hadoop",
                "docker: No such container: hadoop",
            ),
        ],
    )
    def test_a_client_that_fails(self, line, sentence):
        stack = ["2026-11-23 10:54:22,000 INFO x: y", line, "\tat java.base/java.lang.Thread.run"]
        assert client_failure(stack) == sentence

    def test_a_client_that_fails_for_another_reason_is_quoted_without_the_stack(self):
        lines = ["x INFO y: z", "Exception in thread main java.lang.X: odd", "\tat a.b(c:1)"]
        said = client_failure(lines)
        assert said == "hadoop failed:\nException in thread main java.lang.X: odd"
