"""Units for systemd, judged by systemd where it is on the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from programs import REACTORIO, ROOT

ANALYZE = shutil.which("systemd-analyze")


def unit(*arguments, cwd):
    done = subprocess.run(
        [*REACTORIO, "unit", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode


def settings(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_a_tac_runs_in_the_foreground_by_its_whole_path_with_time_to_finish(tmp_path):
    (tmp_path / "app.tac").touch()
    out, err, status = unit("shop", "-y", "app.tac", cwd=tmp_path)

    assert (err, status) == ("", 0)
    assert out.startswith("# reactorio unit shop -y app.tac > /etc/systemd/system/shop.service\n[Unit]\n")
    service = settings(out)
    assert service["Type"] == "notify-reload"
    assert service["ExecStart"] == f"{sys.executable} -m reactorio -n --pidfile= --grace=30 -y {tmp_path}/app.tac"
    assert service["WatchdogSec"] == "30"
    assert service["ProtectSystem"] == "strict"


def test_what_means_something_to_systemd_is_quoted(tmp_path):
    out, _, _ = unit("odd", "web", "--path", '50% of $HOME, "quoted" \\x', "--note", "$5", cwd=tmp_path)
    assert out.splitlines()[8].endswith(r"""web --path "50%% of $$HOME, \"quoted\" \\x" --note $$5""")


def test_a_file_runs_as_it_says_and_is_not_tried_again_if_it_is_wrong(tmp_path):
    (tmp_path / "app.toml").touch()
    service = settings(unit("shop", "serve", "app.toml", cwd=tmp_path)[0])
    assert service["ExecStart"] == f"{sys.executable} -m reactorio serve {tmp_path}/app.toml"
    assert service["RestartPreventExitStatus"] == "78"
    service = settings(unit("--grace=60", "shop", "serve", "app.toml", cwd=tmp_path)[0])
    assert service["ExecStart"].endswith(f"serve --grace=60 {tmp_path}/app.toml")
    assert service["TimeoutStopSec"] == "75"


def test_a_low_port_needs_one_capability_and_gets_no_other(tmp_path):
    service = settings(unit("web", "--help", cwd=tmp_path)[0])
    assert (service["CapabilityBoundingSet"], service["PrivateUsers"]) == ("", "yes")

    service = settings(unit("--low-ports", "web", "web", cwd=tmp_path)[0])
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert "PrivateUsers" not in service


def test_an_older_systemd_gets_a_command_that_reloads(tmp_path):
    service = settings(unit("--type", "notify", "--watchdog", "0", "web", "web", cwd=tmp_path)[0])
    assert (service["Type"], service["ExecReload"]) == ("notify", "/bin/kill -HUP $MAINPID")
    assert "WatchdogSec" not in service


def test_the_socket_has_the_name_that_the_endpoint_asks_for(tmp_path):
    socket = settings(unit("--socket", "443", "--fdname", "https", "web", cwd=tmp_path)[0])
    assert (socket["ListenStream"], socket["FileDescriptorName"]) == ("443", "https")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "'' is no name of a unit"),
        (["a b", "web"], "'a b' is no name of a unit"),
        (["web"], "what is it to run?"),
        (["web", "run", "x.py"], "run is no service"),
        (["--type", "simple", "web", "web"], "the type is one of notify-reload, notify"),
        (["--grace", "soon", "web", "web"], "'soon' is no number of seconds"),
        (["--user", "a\nb", "web", "web"], "'a\\nb' cannot stand in a unit"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path, arguments, complaint):
    out, err, status = unit(*arguments, cwd=tmp_path)
    assert (out, status) == ("", 2)
    assert complaint in err
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd here")
@pytest.mark.parametrize("options", [[], ["--low-ports", "--user", "daemon"], ["--socket", "80"]])
def test_systemd_finds_no_fault_with_it(tmp_path, options):
    version = int(re.search(r"\d+", subprocess.run([ANALYZE, "--version"], capture_output=True, text=True).stdout)[0])
    kind = "socket" if "--socket" in options else "service"
    path = tmp_path / f"web.{kind}"
    for name in {"service", kind}:
        asked = [one for one in options if name == "socket" or one not in ("--socket", "80")]
        modern = [] if version >= 253 else ["--type", "notify"]
        (tmp_path / f"web.{name}").write_text(unit(*modern, *asked, "web", "web", cwd=tmp_path)[0])

    verified = subprocess.run([ANALYZE, "verify", str(path)], capture_output=True, text=True, check=False)
    assert (verified.stdout, verified.stderr, verified.returncode) == ("", "", 0)
    if kind == "service":
        command = [ANALYZE, "security", "--offline=true", "--threshold=20", str(path)]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout
