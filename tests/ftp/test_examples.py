"""The two examples, and the command, started as a user does."""

from __future__ import annotations

import ftplib
import shutil
import signal
import subprocess

import pytest
from programs import EXAMPLES, port_in, started

pytestmark = pytest.mark.usefixtures("loop_kind")


def test_the_client_sends_a_file_and_gets_it_back(tmp_path):
    size = (EXAMPLES / "ftp_client.py").stat().st_size
    with started("run", str(EXAMPLES / "ftp_server.py"), str(tmp_path), "0") as server:
        port = port_in(server.wait_for("FTP server on port"))
        with started("run", str(EXAMPLES / "ftp_client.py"), str(port)) as client:
            assert client.end() == 0
            assert client.lines == [
                f"sent {size} bytes",
                f"rw-r--r-- {size} example.py",
                f"got {size} bytes",
                "221 Goodbye.",
            ]
        assert not any("Traceback" in line for line in server.lines)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_gets_and_sends_files(tmp_path):
    with started("run", str(EXAMPLES / "ftp_server.py"), str(tmp_path), "0") as server:
        port = port_in(server.wait_for("FTP server on port"))
        content = bytes(range(256)) * 4000
        (tmp_path / "public" / "a file").write_bytes(content)
        (tmp_path / "up").write_bytes(content[::-1])

        def curl(*arguments):
            return subprocess.run(["curl", "-sS", *arguments], capture_output=True, check=True, timeout=20).stdout

        url = f"ftp://127.0.0.1:{port}/"
        assert curl(url + "a%20file") == content
        assert curl("--ftp-port", "127.0.0.1", url + "a%20file") == content
        assert curl("--disable-epsv", url).rstrip().endswith(b" a file")
        curl("-u", "alice:secret", "--ftp-create-dirs", "-T", str(tmp_path / "up"), url + "one/two")
        assert (tmp_path / "home" / "alice" / "one" / "two").read_bytes() == content[::-1]
        assert curl("-u", "alice:secret", url + "one/two") == content[::-1]


def test_the_command_serves_users_of_a_file(tmp_path):
    (tmp_path / "home" / "bob").mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "readme").write_bytes(b"for all")
    (tmp_path / "passwords").write_text("bob:secret\n")
    options = [f"--{name}={tmp_path / where}" for name, where in (("root", "root"), ("home", "home"))]
    with started("-n", "ftp", "--port=0", *options, f"--auth=file:{tmp_path / 'passwords'}", cwd=tmp_path) as server:
        port = port_in(server.wait_for("FTPFactory starting on"))
        with ftplib.FTP() as client:
            client.connect("127.0.0.1", port, timeout=10)
            client.login()
            assert client.nlst() == ["readme"]
            client.login("bob", "secret")
            client.mkd("mine")
        assert (tmp_path / "home" / "bob" / "mine").is_dir()
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM


def test_the_command_refuses_a_range_of_ports_that_is_none(tmp_path):
    with started("-n", "ftp", "--passive-ports=9-8", cwd=tmp_path) as server:
        assert server.end() == 1
        assert any("--passive-ports: '9-8' is not FIRST-LAST" in line for line in server.lines)
