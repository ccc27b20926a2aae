"""HDFS with Kerberos: who has a ticket or a token is served, and who has none is told so."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import secure
from tests.cluster.conftest import Running
from tests.cluster.support import unavailable
from tests.support import Ran, run


@pytest.fixture(scope="module")
def hdfs(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[secure.SecureHDFS]:
    """An HDFS with a home folder for alice; Hadoop's programs are those of the other cluster."""
    reason = secure.missing()
    if not reason and importlib.util.find_spec("requests_kerberos") is None:
        reason = "there is no requests-kerberos: pip install -e '.[kerberos]'"
    if reason:
        unavailable("kerberos", reason)
    folder = tmp_path_factory.mktemp("secure")
    realm_port, *ports = secure.free_ports(6)
    realm = secure.Realm(folder, realm_port)
    realm.make("hdfs/localhost", "HTTP/localhost", "alice", "bob")
    with realm.running(), secure.SecureHDFS(folder, realm, ports).running() as started:
        for arguments in (["-mkdir", "-p", "/user/alice"], ["-chown", "alice", "/user/alice"]):
            ran = started.hadoop("hdfs/localhost", "fs", *arguments)
            assert ran.status == 0, ran.stderr
        yield started


@pytest.fixture
def tools(hdfs: secure.SecureHDFS, tmp_path: Path):
    """Run ``hdfs-tools`` as who has the environment, with an alias as the documentation has it."""

    def run_tools(environment: dict[str, str], *arguments: object, client: str = "") -> Ran:
        alias = client or "client = KerberosClient\nmutual_auth = OPTIONAL"
        (tmp_path / "hdfscli.cfg").write_text(
            "[global]\ndefault.alias = hospital\nautoload.modules = hdfs.ext.kerberos\n"
            f"[hospital.alias]\nurl = {hdfs.url}\n{alias}\n"
        )
        environment = {**environment, "HDFSCLI_CONFIG": str(tmp_path / "hdfscli.cfg")}
        return run(sys.executable, "-m", "hdfs_tools", *arguments, env=environment)

    return run_tools


@pytest.fixture
def token(hdfs: secure.SecureHDFS) -> str:
    """A delegation token of alice."""
    environment = hdfs.realm.ticket("alice")
    asked = f"{hdfs.url}/webhdfs/v1/?op=GETDELEGATIONTOKEN&renewer=alice"
    told = run("curl", "-sS", "--negotiate", "-u", ":", asked, env=environment)
    return told.stdout.decode().partition('"urlString":"')[2].partition('"')[0]


class TestTicket:
    def test_a_tree_goes_in_and_comes_back(self, hdfs, tools, tmp_path):
        alice = hdfs.realm.ticket("alice")
        source = tmp_path / "scans"
        source.mkdir()
        for number in range(20):
            (source / f"{number}.dcm").write_bytes(os.urandom(1000))
        (source / "large.dcm").write_bytes(os.urandom(3 << 20))
        assert tools(alice, "put", source, "scans").stderr == ""
        assert b"alice" in tools(alice, "ls", "scans").stdout
        assert tools(alice, "get", "scans", tmp_path / "copy").stderr == ""
        for path in source.iterdir():
            assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()
        assert tools(alice, "rm", "-r", "-skipTrash", "scans").status == 0
        assert tools(alice, "test", "-e", "scans").status == 1

    def test_what_is_anothers_is_refused(self, hdfs, tools, tmp_path):
        (tmp_path / "a.dcm").write_bytes(b"image")
        ran = tools(hdfs.realm.ticket("bob"), "put", tmp_path / "a.dcm", "/user/alice/a.dcm")
        assert ran.status == 1
        assert "Permission denied: user=bob" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1

    def test_without_a_ticket_it_says_who_asks_is_unknown(self, hdfs, tools):
        ran = tools(hdfs.realm.without_ticket, "ls", "/")
        assert ran.status == 1
        assert ran.stderr == (
            "hdfs-tools ls: /: HDFS does not know who asks: it wants a Kerberos ticket (kinit) and"
            " an alias with client = KerberosClient, or a delegation token\n"
        )

    def test_an_address_alone_proves_nothing(self, hdfs, tools):
        alice = hdfs.realm.ticket("alice")
        ran = tools(alice, "--url", hdfs.url, "test", "-e", "/nothing")
        assert ran.status == 2  # and not 1, which would mean that it is not there
        assert "HDFS does not know who asks" in ran.stderr


class TestToken:
    def test_it_serves_who_has_no_ticket(self, hdfs, tools, token, tmp_path):
        nobody = hdfs.realm.without_ticket
        client = f"client = TokenClient\ntoken = {token}"
        (tmp_path / "a.dcm").write_bytes(b"image")
        assert tools(nobody, "put", tmp_path / "a.dcm", "a.dcm", client=client).stderr == ""
        assert tools(nobody, "cat", "/user/alice/a.dcm", client=client).stdout == b"image"
        assert tools(nobody, "rm", "-skipTrash", "a.dcm", client=client).status == 0

    def test_one_that_was_cancelled_is_refused_and_not_shown(self, hdfs, tools, token):
        alice = hdfs.realm.ticket("alice")
        asked = f"{hdfs.url}/webhdfs/v1/?op=CANCELDELEGATIONTOKEN&token={token}"
        run("curl", "-sS", "-X", "PUT", "--negotiate", "-u", ":", asked, env=alice)
        client = f"client = TokenClient\ntoken = {token}"
        ran = tools(hdfs.realm.without_ticket, "ls", "/", client=client)
        assert ran.status == 1
        assert token not in ran.stderr
        assert "token" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
