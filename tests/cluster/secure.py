"""HDFS with Kerberos: a realm, a NameNode and a DataNode of the tests' own, on loopback."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT, Ran, run

REALM = "HOSPITAL.TEST"
_HADOOP = ROOT / "hadoop-docker" / "hadoop"
_HOME = ROOT / "hadoop-docker" / ".hadoop"
_KDC = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
# Debian keeps what administrators use out of the search path of others.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def missing() -> str:
    """Return what a realm lacks on this machine."""
    if all(shutil.which(name, path=_PATH) for name in _KDC):
        return ""
    return "there is no krb5kdc or kinit (Debian: krb5-kdc krb5-admin-server krb5-user)"


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


class Realm:
    """A Kerberos realm with a key distribution center of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._port = port
        (folder / "krb5.conf").write_text(f"""
[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {REALM} = {{
    kdc = 127.0.0.1:{port}
  }}
""")
        (folder / "kdc.conf").write_text(f"""
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {REALM} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
""")
        self.environment = {
            "PATH": _PATH,
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        }

    def make(self, *principals: str) -> None:
        """Make the database, and a keytab for each principal, named by what precedes ``/``."""
        self._run("kdb5_util", "create", "-s", "-P", "not a secret", "-r", REALM)
        for principal in principals:
            keytab = self.keytab(principal)
            self._run("kadmin.local", "-q", f"addprinc -randkey {principal}")
            self._run("kadmin.local", "-q", f"ktadd -k {keytab} {principal}")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the key distribution center for the time of the block."""
        with daemon(self.folder, {**os.environ, **self.environment}, "krb5kdc", "-n"):
            until = time.monotonic() + 30
            while time.monotonic() < until:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", self._port), 1).close()
                    break
                time.sleep(0.05)
            yield

    def keytab(self, principal: str) -> Path:
        return self.folder / f"{principal.partition('/')[0]}.keytab"

    def ticket(self, principal: str) -> dict[str, str]:
        """Return the environment of who has a ticket."""
        cache = f"FILE:{self.folder}/ticket-{principal.partition('/')[0]}"
        environment = {**self.environment, "KRB5CCNAME": cache}
        ended = run("kinit", "-k", "-t", self.keytab(principal), principal, env=environment)
        assert ended.status == 0, ended.stderr
        return environment

    @property
    def without_ticket(self) -> dict[str, str]:
        return {**self.environment, "KRB5CCNAME": f"FILE:{self.folder}/none"}

    def _run(self, *command: object) -> None:
        ended = run(*command, env=self.environment)
        assert ended.status == 0, ended.stderr


class SecureHDFS:
    """A NameNode and a DataNode that ask for tickets."""

    def __init__(self, folder: Path, realm: Realm, ports: list[int]) -> None:
        self.realm = realm
        self._folder = folder
        rpc, self._http, *datanode = ports
        self.url = f"http://localhost:{self._http}"
        settings = {
            "core-site": {
                "fs.defaultFS": f"hdfs://localhost:{rpc}",
                "hadoop.security.authentication": "kerberos",
                "hadoop.security.authorization": "true",
                "fs.trash.interval": "1440",
                "hadoop.http.authentication.type": "kerberos",
                "hadoop.http.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
                "hadoop.http.authentication.kerberos.keytab": str(realm.keytab("HTTP")),
            },
            "hdfs-site": {
                "dfs.namenode.rpc-address": f"localhost:{rpc}",
                "dfs.namenode.http-address": f"localhost:{self._http}",
                "dfs.namenode.name.dir": f"{folder}/name",
                "dfs.datanode.data.dir": f"{folder}/blocks",
                "dfs.datanode.hostname": "localhost",
                "dfs.datanode.address": f"127.0.0.1:{datanode[0]}",
                "dfs.datanode.http.address": f"127.0.0.1:{datanode[1]}",
                "dfs.datanode.ipc.address": f"127.0.0.1:{datanode[2]}",
                "dfs.replication": "1",
                "dfs.namenode.safemode.extension": "0",
                "dfs.block.access.token.enable": "true",
                # Blocks go over ports that are not root's alone; Hadoop has this for tests.
                "ignore.secure.ports.for.testing": "true",
                **{
                    f"dfs.{daemon}.{what}": value
                    for daemon in ("namenode", "datanode")
                    for what, value in {
                        "kerberos.principal": f"hdfs/localhost@{REALM}",
                        "keytab.file": str(realm.keytab("hdfs")),
                    }.items()
                },
                "dfs.web.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
                "dfs.web.authentication.kerberos.keytab": str(realm.keytab("HTTP")),
            },
        }
        conf = folder / "conf"
        conf.mkdir()
        for name, values in settings.items():
            properties = "".join(
                f"<property><name>{key}</name><value>{value}</value></property>\n"
                for key, value in values.items()
            )
            text = f"<configuration>\n{properties}</configuration>\n"
            (conf / f"{name}.xml").write_text(text)
        shutil.copy(ROOT / "hadoop-docker" / "conf" / "log4j.properties", conf)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HADOOP_", "YARN_"))},
            "HADOOP_HOME": str(_HOME),
            "HADOOP_CONF_DIR": str(conf),
            "HADOOP_LOG_DIR": str(folder),
            "HADOOP_OPTS": f"-Djava.security.krb5.conf={realm.folder}/krb5.conf",
            **realm.environment,
        }

    @contextlib.contextmanager
    def running(self) -> Iterator["SecureHDFS"]:
        """Run both daemons for the time of the block."""
        formatted = run(_HADOOP, "namenode", "-format", "-nonInteractive", env=self._environment)
        assert formatted.status == 0, formatted.stderr
        with (
            daemon(self._folder, self._environment, _HADOOP, "namenode"),
            daemon(self._folder, self._environment, _HADOOP, "datanode"),
        ):
            until = time.monotonic() + 120
            while "Live datanodes (1)" not in self.report() and time.monotonic() < until:
                time.sleep(0.2)
            yield self

    def report(self) -> str:
        """Return what administrators ask first: which DataNodes live."""
        return self.hadoop("hdfs/localhost", "dfsadmin", "-report").stdout.decode()

    def hadoop(self, principal: str, *arguments: object) -> Ran:
        """Run ``hadoop`` for who has a ticket."""
        return run(_HADOOP, *arguments, env={**self._environment, **self.realm.ticket(principal)})


@contextlib.contextmanager
def daemon(folder: Path, environment: dict[str, str], *command: object) -> Iterator[None]:
    """Run a process for the time of the block; its output goes to a file in the folder."""
    name = Path(str(command[0])).name + str(command[-1])
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=log, env=environment
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
