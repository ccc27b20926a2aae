"""A key is the user's alone, wherever it comes from and for as long as it is needed."""

import os
import stat

import pytest

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.options.secrets import private_file, read_secret


def test_a_file_comes_before_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("KEY", "of the variable")
    said = []
    assert read_secret(None, "KEY", said.append) == b"of the variable"
    (tmp_path / "key").write_bytes(b"of the file\n")
    (tmp_path / "key").chmod(0o600)
    assert read_secret(str(tmp_path / "key"), "KEY", said.append) == b"of the file\n"
    assert said == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_what_others_can_read_is_said(tmp_path, mode):
    (tmp_path / "key").write_bytes(b"secret")
    (tmp_path / "key").chmod(mode)
    said = []
    read_secret(str(tmp_path / "key"), "KEY", said.append)
    assert len(said) == 1
    assert "chmod 600" in said[0]
    assert "secret" not in said[0]


def test_none_is_made_up(monkeypatch, tmp_path):
    monkeypatch.delenv("KEY", raising=False)
    with pytest.raises(UsageError, match="openssl rand -hex 32 > key"):
        read_secret(None, "KEY", print)
    with pytest.raises(UsageError, match="Is a directory"):
        read_secret(str(tmp_path), "KEY", print)


def test_a_private_file_is_gone_afterwards():
    with private_file("a.key", b"secret") as path:
        assert os.path.basename(path) == "a.key"
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
        with open(path, "rb") as file:
            assert file.read() == b"secret"
    assert not os.path.exists(os.path.dirname(path))
