"""The standard library's logging and ours: each flows into the other, and no record goes round."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from reactorio.logger import Logger, LogLevel, LogPublisher, StdlibHandler, STDLibLogObserver, formatEvent


@pytest.fixture
def root():
    """The root logger, without the handlers that the test adds when it is over."""
    logger = logging.getLogger()
    before = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:], level = before
    logger.setLevel(level)


def test_a_record_is_an_event_with_its_level_name_time_and_failure(root):
    events = []
    root.addHandler(StdlibHandler(observer=events.append))
    root.setLevel(logging.INFO)

    logging.getLogger("library.part").info("%s and %d", "text", 3)
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        logging.getLogger("library").exception("it {failed}")

    info, error = events
    assert (info["log_namespace"], info["log_level"], formatEvent(info)) == (
        "library.part",
        LogLevel.info,
        "text and 3",
    )
    assert (error["log_level"], formatEvent(error)) == (LogLevel.error, "it {failed}")
    assert error["log_failure"].type is ZeroDivisionError
    assert error["log_time"] == error["log_record"].created


def test_with_both_bridges_nothing_goes_round(root):
    publisher = LogPublisher(STDLibLogObserver(name="ours"))
    seen = []
    publisher.addObserver(seen.append)
    lines = []
    collect = logging.Handler()
    collect.emit = lambda record: lines.append(record.getMessage())
    root.handlers[:] = [collect, StdlibHandler(observer=publisher)]
    root.setLevel(logging.INFO)

    logging.getLogger("theirs").warning("from logging")
    Logger(namespace="mine", observer=publisher).info("from the logger")

    assert [formatEvent(event) for event in seen] == ["from logging", "from the logger"]
    assert lines == ["from logging", "from the logger"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_records_that_nobody_handles_go_to_the_log_once_logging_began():
    done = run(
        "import logging, sys\n"
        "from reactorio.python import log\n"
        "log.startLogging(sys.stdout, setStdout=False)\n"
        "logging.getLogger('library').warning('look here')\n"
        "logging.getLogger('library').info('not at this level')\n"
    )
    assert done.stdout.splitlines()[-1].endswith("[library#warn] look here")
    assert done.stderr == ""


def test_a_program_that_configures_logging_keeps_what_it_configured():
    done = run(
        "import logging, sys\n"
        "from reactorio.python import log\n"
        "log.startLogging(sys.stdout, setStdout=False)\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s')\n"
        "logging.getLogger('library').info('in its own form')\n"
    )
    assert done.stderr == "in its own form\n"
    assert "own form" not in done.stdout


def test_errors_of_the_loop_reach_the_log(reactor, logged_errors):
    def fail():
        raise ZeroDivisionError("in a bare callback")

    reactor.callWhenRunning(lambda: asyncio.get_running_loop().call_soon(fail))
    reactor.callLater(0.01, reactor.stop)
    reactor.run()
    assert [str(error) for error in logged_errors.flush(ZeroDivisionError)] == ["in a bare callback"]


def test_in_a_loop_that_was_there_first_records_and_errors_reach_the_log_too():
    done = run(
        "import asyncio, logging, sys\n"
        "from reactorio.internet import reactor\n"
        "from reactorio.python import log\n"
        "log.startLogging(sys.stdout, setStdout=False)\n"
        "async def fails():\n"
        "    raise KeyError('in a task')\n"
        "async def main():\n"
        "    reactor.callLater(0, int)\n"
        "    asyncio.get_running_loop().call_soon(lambda: 1 / 0)\n"
        "    logging.getLogger('library').warning('look here')\n"
        "    lost = asyncio.ensure_future(fails())\n"
        "    await asyncio.sleep(0)\n"
        "    del lost\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
    )
    assert done.stderr == ""
    for said in ("[library#warn] look here", "[asyncio#error] Exception in callback", "ZeroDivisionError: division"):
        assert done.stdout.count(said) == 1
    assert done.stdout.count("KeyError: 'in a task'") == 1
