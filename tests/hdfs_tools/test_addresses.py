"""Where HDFS answers over HTTP, by what tells it."""

import pytest

from hdfs_tools.connecting import connect
from hdfs_tools.errors import NoAddress
from hdfs_tools.webhdfs.addresses import address_of, web_addresses

HA = {
    "fs.defaultFS": "hdfs://ward",
    "dfs.ha.namenodes.ward": "a, b",
    "dfs.namenode.http-address.ward.a": "one:9870",
    "dfs.namenode.http-address.ward.b": "two:9870",
}


def configuration(folder, **files):
    for name, settings in files.items():
        entries = "".join(
            f"<property><name>{key}</name><value>{value}</value></property>"
            for key, value in settings.items()
        )
        (folder / f"{name}-site.xml").write_text(f"<configuration>{entries}</configuration>")
    return {"HADOOP_CONF_DIR": str(folder), "HDFSCLI_CONFIG": "/nowhere"}


class TestAConfiguration:
    def test_one_namenode(self):
        settings = {"fs.defaultFS": "hdfs://nn:8020", "dfs.namenode.http-address": "0.0.0.0:50070"}
        assert web_addresses(settings.get) == "http://nn:50070"
        assert web_addresses({"fs.defaultFS": "hdfs://nn:8020"}.get) == "http://nn:9870"

    def test_two_namenodes_of_one_file_system(self):
        assert web_addresses(HA.get) == "http://one:9870;http://two:9870"
        assert web_addresses(HA.get, "ward") == "http://one:9870;http://two:9870"

    def test_https(self):
        settings = {"fs.defaultFS": "hdfs://nn:8020", "dfs.http.policy": "HTTPS_ONLY"}
        assert web_addresses(settings.get) == "https://nn:9871"

    def test_another_cluster_than_the_default(self):
        settings = {"fs.defaultFS": "hdfs://nn:8020", "dfs.namenode.http-address": "nn:9870"}
        assert web_addresses(settings.get, "other:8020") == "http://other:9870"

    def test_no_hdfs(self):
        assert web_addresses({"fs.defaultFS": "file:///"}.get) is None
        assert web_addresses({}.get) is None


class TestWhatTells:
    def test_the_variable_comes_first(self, tmp_path):
        environ = configuration(tmp_path, core={"fs.defaultFS": "hdfs://nn:8020"})
        assert address_of(environ=environ) == "http://nn:9870"
        assert address_of(environ=environ | {"HDFS_URL": "http://x:1"}) == "http://x:1"

    def test_files_with_variables_in_them(self, tmp_path):
        environ = configuration(
            tmp_path,
            core={"fs.defaultFS": "hdfs://${env.NAMENODE:-nn}:8020"},
            hdfs={"dfs.namenode.http-address": "${env.NAMENODE:-nn}:${env.PORT:-9870}"},
        )
        assert address_of(environ=environ) == "http://nn:9870"
        assert address_of(environ=environ | {"NAMENODE": "m"}) == "http://m:9870"

    def test_in_a_task_the_jobs_settings(self):
        environ = {"mapreduce_task_attempt_id": "attempt_1"}
        environ |= {key.replace(".", "_").replace("-", "_"): value for key, value in HA.items()}
        assert address_of("ward", environ) == "http://one:9870;http://two:9870"

    def test_a_default_alias(self, tmp_path):
        (tmp_path / "cli.cfg").write_text("[global]\ndefault.alias = dev\n")
        assert address_of(environ={"HDFSCLI_CONFIG": str(tmp_path / "cli.cfg")}) == ""

    def test_nothing(self, monkeypatch):
        for name in ("HDFS_URL", "HADOOP_CONF_DIR", "HADOOP_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HDFSCLI_CONFIG", "/nowhere")
        with pytest.raises(NoAddress, match="set HDFS_URL=http://NAMENODE:9870"):
            connect()

    def test_a_damaged_file_is_named(self, tmp_path):
        (tmp_path / "core-site.xml").write_text("<configuration>")
        with pytest.raises(NoAddress, match=r"core-site\.xml: cannot be read"):
            address_of(environ={"HADOOP_CONF_DIR": str(tmp_path)})

    def test_an_unknown_alias(self, monkeypatch):
        monkeypatch.setenv("HDFSCLI_CONFIG", "/nowhere")
        with pytest.raises(NoAddress, match="'dev'"):
            connect("dev")


class TestAliases:
    @pytest.fixture
    def write(self, tmp_path, monkeypatch):
        path = tmp_path / "cli.cfg"
        monkeypatch.setenv("HDFSCLI_CONFIG", str(path))
        return path.write_text

    def test_stand_for_an_address_and_a_user(self, write):
        write("[prod.alias]\nurl = http://nn1:9870;http://nn2:9870\nuser = etl\nroot = /data\n")
        fs = connect("prod")
        assert fs.url == "http://nn1:9870;http://nn2:9870"
        assert fs.absolute("scans") == "/data/scans"

    def test_may_stand_for_a_store_of_this_machine(self, write, tmp_path):
        write(f"[here.alias]\nurl = file://{tmp_path}/store\n")
        fs = connect("here")
        fs.write("/a", b"x")
        assert (tmp_path / "store/a").read_bytes() == b"x"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[x.alias]\nurl = http://nn:1\ntimeout = soon\n", "a value that cannot be read"),
            ("[x.alias]\nurl = http://a:1\nurl = http://b:1\n", "already exists"),
            ("nonsense", "Invalid configuration file"),
            (
                "[global]\nautoload.modules = no_such_module\n[x.alias]\nurl = http://nn:1\n",
                r"pip install 'mapreduce-imaging\[kerberos\]'",
            ),
            ("[x.alias]\nurl = http://nn:1\nclient = NoSuchClient\n", "Unknown client class"),
        ],
    )
    def test_with_a_mistake_are_a_sentence(self, write, text, said):
        write(text)
        with pytest.raises(NoAddress, match=said):
            connect("x")

    def test_do_not_show_their_token(self, write):
        write("[x.alias]\nurl = http://nn:1\nclient = TokenClient\ntoken = SECRET\nodd = 1\n")
        with pytest.raises(NoAddress, match="Invalid options") as error:
            connect("x")
        assert "SECRET" not in str(error.value)
