"""The reactor's life: binding late, adopting, running again, ending."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

import reactorio
from reactorio.internet import asyncioreactor, error
from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import Factory, Protocol
from reactorio.internet.task import deferLater


def listen(reactor):
    return reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")


def test_importing_the_reactor_starts_nothing():
    code = "import threading, asyncio; from reactorio.internet import reactor; print(reactor._loop, threading.active_count())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["None", "1"]


def test_run_can_be_called_again_after_it_returned(reactor):
    loops = []
    for _ in range(2):
        reactor.callWhenRunning(lambda: loops.append(asyncio.get_running_loop()))
        reactor.callWhenRunning(reactor.stop)
        reactor.run()

    assert len(set(loops)) == 2
    assert all(loop.is_closed() for loop in loops)


def test_the_chosen_kind_of_loop_is_made(reactor, loop_kind):
    seen = []
    reactor.callWhenRunning(lambda: seen.append(type(asyncio.get_running_loop()).__module__))
    reactor.callWhenRunning(reactor.stop)
    reactor.run()

    assert seen[0].startswith(loop_kind)


def test_install_chooses_uvloop(monkeypatch):
    pytest.importorskip("uvloop")
    monkeypatch.delenv("REACTORIO_LOOP", raising=False)
    reactorio.install(uvloop=True)
    try:
        from reactorio.internet import reactor

        seen = []
        reactor.callWhenRunning(lambda: seen.append(type(asyncio.get_running_loop()).__module__))
        reactor.callWhenRunning(reactor.stop)
        reactor.run()
        assert seen == ["uvloop"]
    finally:
        reactorio.install(uvloop=None)


def test_an_unknown_kind_of_loop_is_refused_by_name(monkeypatch):
    from reactorio.internet import reactor

    monkeypatch.setenv("REACTORIO_LOOP", "curio")
    with pytest.raises(ValueError, match="REACTORIO_LOOP is 'curio'; it can be one of: asyncio, uvloop"):
        reactor.run()
    reactor._let_go()


def test_a_loop_that_the_program_has_set_is_taken_and_stays_open(monkeypatch):
    from reactorio.internet import reactor

    monkeypatch.delenv("REACTORIO_LOOP", raising=False)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        future = loop.create_future()
        future.add_done_callback(lambda _: reactor.stop())
        loop.call_soon(future.set_result, None)
        reactor.run()
        assert future.done()
        assert not loop.is_closed()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_asyncio_run_three_times_adopts_three_loops(loop_kind, run):
    from reactorio.internet import reactor

    seen = []

    async def main():
        assert reactor.running
        reactor.addSystemEventTrigger("before", "shutdown", seen.append, "shutdown")
        port = listen(reactor)
        _reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.close()
        await writer.wait_closed()
        await deferLater(reactor, 0, lambda: None)
        seen.append(asyncio.get_running_loop())

    for _ in range(3):
        run(main())
        assert not reactor.running

    loops = seen[0::2]
    assert len(set(loops)) == 3
    assert seen[1::2] == ["shutdown"] * 3


def test_the_shutdown_of_an_adopted_loop_waits_for_its_triggers(run):
    from reactorio.internet import reactor

    told = []

    def slowly():
        told.append("asked")
        return deferLater(reactor, 0.01, told.append, "done")

    async def main():
        reactor.addSystemEventTrigger("before", "shutdown", slowly)

    run(main())
    assert told == ["asked", "done"]


def test_startup_triggers_fire_when_a_loop_is_adopted(run):
    from reactorio.internet import reactor

    told = []
    trigger = reactor.addSystemEventTrigger("before", "startup", told.append, "startup")
    reactor.callWhenRunning(told.append, "running")
    assert trigger

    async def main():
        reactor.callLater(0, told.append, "timer")
        assert told == ["startup", "running"]
        await deferLater(reactor, 0, lambda: None)

    run(main())
    assert told == ["startup", "running", "timer"]


def test_timers_of_a_run_that_is_over_do_not_fire_in_the_next(reactor):
    fired = []
    reactor.callLater(0.2, fired.append, "late")
    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    assert len(reactor.getDelayedCalls()) == 1

    reactor.callLater(0.25, reactor.stop)
    reactor.run()
    assert fired == []


def test_calls_made_before_there_is_a_loop_are_made_in_it(reactor):
    made = []
    threading.Thread(target=reactor.callFromThread, args=(made.append, "from a thread")).start()
    reactor.callLater(0, made.append, "later")
    reactor.callWhenRunning(made.append, "when running")
    reactor.callLater(0.01, reactor.stop)
    reactor.run()

    assert set(made) == {"from a thread", "later", "when running"}
    assert made.index("when running") < made.index("later")


def test_two_loops_in_two_threads_have_a_reactor_each(run):
    from reactorio.internet import reactor

    seen = {}
    ready = threading.Event()

    async def other():
        mine = reactorio.reactor_for(asyncio.get_running_loop())
        assert mine is not reactor
        assert reactorio.reactor_for(asyncio.get_running_loop()) is mine
        port = listen(mine)
        _reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.close()
        await writer.wait_closed()
        await deferLater(mine, 0, lambda: None)
        await port.stopListening()
        with pytest.raises(RuntimeError, match="another thread"):
            reactor.callLater(0, lambda: None)
        seen["other"] = mine.running
        reactor.callFromThread(ready.set)

    async def main():
        assert reactorio.reactor_for(asyncio.get_running_loop()) is reactor
        thread = threading.Thread(target=asyncio.run, args=(other(),))
        thread.start()
        while not ready.is_set():
            await asyncio.sleep(0.001)
        thread.join()
        await deferLater(reactor, 0, lambda: None)
        seen["main"] = reactor.running

    run(main())
    assert seen == {"other": True, "main": True}


def test_run_within_a_running_loop_is_refused(run):
    from reactorio.internet import reactor

    async def main():
        with pytest.raises(error.ReactorAlreadyRunning):
            reactor.run()

    run(main())


def test_stopping_an_adopted_reactor_leaves_the_loop_running(run):
    from reactorio.internet import reactor

    told = []

    async def main():
        port = listen(reactor)
        reactor.addSystemEventTrigger("after", "shutdown", told.append, "over")
        reactor.stop()
        await asyncio.sleep(0.01)
        assert told == ["over"]
        assert not port.connected

    run(main())


def test_stop_without_a_run_is_an_error(reactor):
    with pytest.raises(error.ReactorNotRunning, match="Can't stop reactor that isn't running"):
        reactor.stop()


def test_crash_returns_at_once_and_the_next_run_goes_on(reactor):
    told = []
    reactor.addSystemEventTrigger("before", "shutdown", told.append, "shutdown")
    reactor.callWhenRunning(reactor.crash)
    reactor.callLater(0.2, told.append, "still there")
    reactor.run()
    assert told == []

    reactor.callLater(0.25, reactor.stop)
    reactor.run()
    assert told == ["still there", "shutdown"]


def test_iterate_does_what_is_due_without_a_run(reactor):
    done = []
    reactor.callLater(0, done.append, 1)
    reactor.callFromThread(done.append, 2)
    # One of these may do one of the two: each returns when something was done.
    for _ in range(10):
        reactor.iterate(0.01)
    assert sorted(done) == [1, 2]

    reactor.callLater(0.001, done.append, 3)
    reactor.iterate(5)
    assert done[-1] == 3
    reactor._let_go()


def test_iterate_within_a_run_is_refused(reactor):
    refused = []

    def again():
        with pytest.raises(error.ReactorAlreadyRunning):
            reactor.iterate(0)
        refused.append(True)
        reactor.stop()

    reactor.callWhenRunning(again)
    reactor.run()
    assert refused


def test_an_exception_in_a_call_is_logged_and_the_rest_goes_on(reactor, logged_errors):
    def fail():
        raise ZeroDivisionError("in a call")

    reactor.callLater(0, fail)
    reactor.callFromThread(fail)
    reactor.callWhenRunning(fail)
    reactor.callLater(0.01, reactor.stop)
    reactor.run()

    assert len(logged_errors.flush(ZeroDivisionError)) == 3


def test_system_exit_in_a_call_ends_the_run_and_leaves_nothing_open(reactor):
    port = listen(reactor)
    reactor.callWhenRunning(sys.exit, 3)
    with pytest.raises(SystemExit):
        reactor.run()

    assert not port.connected
    reactor.callWhenRunning(reactor.stop)
    reactor.run()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_stops_the_run_and_handlers_are_given_back(reactor, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    told = []
    reactor.addSystemEventTrigger("before", "shutdown", told.append, "shutdown")
    reactor.callWhenRunning(os.kill, os.getpid(), number)
    reactor.run()

    assert told == ["shutdown"]
    assert reactor._exitSignal == number
    assert signal.getsignal(number) is before


def test_without_handlers_ctrl_c_is_a_keyboard_interrupt(reactor):
    reactor.callWhenRunning(os.kill, os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        reactor.run(installSignalHandlers=False)


def test_before_triggers_may_be_coroutines(reactor):
    told = []

    async def slowly():
        await asyncio.sleep(0.001)
        told.append("before")

    reactor.addSystemEventTrigger("before", "shutdown", slowly)
    reactor.addSystemEventTrigger("during", "shutdown", told.append, "during")
    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    assert told == ["before", "during"]


def test_install_binds_the_facade_to_a_given_loop(reactor):
    loop = asyncio.new_event_loop()
    asyncioreactor.install(loop)
    assert reactor._asyncioEventloop is loop
    assert isinstance(reactor, asyncioreactor.AsyncioSelectorReactor)
    other = asyncio.new_event_loop()
    other.close()
    with pytest.raises(error.ReactorAlreadyInstalledError):
        asyncioreactor.install(other)
    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    assert not loop.is_closed()
    loop.close()


def test_tasks_left_by_a_run_are_cancelled_with_its_loop(reactor):
    ends = []

    async def forever():
        try:
            await Deferred()
        finally:
            ends.append(True)

    reactor.callWhenRunning(lambda: asyncio.ensure_future(forever()))
    reactor.callLater(0.01, reactor.stop)
    reactor.run()
    assert ends == [True]
