"""What a job on a cluster waits for is said, and not too often."""

import pytest

from mapreduce_jobs.core.runners.hadoop import outage
from mapreduce_jobs.core.runners.hadoop.outage import Outage

RETRIED = [
    "2026-11-23 10:54:11 INFO ipc.Client: Retrying connect to server: nn1/10.0.0.7:8020. Already"
    " tried 3 time(s); retry policy is RetryUpToMaximumCountWithFixedSleep(maxRetries=10)",
    "2026-11-23 10:54:11 WARN ipc.Client: Failed to connect to server: nn1/10.0.0.7:8020: retries"
    " get failed due to exceeded maximum allowed retries number: 10",
    "2026-11-23 10:54:11 INFO retry.RetryInvocationHandler: java.net.ConnectException: Call From"
    " n7/10.0.0.9 to nn1:8020 failed on connection exception: java.net.ConnectException: Connection"
    " refused, while invoking ClientNamenodeProtocolTranslatorPB.getFileInfo over"
    " nn1/10.0.0.7:8020. Retrying after sleeping for 2000ms.",
    "2026-11-23 10:54:11,303 INFO ipc.Client: Retrying connect to server: nn1/<unresolved>:8020.",
]


@pytest.fixture
def said():
    return []


@pytest.mark.parametrize("line", RETRIED)
def test_what_hadoops_client_tries_again(said, line):
    Outage(None, said.append).heard(line)
    assert said == ["nn1:8020 does not answer Hadoop's client; waiting for it"]


def test_other_lines_are_no_news(said):
    Outage(None, said.append).heard("2026-11-23 10:54:16,917 INFO mapreduce.Job:  map 0% reduce 0%")
    assert said == []


def test_it_is_said_once_in_a_while(said, monkeypatch):
    one = Outage(None, said.append)
    for line in RETRIED:
        one.heard(line)
    assert len(said) == 1
    monkeypatch.setattr(outage, "_SAID_EVERY", 0.0)
    one.heard(RETRIED[0])
    assert len(said) == 2
