"""
The launcher, as a user starts it: what it logs, how it ends, what it says when it cannot.

The lines and the exit statuses are those of Twisted's twistd.
"""

from __future__ import annotations

import os
import pstats
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import EXAMPLES, PATIENCE, REACTORIO, ROOT, exchange, port_in, started

TAC = str(EXAMPLES / "echo.tac")

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ")


def anonymous(lines):
    """Return log lines without what differs from run to run."""
    replaced = []
    for line in lines:
        assert STAMP.match(line), line
        line = STAMP.sub("", line)
        line = re.sub(r"0x[0-9a-f]+", "0x0", line)
        line = re.sub(r"(starting on|TCP Port) \d+", r"\1 0", line)
        line = line.replace(f"{sys.executable} {sys.version.split()[0]}", "PYTHON")
        replaced.append(line.replace(TAC, "echo.tac"))
    return replaced


def run(*arguments, cwd, stdin="", **environ):
    """Run the launcher to its end; return output, errors and exit status."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    done = subprocess.run(
        [*REACTORIO, *arguments],
        cwd=cwd,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode


def until_it_serves(server):
    """Wait for more than the log says: signals end the loop from when it runs."""
    port = port_in(server.wait_for("starting on"))
    assert exchange(port, b"hello", 5) == b"hello"


def eventually(fact):
    """Poll for what another process is about to do; return it."""
    deadline = time.monotonic() + PATIENCE
    while not (value := fact()):
        assert time.monotonic() < deadline
        os.sched_yield()
    return value


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie is dead, though nobody in this container may have buried it.
    return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()


@pytest.fixture
def daemon(tmp_path):
    """Start a daemon, return its process id; stop it in the end."""
    pidfile = tmp_path / "twistd.pid"

    def start(*arguments, **environ):
        out, err, status = run(*arguments, cwd=tmp_path, **environ)
        assert (out, err, status) == ("", "", 0)
        return int(pidfile.read_text())

    yield start
    if pidfile.exists():
        pid = int(pidfile.read_text())
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_alive(pid))


def test_a_run_in_the_foreground_logs_the_lines_of_twistd(tmp_path):
    with started("-n", "-y", TAC, cwd=tmp_path, ECHO_PORT="0") as server:
        until_it_serves(server)
        assert (tmp_path / "twistd.pid").read_text() == str(server.process.pid)
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM

    app_logger = "[twisted.scripts._twistd_unix.UnixAppLogger#info]"
    assert anonymous(server.lines) == [
        "[-] Loading echo.tac...",
        "[-] Loaded.",
        f"{app_logger} twistd 26.10.0 (PYTHON) starting up.",
        f"{app_logger} reactor class: twisted.internet.asyncioreactor.AsyncioSelectorReactor.",
        "[-] EchoFactory starting on 0",
        "[builtins.EchoFactory#info] Starting factory <EchoFactory object at 0x0>",
        "[twisted.internet.base#info] Received SIGTERM, shutting down.",
        "[-] (TCP Port 0 Closed)",
        "[builtins.EchoFactory#info] Stopping factory <EchoFactory object at 0x0>",
        "[twisted.internet.base#info] Main loop terminated.",
        f"{app_logger} Server Shut Down.",
    ]
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_by_the_signal_that_ended_it(tmp_path, loop_kind, number):
    with started("-n", "-y", TAC, cwd=tmp_path, ECHO_PORT="0") as server:
        until_it_serves(server)
        server.signal(number)
        assert server.end() == -number
        assert any(f"Received {signal.Signals(number).name}, shutting down." in line for line in server.lines)


def test_a_daemon_serves_logs_and_stops(tmp_path, loop_kind, daemon):
    pid = daemon("-y", TAC, ECHO_PORT="0")
    log = tmp_path / "twistd.log"
    port = port_in(next(line for line in log.read_text().splitlines() if "starting on" in line))
    assert exchange(port, b"hello", 5) == b"hello"

    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/fd/0") == os.devnull
    assert (tmp_path / "twistd.pid").stat().st_mode & 0o777 == 0o600

    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not is_alive(pid))
    assert log.read_text().splitlines()[-1].endswith("Server Shut Down.")
    assert not (tmp_path / "twistd.pid").exists()


def test_a_daemon_turns_its_log_over_on_sigusr1(tmp_path, daemon):
    pid = daemon("-y", TAC, "--logfile", "echo.log", ECHO_PORT="0")

    os.kill(pid, signal.SIGUSR1)
    # Twisted's too turns over only when the loop does.
    eventually((tmp_path / "echo.log.1").exists)
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not is_alive(pid))
    assert "Server Shut Down." in (tmp_path / "echo.log").read_text()


def test_a_log_that_was_moved_away_is_opened_anew(tmp_path, daemon):
    (tmp_path / "ticking.tac").write_text(
        "from twisted.application import internet, service\n"
        "application = service.Application('ticking')\n"
        "internet.TimerService(0.02, print, 'tick').setServiceParent(application)\n"
    )
    daemon("-y", "ticking.tac")
    log, moved = tmp_path / "twistd.log", tmp_path / "moved.log"
    eventually(lambda: "tick" in log.read_text())
    log.rename(moved)
    eventually(lambda: log.exists() and "tick" in log.read_text())
    assert moved.read_text().endswith("tick\n")
    # What is put into its place is written to.
    log.unlink()
    log.write_text("made by another program\n")
    eventually(lambda: "tick" in log.read_text())
    assert log.read_text().startswith("made by another program\n")


def test_a_second_one_with_the_same_pid_file_is_refused(tmp_path, daemon):
    pid = daemon("-y", TAC, ECHO_PORT="0")

    out, err, status = run("-y", TAC, cwd=tmp_path)
    assert (out, status) == ("", 1)
    assert err.startswith(f"Another twistd server is running, PID {pid}\n")


def test_a_stale_pid_file_is_removed(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "twistd.pid").write_text(str(gone.pid))

    with started("-n", "-y", TAC, cwd=tmp_path, ECHO_PORT="0") as server:
        server.wait_for(f"Removing stale pidfile {tmp_path / 'twistd.pid'}")
        server.wait_for("Starting factory")


def test_stopping_waits_for_what_services_return(tmp_path, loop_kind):
    (tmp_path / "slow.tac").write_text(
        """
from twisted.application import service
from twisted.internet import reactor, task

class Slow(service.Service):
    def stopService(self):
        return task.deferLater(reactor, 0.1, print, "stopped after a while")

class Modern(service.Service):
    async def startService(self):
        await task.deferLater(reactor, 0.01)
        print("modern start")
    async def stopService(self):
        await task.deferLater(reactor, 0.1)
        print("stopped by a coroutine")

application = service.Application("slow")
Slow().setServiceParent(application)
Modern().setServiceParent(application)
"""
    )
    with started("-n", "-y", "slow.tac", cwd=tmp_path) as server:
        server.wait_for("modern start")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    said = [line.partition("] ")[2] for line in server.lines]
    assert said.index("stopped by a coroutine") < said.index("Server Shut Down.")
    assert said.index("stopped after a while") < said.index("Server Shut Down.")


BAD_TACS = {
    "1/0": "Failed to load application: division by zero",
    "def (": "Failed to load application: invalid syntax (bad.tac, line 1)",
    "import twisted.nonsense": "No module named 'twisted.nonsense': reactorio does not have it",
    "x = 1": "Failed to load application: 'application'",
}


@pytest.mark.parametrize("foreground", [["-n"], []], ids=["foreground", "daemon"])
@pytest.mark.parametrize("code", BAD_TACS)
def test_a_tac_that_fails_is_a_line_for_the_user_and_a_traceback_in_the_log(tmp_path, code, foreground):
    # Unlike Twisted, which writes the traceback to stderr.
    (tmp_path / "bad.tac").write_text(code)

    out, err, status = run(*foreground, "-y", "bad.tac", cwd=tmp_path)
    log = out if foreground else (tmp_path / "twistd.log").read_text()
    assert status == 1
    assert BAD_TACS[code] in err.splitlines()[0]
    assert "Traceback" not in err
    assert "The application cannot be loaded" in log
    assert "Traceback (most recent call last):" in log
    assert not (tmp_path / "twistd.pid").exists()


def test_a_tac_that_fails_without_a_log_is_all_on_stderr(tmp_path):
    (tmp_path / "bad.tac").write_text("1/0")

    out, err, status = run("-y", "bad.tac", "-l", "-", cwd=tmp_path)
    assert (out, status) == ("", 1)
    assert "Traceback (most recent call last):" in err
    assert err.endswith("Failed to load application: division by zero\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], "Unknown command: nonsense"),
        (["--nonsense"], "option --nonsense not recognized"),
        (["-y"], "option -y requires argument"),
        (["-y", TAC, "extra"], "Unknown command: extra"),
        (["-n", "-y", TAC, "--umask", "9"], "invalid literal for int() with base 8: '9'"),
        (["--reactor", "nonsense", "-y", TAC], "The specified reactor does not exist: 'nonsense'."),
        (["--logger", "nonsense.x", "-y", TAC], "Logger 'nonsense.x' could not be imported"),
        (["-y", TAC, "-l", "-"], "Daemons cannot log to stdout, exiting!"),
        (["-n", "-y", TAC, "-l", "/nonexistent/log"], "Cannot log to /nonexistent/log: No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path, arguments, complaint):
    out, err, status = run(*arguments, cwd=tmp_path)

    assert (out, status) == ("", 1)
    assert complaint in err
    assert len(err.splitlines()) <= 2


@pytest.fixture
def taken_port():
    with socket.create_server(("", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_port_in_use_is_a_line_for_the_user_and_a_traceback_in_the_log(tmp_path, loop_kind, taken_port):
    out, err, status = run("-n", "-y", TAC, cwd=tmp_path, ECHO_PORT=str(taken_port))

    assert status == 1
    assert re.fullmatch(
        rf"reactorio: CannotListenError: Couldn't listen on any:{taken_port}: \[Errno \d+\] Address already in use\.\n",
        err,
    )
    assert "Traceback (most recent call last):" in out
    assert not (tmp_path / "twistd.pid").exists()


def test_a_daemon_that_cannot_start_tells_who_started_it(tmp_path, taken_port):
    out, err, status = run("-y", TAC, cwd=tmp_path, ECHO_PORT=str(taken_port))

    assert (out, status) == ("", 1)
    assert f"Couldn't listen on any:{taken_port}" in err
    assert "Please look at log file" in err
    eventually(lambda: "Traceback (most recent call last):" in (tmp_path / "twistd.log").read_text())
    assert not (tmp_path / "twistd.pid").exists()


@pytest.mark.parametrize("foreground", [["-n"], []], ids=["foreground", "daemon"])
def test_a_pid_file_that_cannot_be_written_is_a_line(tmp_path, foreground):
    _, err, status = run(*foreground, "-y", TAC, "--pidfile=/nonexistent/pid", cwd=tmp_path, ECHO_PORT="0")

    assert status == 1
    assert "No such file or directory: '/nonexistent/pid'" in err
    assert "Traceback" not in err


def test_there_need_not_be_a_pid_file(tmp_path):
    with started("-n", "-y", TAC, "--pidfile=", cwd=tmp_path, ECHO_PORT="0") as server:
        until_it_serves(server)
        assert list(tmp_path.iterdir()) == []
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM


def test_a_service_that_exits_ends_the_daemon_and_who_waits_for_it(tmp_path):
    (tmp_path / "exits.tac").write_text(
        """
import sys
from twisted.application import service
class Exits(service.Service):
    def startService(self):
        sys.exit(5)
application = service.Application("exits")
Exits().setServiceParent(application)
"""
    )
    out, err, status = run("-y", "exits.tac", cwd=tmp_path)
    assert (out, status) == ("", 1)
    assert "SystemExit: 5" in err


def test_help_lists_the_options_and_the_plugins():
    out, err, status = run("--help", cwd=EXAMPLES)
    assert (err, status) == ("", 0)
    for expected in ("reactorio run", "--nodaemon", "--pidfile", "--reactor", "echo  ", "sends back what it gets"):
        assert expected in out

    assert run(cwd=EXAMPLES)[0] == out
    assert run("twistd", "--help", cwd=EXAMPLES)[0].startswith("Usage: twistd [options]\n")


def test_a_plugin_has_help_of_its_own():
    out, _, status = run("echo", "--help", cwd=EXAMPLES)
    assert status == 0
    assert "--port=" in out


@pytest.mark.parametrize("prefix", [[], ["twistd"]])
def test_help_reactors_lists_the_reactors(prefix):
    out, _, status = run(*prefix, "--help-reactors", cwd=EXAMPLES)
    assert status == 0
    assert "    asyncio\t" in out
    assert "    !iocp\t" in out


def test_twistd_says_the_version_of_twisted_and_reactorio_its_own(tmp_path):
    assert run("twistd", "--version", cwd=tmp_path)[0].startswith("twistd (the Twisted daemon) 26.10.0\n")
    assert run("--version", cwd=tmp_path)[0].startswith("reactorio ")


def test_the_reactor_can_be_chosen(tmp_path):
    pytest.importorskip("uvloop")
    (tmp_path / "which.tac").write_text(
        """
from twisted.application import service
from twisted.internet import reactor
import asyncio
application = service.Application("which")
reactor.callWhenRunning(lambda: print("loop:", type(asyncio.get_running_loop()).__module__))
reactor.callWhenRunning(reactor.stop)
"""
    )
    for name, module in (("uvloop", "uvloop"), ("asyncio", "asyncio.unix_events"), ("epoll", "asyncio.unix_events")):
        out, _, status = run("-n", "--reactor", name, "-y", "which.tac", cwd=tmp_path)
        assert (status, f"loop: {module}\n" in out) == (0, True), out


def test_rundir_and_umask_are_those_asked_for(tmp_path):
    (tmp_path / "where").mkdir()
    (tmp_path / "where.tac").write_text(
        """
import os
from twisted.application import service
from twisted.internet import reactor
class Where(service.Service):
    def startService(self):
        mask = os.umask(0)
        print(f"here: {os.getcwd()} {mask:o}")
        reactor.callWhenRunning(reactor.stop)
application = service.Application("where")
Where().setServiceParent(application)
"""
    )
    out, _, status = run("-n", "-y", "where.tac", "--rundir=where", "--umask=027", cwd=tmp_path)
    assert (status, f"here: {tmp_path / 'where'} 27\n" in out) == (0, True), out


def test_the_process_gets_the_name_that_the_application_wants(tmp_path):
    (tmp_path / "named.tac").write_text(
        """
from twisted.application import service
from twisted.internet import reactor
application = service.Application("named")
service.IProcess(application).processName = "short-name"
reactor.callWhenRunning(lambda: print("name:", open("/proc/self/comm").read()))
reactor.callWhenRunning(reactor.stop)
"""
    )
    assert "name: short-name\n" in run("-n", "-y", "named.tac", cwd=tmp_path)[0]
    assert "name: short-name\n" not in run("-n", "--originalname", "-y", "named.tac", cwd=tmp_path)[0]


def test_a_plugin_that_cannot_make_its_service_is_a_traceback_and_a_line(tmp_path):
    folder = tmp_path / "twisted" / "plugins"
    folder.mkdir(parents=True)
    (folder / "broken.py").write_text(
        "from twisted.application.service import ServiceMaker\n"
        "maker = ServiceMaker('broken', 'broken_service', 'Never starts.', 'broken')\n"
    )
    (tmp_path / "broken_service.py").write_text(
        "from twisted.python import usage\nclass Options(usage.Options): pass\ndef makeService(options): return 1 / 0\n"
    )
    (folder / "worse.py").write_text("import no_such_module")

    out, err, status = run("-n", "broken", cwd=tmp_path)
    assert status == 1
    # The plugin beside it, that cannot even be imported, is a line and harms nothing.
    first, last = err.splitlines()
    assert first.startswith("Cannot import the plugin module reactorio.plugins.worse: ModuleNotFoundError: ")
    assert last == "reactorio: ZeroDivisionError: division by zero"
    assert "broken_service.py" in out


def test_a_plugin_whose_module_is_missing_is_a_line(tmp_path):
    folder = tmp_path / "twisted" / "plugins"
    folder.mkdir(parents=True)
    (folder / "hollow.py").write_text(
        "from twisted.application.service import ServiceMaker\n"
        "maker = ServiceMaker('hollow', 'hollow_service', 'Is not there.', 'hollow')\n"
    )
    for command in ([], ["twistd"], ["twist"]):
        out, err, status = run(*command, "hollow", cwd=tmp_path)
        assert (out, status != 0) == ("", True)
        assert "The service hollow cannot be imported: " in err.splitlines()[0]
        assert "No module named 'hollow_service'" in err.splitlines()[0]
        assert "Traceback" not in err


def test_a_profile_is_written(tmp_path):
    (tmp_path / "short.tac").write_text(
        "from twisted.application import service\n"
        "from twisted.internet import reactor\n"
        "application = service.Application('short')\n"
        "reactor.callWhenRunning(reactor.stop)\n"
    )
    run("-n", "--profile=stats.txt", "-y", "short.tac", cwd=tmp_path)
    assert "function calls" in (tmp_path / "stats.txt").read_text()


def test_child_pythons_of_an_application_have_the_alias(tmp_path):
    (tmp_path / "child.tac").write_text(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import twisted; print(twisted.__file__)'], check=True)\n"
        "sys.exit(0)\n"
    )
    assert "reactorio" in run("-n", "-y", "child.tac", cwd=tmp_path)[0]


@pytest.fixture
def short(tmp_path):
    """An application that ends at once."""
    (tmp_path / "short.tac").write_text(
        "from twisted.application import service\n"
        "from twisted.internet import reactor\n"
        "application = service.Application('short')\n"
        "reactor.callWhenRunning(reactor.stop)\n"
    )
    return ["-n", "-y", "short.tac"]


@pytest.mark.parametrize("profiler", ["profile", "cprofile"])
def test_the_data_of_either_profiler_can_be_saved(tmp_path, short, profiler):
    out, err, status = run(*short, "-p", "stats", "--profiler", profiler, "--savestats", cwd=tmp_path)
    assert (err, status) == ("", 0), out
    assert any("mainLoop" in name for _, _, name in pstats.Stats(str(tmp_path / "stats")).stats)


def test_a_profiler_that_is_none_is_a_line(tmp_path, short):
    _, err, status = run(*short, "-p", "stats", "--profiler", "nonsense", cwd=tmp_path)
    assert (err, status) == ("Unsupported profiler name: nonsense\n", 1)


def test_every_call_can_be_printed(tmp_path, short):
    out, _, status = run(*short, "--spew", cwd=tmp_path)
    assert status == 0
    assert "mainLoop" in out


def test_it_can_be_run_in_the_debugger(tmp_path, short):
    out, _, status = run(*short, "--debug", cwd=tmp_path, stdin="c\n")
    assert status == 0
    assert "(Pdb)" in out
    assert "Server Shut Down." in out


def test_the_debugger_can_stop_it(tmp_path):
    (tmp_path / "long.tac").write_text(
        "from twisted.application import service\napplication = service.Application('long')\n"
    )
    # Debugging means the foreground.
    out, _, status = run("-b", "-y", "long.tac", cwd=tmp_path, stdin="help stop\nstop\n")
    assert status == 0
    assert "shut the reactor down cleanly" in out


def test_the_log_may_go_to_syslog(tmp_path):
    (tmp_path / "short.tac").write_text(
        "import syslog\n"
        "from twisted.application import service\n"
        "from twisted.internet import reactor\n"
        "def write(*words):\n"
        "    with open('syslog', 'a') as file: print(*words, file=file)\n"
        "syslog.openlog = lambda *args: write('open', *args)\n"
        "syslog.syslog = write\n"
        "application = service.Application('short')\n"
        "reactor.callWhenRunning(reactor.stop)\n"
    )
    out, err, status = run("-n", "--syslog", "--prefix=fruit", "-y", "short.tac", cwd=tmp_path)
    first, *rest = (tmp_path / "syslog").read_text().splitlines()
    assert (out, err, status) == ("", "", 0)
    assert first.startswith("open fruit")
    assert any("starting up." in line for line in rest)


def test_a_logger_takes_the_place_of_the_log(tmp_path, short):
    (tmp_path / "watching.py").write_text(
        "from twisted.logger import formatEvent\n"
        "def watch():\n"
        "    from twisted.logger import ILogObserver\n"
        "    from zope.interface import directlyProvides\n"
        "    def observer(event):\n"
        "        with open('watched', 'a') as file: print(formatEvent(event), file=file)\n"
        "    directlyProvides(observer, ILogObserver)\n"
        "    return observer\n"
    )
    out, err, status = run(*short, "--logger=watching.watch", "--logfile=unused", cwd=tmp_path)
    assert (out, err, status) == ("", "", 0)
    assert (tmp_path / "watched").read_text().splitlines()[-1] == "Server Shut Down."
    assert not (tmp_path / "unused").exists()


SAVED = """
import pickle, sys
from twisted.application import internet, service
from twisted.persisted import sob
application = service.Application("saved")
internet.TimerService(0.01, print, "tick").setServiceParent(application)
for style, name in (("pickle", "saved.tap"), ("source", "saved.tas")):
    sob.IPersistable(application).setStyle(style)
    sob.IPersistable(application).save(filename=name)
sys.exit()
"""


@pytest.mark.parametrize(("option", "suffix"), [("-f", "tap"), ("-s", "tas")])
def test_a_saved_application_is_run_and_saved_again(tmp_path, option, suffix):
    (tmp_path / "save.tac").write_text(SAVED)
    run("-n", "-y", "save.tac", cwd=tmp_path)
    with started("-n", option, f"saved.{suffix}", cwd=tmp_path) as server:
        for _ in range(3):  # the first is the start's, before the reactor runs
            server.wait_for("] tick")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    said = [line.partition("] ")[2] for line in server.lines]
    saved = f"saved-shutdown.{suffix}"
    assert said[-4:] == [
        f"Saving saved application to {saved}...",
        "Saved.",
        "Main loop terminated.",
        "Server Shut Down.",
    ]
    with started("-n", "--no_save", option, saved, cwd=tmp_path) as server:
        server.wait_for("] tick")


def test_nothing_saved_is_encrypted(tmp_path):
    out, err, status = run("-n", "-e", "-f", "x.tap", cwd=tmp_path)
    assert (out, err, status) == ("", "reactorio: Saved applications are not encrypted: --encrypted is of no use.\n", 1)


TWISTEDS = "asyncio cf default epoll gi glib2 gtk2 gtk3 iocp kqueue poll select win32 wx"


@pytest.mark.parametrize("name", TWISTEDS.split())
def test_every_reactor_of_twisted_is_known_and_runs_or_says_why_not(tmp_path, short, name):
    out, err, status = run("--reactor", name, *short, cwd=tmp_path)
    if name in ("asyncio", "default", "epoll", "poll", "select"):
        assert (err, status) == ("", 0), out
    else:
        assert status == 1
        assert err.startswith("reactorio: The specified reactor cannot be used, failed with error: reactorio has no ")
