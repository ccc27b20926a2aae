"""HDFS behind a gateway, as Knox is one: a path before WebHDFS's, and redirects to itself."""

import base64
import contextlib
import http.client
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from hdfs_tools import connect
from hdfs_tools.filesystem import FileSystem
from tests.cluster.conftest import Running
from tests.contracts.support import tree

PREFIX = "/gateway/default"
DATA = f"{PREFIX}/webhdfs/data/v1"


class Gateway(http.server.BaseHTTPRequestHandler):
    """Passes requests on; a redirect is to itself, and hides the DataNode and the query."""

    protocol_version = "HTTP/1.1"
    namenode = ""
    seen: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def pass_on(self) -> None:
        asked = urlsplit(self.path)
        self.seen.append(asked.path)
        if asked.path.startswith(DATA):
            there = urlsplit(base64.urlsafe_b64decode(parse_qs(asked.query)["_"][0]).decode())
            there = there._replace(path=asked.path.removeprefix(DATA))
        elif asked.path.startswith(f"{PREFIX}/webhdfs/v1"):
            there = urlsplit(f"{self.namenode}{self.path.removeprefix(PREFIX)}")
        else:
            self.send_error(404)
            return
        with contextlib.closing(http.client.HTTPConnection(there.netloc, timeout=60)) as nearer:
            nearer.request(self.command, f"{there.path}?{there.query}", self.body())
            answer = nearer.getresponse()
            content = answer.read()
        self.send_response(answer.status)
        if location := answer.headers["Location"]:
            token = base64.urlsafe_b64encode(location.encode()).decode()
            self.send_header(
                "Location",
                f"http://127.0.0.1:{self.server.server_port}{DATA}{urlsplit(location).path}?_={token}",
            )
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> bytes | None:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0)) or None
        pieces = []
        while length := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    do_GET = do_PUT = do_POST = do_DELETE = pass_on  # noqa: N815  (http.server's names)


@pytest.fixture(scope="module")
def gateway(running: Running) -> Iterator[FileSystem]:
    """The cluster's file system, behind a gateway."""
    Gateway.namenode, Gateway.seen = running.description["hdfs_url"], []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield connect(f"http://127.0.0.1:{server.server_port}{PREFIX}/webhdfs/v1", patience=5)
        server.shutdown()


def test_a_tree_goes_in_and_comes_back(gateway, hdfs, tmp_path):
    names = {"ct/ü in one.dcm": b"1" * 3_000_000, "ct/u\u0308 in two": b"2", "empty": b""}
    for name, data in names.items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(data)
    hdfs.delete("/gateway", recursive=True)
    gateway.copy_from_local(tmp_path / "scans", "/gateway/scans")
    assert tree(hdfs, "/gateway/scans") == {"ct": None, **names}
    gateway.copy_to_local("/gateway/scans", tmp_path / "back")
    assert (tmp_path / "back/ct/u\u0308 in two").read_bytes() == b"2"
    assert (tmp_path / "back/ct/ü in one.dcm").read_bytes() == b"1" * 3_000_000
    assert gateway.checksum("/gateway/scans/empty") == hdfs.checksum("/gateway/scans/empty")
    assert gateway.delete("/gateway", recursive=True)
    assert {path for path in Gateway.seen if not path.startswith(PREFIX)} == set()
    assert any(path.startswith(DATA) for path in Gateway.seen)
