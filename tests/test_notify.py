"""What is said to systemd, heard at a socket that stands for it."""

from __future__ import annotations

import os
import socket
import time

import pytest

from reactorio.application._notify import Notifier, Watchdog
from reactorio.internet.task import Clock
from reactorio.logger import capturedLogs


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def heard(manager):
    return manager.recv(4096).decode().split("\n")


@pytest.fixture
def speaker(manager):
    """Make notifiers that speak to the manager."""
    made = []

    def make(**more):
        made.append(Notifier({"NOTIFY_SOCKET": manager.getsockname(), **more}))
        return made[-1]

    yield make
    for notifier in made:
        notifier.close()


def test_each_message_has_its_assignments_in_order(manager, speaker):
    notifier = speaker()
    notifier.ready("Serving 2 ports")
    notifier.stopping()
    notifier.status("one\nline")
    notifier.extend_timeout(1.5)

    assert heard(manager) == ["READY=1", "STATUS=Serving 2 ports", f"MAINPID={os.getpid()}"]
    assert heard(manager) == ["STOPPING=1", "STATUS=Stopping"]
    assert heard(manager) == ["STATUS=one line"]
    assert heard(manager) == ["EXTEND_TIMEOUT_USEC=1500000"]


def test_a_reload_says_when_it_began_on_the_managers_clock(manager, speaker):
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    speaker().reloading()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    reloading, begun, _ = heard(manager)
    assert reloading == "RELOADING=1"
    assert before <= int(begun.removeprefix("MONOTONIC_USEC=")) <= after


def test_an_abstract_address_is_understood():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0reactorio-{os.getpid()}-{time.monotonic_ns()}")
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": "@" + manager.getsockname()[1:].decode()})
        notifier.alive()
        notifier.close()
        assert heard(manager) == ["WATCHDOG=1"]


@pytest.mark.parametrize("address", ["", "@", "relative/path", "/"])
def test_without_an_address_nothing_is_said(address):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready()
    assert not notifier.listens


def test_a_manager_that_is_gone_is_a_line_in_the_log(manager, speaker):
    notifier = speaker()
    os.unlink(manager.getsockname())
    manager.close()
    with capturedLogs() as events:
        notifier.ready()

    (event,) = events
    assert "Cannot tell the service manager" in event["log_format"]


def test_it_is_spoken_to_after_its_address_is_out_of_reach_and_by_its_successor(manager, speaker):
    notifier, address = speaker(), manager.getsockname()
    os.rename(address, address + ".elsewhere")
    notifier.alive()
    assert heard(manager) == ["WATCHDOG=1"]

    manager.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as successor:
        successor.bind(address)
        notifier.alive()
        assert heard(successor) == ["WATCHDOG=1"]


def test_children_do_not_inherit_the_managers_address(manager):
    environ = {
        "NOTIFY_SOCKET": manager.getsockname(),
        "WATCHDOG_USEC": "1000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    notifier = Notifier(environ)
    notifier.close()
    assert notifier.watchdog_seconds == 1
    assert environ == {"A": "b"}


@pytest.mark.parametrize(
    ("usec", "pid"), [("", ""), ("0", ""), ("-5", ""), ("1e6", ""), ("1000000", "1"), ("1000000", "x")]
)
def test_a_watchdog_that_is_not_ours_is_not_fed(speaker, usec, pid):
    assert speaker(WATCHDOG_USEC=usec, WATCHDOG_PID=pid).watchdog_seconds is None


def test_the_watchdog_is_fed_twice_in_its_time_until_it_stops(manager, speaker):
    clock = Clock()
    watchdog = Watchdog(speaker(WATCHDOG_USEC="4000000"), clock)
    watchdog.start()
    clock.pump([2, 2])
    watchdog.stop()
    clock.advance(60)

    assert [heard(manager) for _ in range(3)] == [["WATCHDOG=1"]] * 3
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(1)
    assert clock.getDelayedCalls() == []
