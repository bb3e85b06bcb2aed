"""What a tree of services is asked besides to start and to stop."""

from __future__ import annotations

import pickle

import pytest

from reactorio.application import _hooks
from reactorio.application.internet import StreamServerEndpointService, TCPServer
from reactorio.application.service import MultiService, Service
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.protocol import Factory


def results(deferred):
    """Return the list that the Deferred's result is appended to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


def tree(*children):
    """Return a service with a service with these children in it."""
    root, node = MultiService(), MultiService()
    node.setServiceParent(root)
    for child in children:
        child.setServiceParent(node)
    return root


class Gate:
    """An endpoint that listens when told to."""

    def __init__(self):
        self.listening = Deferred()

    def listen(self, factory):
        return self.listening


class Port:
    def stopListening(self):
        return succeed(None)


def test_services_that_start_at_once_are_ready_at_once():
    root = tree(Service(), TCPServer(0, Factory()))
    assert len(results(_hooks.when_ready(root))) == 1


def test_a_tree_is_ready_when_its_ports_listen_and_its_coroutines_have_started():
    started, gate = Deferred(), Gate()

    class Slow(Service):
        async def startService(self):
            super().startService()
            await started

    root = tree(Slow(), StreamServerEndpointService(gate, Factory()))
    root.startService()
    ready = results(_hooks.when_ready(root))
    gate.listening.callback(Port())
    assert ready == []
    started.callback(None)
    assert len(ready) == 1
    assert len(results(_hooks.when_ready(root))) == 1


def test_a_start_that_returned_a_deferred_is_waited_for_and_keeps_its_result():
    started = Deferred()

    class Old(Service):
        def startService(self):
            super().startService()
            return started

    root = tree(Old())
    root.startService()
    ready = results(_hooks.when_ready(root))
    kept = results(started)
    assert ready == []
    started.callback("kept")
    assert (len(ready), kept) == (1, ["kept"])


def test_one_that_cannot_start_is_why_the_tree_never_will(logged_errors):
    class Broken(Service):
        async def startService(self):
            raise ValueError("no")

    root = tree(Service(), Broken())
    root.startService()
    (failure,) = results(_hooks.when_ready(root))
    assert failure.getErrorMessage() == "no"
    assert [str(error) for error in logged_errors.flush()] == ["no"]


def test_a_port_that_cannot_listen_is_why_its_service_is_never_ready(logged_errors):
    service = StreamServerEndpointService(Gate(), Factory())
    service.endpoint.listening.errback(OSError("in use"))
    service.startService()
    (failure,) = results(_hooks.when_ready(service))
    failure.trap(OSError)
    assert len(logged_errors.flush(OSError)) == 1


def test_a_start_that_is_over_is_forgotten_at_the_next():
    class Again(Service):
        async def startService(self):
            await attempts.pop(0)

    attempts = [succeed(None), Deferred()]
    service = Again()
    for _ in range(2):
        _hooks.note_start(service, service.startService())
    assert results(_hooks.when_ready(service)) == []
    assert "_starting" not in service.__getstate__()


def test_a_pickled_service_does_not_wait():
    service = MultiService()
    _hooks.note_start(service, succeed(None))
    assert pickle.loads(pickle.dumps(service)).services == []


class Reloading(Service):
    def __init__(self, new, journal):
        self.new = new
        self.journal = journal

    def reload(self):
        self.journal.append(f"{self.new} read")
        if isinstance(self.new, Exception):
            raise self.new
        return lambda: self.journal.append(f"{self.new} used")


def test_what_was_read_is_put_to_use_when_all_have_read_it():
    journal = []
    root = tree(Reloading("a", journal), Service(), Reloading("b", journal))
    (commit,) = results(_hooks.reload_of(root))
    assert journal == ["a read", "b read"]
    commit()
    assert journal == ["a read", "b read", "a used", "b used"]


def test_one_that_finds_fault_keeps_all_others_as_they_are(logged_errors):
    journal = []
    root = tree(Reloading("a", journal), Reloading(ValueError("bad"), journal), Reloading("c", journal))
    (failure,) = results(_hooks.reload_of(root))
    failure.trap(_hooks.NotReloaded)
    assert failure.getErrorMessage() == "bad"
    assert journal == ["a read", "bad read", "c read"]
    # Once, and not once more for each collection around it.
    assert [str(error) for error in logged_errors.flush()] == ["bad"]


def test_what_cannot_be_put_to_use_after_all_does_not_keep_the_others_from_it(logged_errors):
    class Worse(Service):
        def reload(self):
            return lambda: 1 / 0

    journal = []
    (commit,) = results(_hooks.reload_of(tree(Worse(), Reloading("b", journal))))
    commit()
    assert journal == ["b read", "b used"]
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


@pytest.mark.parametrize("kind", ["plain", "deferred", "coroutine"])
def test_hooks_may_be_plain_return_deferreds_or_be_coroutines(kind):
    gate = Deferred()

    class Any(Service):
        if kind == "plain":

            def drain(self):
                return None
        elif kind == "deferred":

            def drain(self):
                return gate
        else:

            async def drain(self):
                await gate

    drained = results(_hooks.drain_all([tree(Any())]))
    assert bool(drained) == (kind == "plain")
    gate.callback(None)
    assert len(drained) == 1


def test_a_drain_that_fails_is_over(logged_errors):
    class Broken(Service):
        def drain(self):
            return fail(ValueError("no"))

    assert len(results(_hooks.drain_all([tree(Broken())]))) == 1
    assert [str(error) for error in logged_errors.flush()] == ["no"]
