"""Addresses as people write them, and servers that are no WebHDFS: each gets its sentence."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from requests.auth import AuthBase

from hdfs_tools import connect
from hdfs_tools.errors import NoAddress, RemoteError, Unreachable
from hdfs_tools.webhdfs.datanodes import DataNodes
from hdfs_tools.webhdfs.web_urls import endpoints


@contextmanager
def serving(answer: Callable[[http.server.BaseHTTPRequestHandler], tuple]) -> Iterator[str]:
    """Answer requests on a loopback port: status, headers, body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815  (http.server's names)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "url", "user"),
        [
            ("http://nn:9870", "http://nn:9870", None),
            ("http://nn:9870/", "http://nn:9870", None),
            ("webhdfs://nn:9870", "http://nn:9870", None),
            ("swebhdfs://nn:9871", "https://nn:9871", None),
            ("http://nn:9870/webhdfs/v1", "http://nn:9870", None),
            ("http://nn:9870/webhdfs/v1/", "http://nn:9870", None),
            (
                "https://gw:8443/gateway/default/webhdfs/v1",
                "https://gw:8443/gateway/default",
                None,
            ),
            ("http://alice@nn:9870", "http://nn:9870", "alice"),
            ("http://nn:9870?user.name=alice", "http://nn:9870", "alice"),
            ("http://[::1]:9870", "http://[::1]:9870", None),
            (
                "http://alice@nn1:9870; http://nn2:9870",
                "http://nn1:9870;http://nn2:9870",
                "alice",
            ),
        ],
    )
    def test_that_are_taken(self, text, url, user):
        assert endpoints(text) == (url, user)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("localhost:9870", "an address begins with http:// or https://: http://localhost:9870"),
            ("ftp://nn/x", "an address of WebHDFS begins with http:// or https://"),
            ("hdfs://nn:8020", "that of WebHDFS is one such as http://nn:9870"),
            ("http://a:9870,http://b:9870", "several NameNodes are separated by ;"),
            ("http://a:9870,b:9870", "several NameNodes are separated by ;"),
            ("http://nn:port", "has no host, or no number as its port"),
            ("http://", "has no host"),
            ("http://nn:9870?op=OPEN", "op cannot stand in an address"),
            ("http://a@nn1:1;http://b@nn2:1", "names several users"),
            ("nobody-has-this", "Alias 'nobody-has-this' not found"),
        ],
    )
    def test_that_are_refused(self, text, sentence, tmp_path, monkeypatch):
        (tmp_path / "hdfscli.cfg").write_text("[global]\n")
        monkeypatch.setenv("HDFSCLI_CONFIG", str(tmp_path / "hdfscli.cfg"))
        with pytest.raises(NoAddress) as error:
            connect(text)
        assert sentence in str(error.value)

    @pytest.mark.parametrize("password", ["secret", "s/e?c#ret", "se@cret", ":"])
    def test_a_password_is_refused_and_not_shown(self, password):
        with pytest.raises(NoAddress) as error:
            connect(f"http://alice:{password}@nn:9870")
        assert str(error.value).startswith("http://alice:…@nn:9870: WebHDFS takes no password")


class TestServersThatAreSomethingElse:
    @pytest.mark.parametrize(
        ("status", "headers", "body", "sentence"),
        [
            (200, {"Content-Type": "text/html"}, b"<form>", "answers with a page, perhaps to log"),
            (200, {"Content-Type": "application/json"}, b'{"a": 1}', "answers with other JSON"),
            (200, {"Content-Type": "application/json"}, b"[1]", "answers with other JSON"),
            (200, {"Content-Type": "text/plain"}, b"OK", "answers with text/plain"),
            (200, {}, b"", "answers with nothing"),
            (404, {"Content-Type": "text/html"}, b"?", "answers with HTTP status 404 Not Found"),
            (
                404,
                {},
                b"It looks like you are making an HTTP request to a Hadoop IPC port. ",
                "is the port of Hadoop's RPC; WebHDFS's is usually 9870",
            ),
            (302, {"Location": "http://sso.invalid/login"}, b"", "sends to sso.invalid, as to log"),
        ],
    )
    def test_are_named(self, status, headers, body, sentence):
        with serving(lambda _: (status, headers, body)) as host:
            storage = connect(f"http://{host}", patience=0)
            for ask in (
                lambda: storage.stat("/"),
                lambda: storage.mkdir("/a"),
                lambda: list(storage.list("/")),
                lambda: storage.write("/a", b"1"),
                lambda: storage.delete("/a"),
                storage.home,
            ):
                with pytest.raises(RemoteError) as error:
                    ask()
                said = str(error.value)
                assert said.startswith((f"{host} {sentence}", f"{host} takes no data"))
                assert str(error.value).endswith("no WebHDFS is at this address")

    def test_a_page_is_no_file_and_changes_nothing(self):
        page = 200, {"Content-Type": "text/html; charset=utf-8"}, b"<form>"
        with serving(lambda _: page) as host:
            storage = connect(f"http://{host}", patience=0)
            for ask in (
                lambda: storage.read("/a"),
                lambda: list(storage.chunks("/a")),
                lambda: storage.rename("/a", "/b"),
                lambda: storage.chmod("/a", 0o600),
            ):
                with pytest.raises(RemoteError, match=f"{host} answers with a page"):
                    ask()

    def test_a_proxy_that_is_away_is_named_without_its_password(self, monkeypatch):
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:9")
        with pytest.raises(Unreachable) as error:
            connect("http://namenode.invalid:9870", patience=0).stat("/")
        assert str(error.value) == (
            "namenode.invalid:9870, by the proxy 127.0.0.1:9: no answer (connection refused)"
        )


class TestRedirects:
    def test_of_a_datanode_keep_the_path_that_was_meant(self):
        """Java writes a path in its composed form, which is another file's."""
        there = DataNodes({}).reached(
            "http://127.0.0.1:9864/webhdfs/v1/%C3%BC?op=OPEN",
            "http://nn:9870/gateway/default/webhdfs/v1/u%CC%88?op=OPEN",
        )
        assert there == "http://127.0.0.1:9864/webhdfs/v1/u%CC%88?op=OPEN"

    def test_of_a_gateway_are_followed_as_they_are(self):
        location = "https://gw.invalid:8443/gateway/default/webhdfs/data/v1/a?_=AAAACAAAABAAAAD"
        asked = "https://gw.invalid:8443/gateway/default/webhdfs/v1/a?op=OPEN"
        assert DataNodes({"*": "other"}).reached(location, asked) == location

    def test_of_a_gateway_keep_the_path_that_was_meant_too(self):
        there = DataNodes({}).reached(
            "https://gw:8443/gateway/default/webhdfs/data/v1/webhdfs/v1/%C3%BC%201?_=A",
            "https://gw:8443/gateway/default/webhdfs/v1/u%CC%88%201?op=OPEN",
        )
        assert there == "https://gw:8443/gateway/default/webhdfs/data/v1/webhdfs/v1/u%CC%88%201?_=A"

    def test_who_asks_is_shown_to_the_namenode_alone(self):
        """The other host is this machine by another name."""
        seen = []

        class Secret(AuthBase):
            def __call__(self, request):
                request.headers["Authorization"] = "Negotiate secret"
                return request

        def answer(request):
            host = request.headers["Host"].partition(":")[0]
            seen.append((host, request.headers.get("Authorization")))
            if "redirected" in request.path:
                return 200, {}, b"bytes"
            port = request.server.server_port
            return 307, {"Location": f"http://localhost:{port}/webhdfs/v1/a?redirected"}, b""

        with serving(answer) as host:
            storage = connect(f"http://{host}", patience=0)
            storage.rest._session.auth = Secret()
            assert storage.read("/a") == b"bytes"
        assert seen == [("127.0.0.1", "Negotiate secret"), ("localhost", None)]

    def test_from_https_to_http_are_refused(self):
        answer = requests.Response()
        answer.url, answer.status_code = "https://nn:9871/webhdfs/v1/a?op=OPEN", 307
        answer.headers["Location"] = "http://dn:9864/webhdfs/v1/a?op=OPEN"
        from hdfs_tools.webhdfs.rest import _checked

        with pytest.raises(RemoteError, match="dn:9864 is not encrypted, and the NameNode"):
            _checked(answer, "OPEN")
