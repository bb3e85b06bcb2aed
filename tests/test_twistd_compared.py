"""
The launcher beside Twisted's own: the same applications, started, stopped and refused, and what each writes, line by line.

Needs Twisted.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import EXAMPLES, PATIENCE, ROOT, Program

pytest.importorskip("twisted")

TAC = str(EXAMPLES / "echo.tac")

# As their scripts do it; not with -m, which would put the working directory on the path first.
THEIRS = {
    name: [sys.executable, "-c", f"import sys; sys.argv[0] = {name!r}; {code}"]
    for name, code in (
        ("twistd", "from twisted.scripts.twistd import run; run()"),
        ("twist", "from twisted.application.twist._twist import Twist; Twist.main(sys.argv)"),
    )
}
OURS = {name: [sys.executable, "-m", "reactorio", name] for name in THEIRS}


def anonymous(line):
    """Return a line without what differs from run to run, and from reactor to reactor."""
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", "TIME", line)
    line = re.sub(r"0x[0-9a-f]+", "0x0", line)
    line = re.sub(r"(starting on|TCP Port|PID) \d+", r"\1 0", line)
    # Both name what is theirs.
    line = line.replace("reactorio", "twisted")
    return re.sub(r"twisted\.internet\.\w+reactor\.\w+Reactor", "A_REACTOR", line)


class Launcher:
    """One of the two, in a folder of its own."""

    def __init__(self, commands, folder, environ):
        self._commands = commands
        self.folder = folder
        self._environ = environ
        folder.mkdir()

    def start(self, *arguments, command="twistd"):
        return Program([*self._commands[command], *arguments], self.folder, **self._environ)

    def run(self, *arguments, command="twistd"):
        return subprocess.run(
            [*self._commands[command], *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def until(self, fact):
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline
            os.sched_yield()

    def until_it_handles(self, pid, number):
        """The log does not tell when the reactor runs, and its signals are its own."""

        def handled():
            caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
            return int(caught[1], 16) >> (number - 1) & 1

        self.until(handled)

    def log(self, name="twistd.log"):
        return [anonymous(line) for line in (self.folder / name).read_text().splitlines()]


@pytest.fixture
def both(tmp_path):
    """Both launchers; what they keep of plugins is there already, so that neither writes of it."""
    launchers = [
        Launcher(THEIRS, tmp_path / "theirs", {"ECHO_PORT": "0", "PYTHONPATH": ""}),
        Launcher(OURS, tmp_path / "ours", {"ECHO_PORT": "0"}),
    ]
    yield launchers
    for launcher in launchers:
        pidfile = launcher.folder / "twistd.pid"
        if pidfile.exists():
            os.kill(int(pidfile.read_text()), signal.SIGKILL)


def in_the_foreground(launcher, *arguments, number=signal.SIGTERM, command="twistd", ready="Starting factory"):
    """Start it, end it by a signal when it is ready, and return all that it has written and its status."""
    program = launcher.start(*arguments, command=command)
    try:
        program.wait_for(ready)
        launcher.until_it_handles(program.process.pid, signal.SIGTERM)
        program.signal(number)
        status = program.end()
    finally:
        program.close()
    return [anonymous(line) for line in program.lines], status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_in_the_foreground(both, number):
    theirs, ours = (in_the_foreground(each, "-n", "-y", TAC, number=number) for each in both)
    assert ours == theirs
    assert len(theirs[0]) == 11
    assert all(os.listdir(each.folder) == [] for each in both)


@pytest.mark.parametrize("options", [[], ["--logfile=other.log", "--pidfile=other.pid"], ["--umask=022"]])
def test_a_daemon(both, options):
    results = []
    for each in both:
        done = each.run("-y", TAC, *options)
        files = sorted(os.listdir(each.folder))
        pidfile = each.folder / ("other.pid" if "--pidfile=other.pid" in options else "twistd.pid")
        modes = {name: (each.folder / name).stat().st_mode & 0o777 for name in files}
        pid = int(pidfile.read_text())
        session = os.getsid(pid) not in (os.getsid(0), pid)
        each.until_it_handles(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGTERM)
        each.until(lambda pidfile=pidfile: not pidfile.exists())
        log = "other.log" if "--logfile=other.log" in options else "twistd.log"
        each.until(lambda each=each, log=log: each.log(log)[-1].endswith("Server Shut Down."))
        results.append((done.returncode, done.stdout, done.stderr, modes, session, each.log(log)))
    theirs, ours = results
    assert ours == theirs
    assert theirs[0] == 0


def test_a_daemon_beside_a_daemon(both):
    results = []
    for each in both:
        each.run("-y", TAC)
        done = each.run("-y", TAC)
        results.append((done.returncode, done.stdout, anonymous(done.stderr.splitlines()[0])))
    assert results[1] == results[0]
    assert results[0][2] == "Another twistd server is running, PID 0"


def test_a_stale_pid_file(both):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    results = []
    for each in both:
        (each.folder / "twistd.pid").write_text(str(gone.pid))
        lines, status = in_the_foreground(each, "-n", "-y", TAC)
        # The first two go to stderr and to the log, in whichever order they are read.
        results.append((sorted(line.replace(str(each.folder), "HERE") for line in lines), status))
    assert results[1] == results[0]


def test_a_service_of_a_plugin(both):
    arguments = ["-n", "portforward", "--port", "tcp:0"]
    theirs, ours = (in_the_foreground(each, *arguments) for each in both)
    assert ours == theirs


def test_a_process_that_is_supervised(both):
    code = "import time; print('ready', flush=True); time.sleep(60)"
    arguments = ["-n", "procmon", sys.executable, "-c", code]
    theirs, ours = (in_the_foreground(each, *arguments, ready="] ready") for each in both)
    # What comes then depends, in Twisted, on who ends first: the launcher does not wait for the process.
    until = 1 + next(number for number, line in enumerate(ours[0]) if "shutting down" in line)
    assert (ours[0][:until], ours[1]) == (theirs[0][:until], theirs[1])


def test_twist(both):
    arguments = ["--log-format=text", "portforward", "--port", "tcp:0"]
    theirs, ours = (in_the_foreground(each, *arguments, command="twist", ready="Starting reactor") for each in both)
    assert ours == theirs


TACS = {
    "slow to stop": """
from twisted.application import service
from twisted.internet import reactor, task
class Slow(service.Service):
    def stopService(self):
        print("stopping")
        return task.deferLater(reactor, 0.1, print, "stopped")
application = service.Application("slow")
Slow().setServiceParent(application)
reactor.callWhenRunning(reactor.stop)
""",
    "fails to stop": """
from twisted.application import service
from twisted.internet import reactor
class Fails(service.Service):
    def stopService(self):
        raise ValueError("cannot stop")
application = service.Application("fails")
Fails().setServiceParent(application)
reactor.callWhenRunning(reactor.stop)
""",
    "prints and warns": """
import sys, warnings
from twisted.application import service
from twisted.internet import reactor
from twisted.python import log
print("while it is read")
application = service.Application("prints")
def later():
    print("later", file=sys.stderr)
    log.msg("said", system="elsewhere")
    reactor.stop()
reactor.callWhenRunning(later)
""",
}


@pytest.mark.parametrize("tac", TACS)
def test_a_run_that_ends_by_itself(both, tac):
    results = []
    for each in both:
        (each.folder / "it.tac").write_text(TACS[tac])
        done = each.run("-n", "-y", "it.tac")
        results.append((done.returncode, [anonymous(line) for line in done.stdout.splitlines()], done.stderr))
    assert results[1] == results[0]


REFUSED = {
    "an unknown command": ["nonsense"],
    "an unknown option": ["--nonsense"],
    "a mask that is none": ["-n", "-y", TAC, "--umask", "9"],
    "a service without its arguments": ["-n", "procmon"],
    "a daemon that logs to a terminal": ["-y", TAC, "-l", "-"],
    "no file": ["-n", "-y", "no_such.tac"],
    "no application": ["-n", "-y", os.devnull],
    "no saved application": ["-n"],
    "no saved source": ["-n", "-s", "no_such.tas"],
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED)
def test_a_command_line_that_is_refused(both, arguments):
    """Twisted has the help text before the line, on stdout, or the traceback, which is in our log."""
    theirs, ours = (each.run(*arguments) for each in both)
    last = (theirs.stderr or theirs.stdout).rstrip().splitlines()
    # A line begins with the name of the program, and in Twisted's case of its first argument.
    said = [line.removeprefix(f"twistd {arguments[0]}").removeprefix("twistd") for line in last]
    assert ours.returncode == theirs.returncode == 1
    assert ours.stderr.splitlines()[0].removeprefix("twistd") in said
    assert len(ours.stderr.splitlines()) <= 3
