"""Services as a tree, and the services around the reactor's methods."""

from __future__ import annotations

import copy
import pickle

import pytest

from reactorio.application import internet, reactors, service, strports
from reactorio.application.service import Application, IService, IServiceCollection, MultiService, Service
from reactorio.internet.defer import CancelledError, Deferred, fail, succeed
from reactorio.internet.protocol import ClientFactory, Factory, Protocol
from reactorio.internet.task import Clock
from reactorio.internet.testing import MemoryReactorClock, StringTransport
from reactorio.logger import LogLevel, capturedLogs
from reactorio.persisted.sob import IPersistable
from reactorio.python.failure import Failure


class Journal(Service):
    """Writes down what it is told."""

    def __init__(self, name, journal, stopping=None):
        self.setName(name)
        self._journal = journal
        self._stopping = stopping

    def privilegedStartService(self):
        self._journal.append(f"{self.name} privileged")

    def startService(self):
        super().startService()
        self._journal.append(f"{self.name} starts")

    def stopService(self):
        super().stopService()
        self._journal.append(f"{self.name} stops")
        return self._stopping


def results(deferred):
    """Return the list that the Deferred's result is appended to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


def test_children_start_in_order_and_stop_in_the_reverse():
    journal = []
    parent = MultiService()
    for name in "ab":
        Journal(name, journal).setServiceParent(parent)

    parent.privilegedStartService()
    parent.startService()
    parent.stopService()

    assert journal == ["a privileged", "b privileged", "a starts", "b starts", "b stops", "a stops"]


def test_stopping_waits_for_every_child():
    slow = Deferred()
    parent = MultiService()
    Journal("a", [], stopping=slow).setServiceParent(parent)
    Journal("b", []).setServiceParent(parent)
    parent.startService()

    seen = results(parent.stopService())
    assert seen == []
    slow.callback(None)
    assert seen == [[(True, None), (True, None)]]


def test_a_child_of_a_running_parent_starts_at_once_and_stops_when_it_leaves():
    journal = []
    parent = MultiService()
    parent.startService()
    child = Journal("a", journal, stopping=succeed("gone"))
    child.setServiceParent(parent)

    assert results(child.disownServiceParent()) == ["gone"]
    assert journal == ["a privileged", "a starts", "a stops"]
    assert (child.parent, list(parent)) == (None, [])


def test_coroutines_may_start_and_stop_a_service():
    gate, journal = Deferred(), []

    class Modern(Service):
        async def startService(self):
            super().startService()
            await gate
            journal.append("started")

        async def stopService(self):
            super().stopService()
            return "stopped"

    parent = MultiService()
    child = Modern()
    child.setServiceParent(parent)
    parent.startService()
    assert journal == []
    gate.callback(None)
    assert journal == ["started"]
    assert results(child.disownServiceParent()) == ["stopped"]


def test_a_coroutine_that_fails_to_start_is_logged(logged_errors):
    class Broken(Service):
        async def startService(self):
            raise ValueError("no")

    parent = MultiService()
    Broken().setServiceParent(parent)
    parent.startService()
    assert [str(error) for error in logged_errors.flush()] == ["no"]


def test_names_are_unique_among_siblings():
    parent = MultiService()
    first, second = Journal("a", []), Journal("a", [])
    first.setServiceParent(parent)

    with pytest.raises(RuntimeError, match="same name 'a'"):
        second.setServiceParent(parent)
    assert second.parent is None
    assert parent.getServiceNamed("a") is first
    with pytest.raises(RuntimeError, match="has a parent"):
        first.setName("b")
    with pytest.raises(KeyError):
        parent.getServiceNamed("b")


def test_a_service_moves_from_parent_to_parent():
    first, second = MultiService(), MultiService()
    child = Service()
    child.setServiceParent(first)
    child.setServiceParent(second)

    assert (list(first), list(second)) == ([], [child])


def test_a_copy_of_a_running_service_does_not_run():
    running = Service()
    running.startService()

    assert (running.running, copy.copy(running).running) == (1, 0)


def test_an_application_is_a_named_collection_that_can_be_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    application = Application("fruit", uid=5, gid=6)
    process = service.IProcess(application)
    assert IService(application) is IServiceCollection(application)
    assert (IService(application).name, process.uid, process.gid) == ("fruit", 5, 6)

    IPersistable(application).save(tag="shutdown")
    loaded = service.loadApplication("fruit-shutdown.tap", "pickle")
    assert IService(loaded).name == "fruit"


def test_an_application_can_be_read_from_the_file_that_makes_it(tmp_path):
    tac = tmp_path / "a.tac"
    tac.write_text(
        "from reactorio.application.service import Application\n"
        "def name(): return __file__\n"
        "application = Application(name())\n"
    )

    assert IService(service.loadApplication(str(tac), "python")).name == str(tac)


@pytest.mark.parametrize("style", ["aof", "nonsense"])
def test_unknown_styles_are_refused_by_name(style):
    with pytest.raises(ValueError, match=f"unknown style '{style}'"):
        service.loadApplication("x", style)


def test_a_service_maker_imports_its_module_when_it_is_used():
    maker = service.ServiceMaker("n", "no.such.module.here", "d", "t")
    with pytest.raises(Exception, match="no"):
        maker.options  # noqa: B018

    assert service.ServiceMaker("n", __name__, "d", "t").makeService is makeService


def makeService(options):
    """What a service maker finds here."""


def test_a_server_listens_while_it_runs():
    reactor = MemoryReactorClock()
    factory = Factory()
    server = internet.TCPServer(1234, factory, backlog=5, reactor=reactor)

    server.privilegedStartService()
    server.startService()
    assert [call[:3] for call in reactor.tcpServers] == [(1234, factory, 5)]
    server.stopService()
    server.startService()
    assert len(reactor.tcpServers) == 2


def test_a_copied_server_has_no_port():
    server = internet.TCPServer(0, Factory(), reactor=MemoryReactorClock())
    server.startService()

    assert server._port is not None
    assert copy.copy(server)._port is None


def test_a_client_connects_when_it_starts():
    reactor = MemoryReactorClock()
    factory = ClientFactory()
    client = internet.TCPClient("host", 1234, factory, reactor=reactor)
    client.startService()

    assert [call[:3] for call in reactor.tcpClients] == [("host", 1234, factory)]


def test_a_timer_calls_at_once_and_then_by_the_clock():
    calls, timer = [], internet.TimerService(2, lambda: calls.append(1))
    timer.clock = Clock()
    timer.startService()
    timer.clock.pump([1, 1, 1, 1])
    timer.stopService()
    timer.clock.pump([10])

    assert (len(calls), timer.running) == (3, 0)


def test_a_timer_that_fails_is_logged_and_calls_no_more(logged_errors):
    timer = internet.TimerService(1, lambda: 1 / 0)
    timer.clock = Clock()
    timer.startService()
    assert [type(error) for error in logged_errors.flush()] == [ZeroDivisionError]
    assert timer.clock.getDelayedCalls() == []
    assert results(timer.stopService()) == [None]


def test_a_timer_that_never_started_can_be_stopped():
    assert results(internet.TimerService(1, print).stopService()) == [None]


def test_a_pickled_timer_keeps_what_it_calls():
    timer = internet.TimerService(1, print, "hello")
    timer.clock = Clock()

    assert pickle.loads(pickle.dumps(timer)).call == (print, ("hello",), {})


class Port:
    def __init__(self):
        self.stopped = Deferred()

    def stopListening(self):
        return self.stopped


class Endpoint:
    """A server and a client endpoint whose attempts a test ends."""

    def __init__(self):
        self.attempts = []

    def listen(self, factory):
        self.attempts.append(Deferred())
        return self.attempts[-1]

    def connect(self, factory):
        self.factory = factory
        self.attempts.append(Deferred())
        return self.attempts[-1]

    def succeed(self):
        """Connect the latest attempt, and return the protocol as the transport sees it."""
        protocol = self.factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        self.attempts[-1].callback(protocol)
        return protocol


def test_an_endpoint_service_stops_when_the_port_has():
    endpoint, port = Endpoint(), Port()
    listening = internet.StreamServerEndpointService(endpoint, Factory())
    listening.privilegedStartService()
    listening.startService()
    endpoint.attempts[0].callback(port)

    seen = results(listening.stopService())
    assert (seen, len(endpoint.attempts)) == ([], 1)
    port.stopped.callback(None)
    assert (seen, listening.running) == ([None], 0)


def test_an_endpoint_that_cannot_listen_is_logged(logged_errors):
    endpoint = Endpoint()
    listening = internet.StreamServerEndpointService(endpoint, Factory())
    listening.startService()
    endpoint.attempts[0].errback(ValueError("no"))
    assert [str(error) for error in logged_errors.flush()] == ["no"]
    assert results(listening.stopService()) == [None]


def test_strports_raises_what_fails_at_once(monkeypatch):
    endpoint = Endpoint()
    endpoint.listen = lambda factory: fail(ValueError("no"))
    made = strports.service("tcp:0", Factory(), reactor=MemoryReactorClock())
    monkeypatch.setattr(made, "endpoint", endpoint)

    with pytest.raises(ValueError, match="no"):
        made.startService()


def test_strports_listens_where_it_is_told():
    reactor = MemoryReactorClock()
    made = strports.service("tcp:80:interface=127.0.0.1", Factory(), reactor=reactor)
    made.startService()

    [(port, _, _, interface)] = reactor.tcpServers
    assert (port, interface) == (80, "127.0.0.1")


def client_service(**kwargs):
    endpoint, clock = Endpoint(), Clock()
    kwargs.setdefault("retryPolicy", lambda attempt: attempt)
    made = internet.ClientService(endpoint, Factory.forProtocol(Protocol), clock=clock, **kwargs)
    return endpoint, clock, made


def test_a_client_service_tries_again_after_what_its_policy_says():
    endpoint, clock, client = client_service()
    client.startService()
    for attempt in (1, 2):
        endpoint.attempts[-1].errback(ValueError())
        clock.advance(attempt - 0.5)
        assert len(endpoint.attempts) == attempt
        clock.advance(0.5)
        assert len(endpoint.attempts) == attempt + 1

    # A connection resets the count.
    endpoint.succeed().connectionLost(Failure(ValueError()))
    clock.advance(1)
    assert len(endpoint.attempts) == 4
    results(client.stopService())


def test_when_connected_is_the_connection_that_is_or_comes():
    endpoint, _, client = client_service()
    before = results(client.whenConnected())
    client.startService()
    assert before == []
    wrapped = endpoint.succeed()

    assert before == results(client.whenConnected()) == [wrapped._protocol]


def test_when_connected_fails_after_so_many_attempts_if_asked():
    endpoint, clock, client = client_service()
    client.startService()
    patient, once, twice = (results(client.whenConnected(n)) for n in (None, 1, 2))
    endpoint.attempts[0].errback(ValueError("first"))
    clock.advance(1)
    endpoint.attempts[1].errback(ValueError("second"))

    assert [str(seen[0].value) for seen in (once, twice)] == ["first", "second"]
    assert patient == []
    client.stopService()
    assert patient[0].type is CancelledError


def test_who_gives_up_waiting_for_a_connection_is_forgotten():
    endpoint, _, client = client_service()
    client.startService()
    given_up = client.whenConnected()
    seen = results(given_up)
    given_up.cancel()
    endpoint.succeed()

    assert [failure.type for failure in seen] == [CancelledError]


def test_a_connection_lost_while_it_is_prepared_is_a_failed_attempt():
    # Unlike Twisted, which raises from connectionLost, and stays as it is.
    preparing = Deferred()
    endpoint, clock, client = client_service(prepareConnection=lambda protocol: preparing)
    client.startService()
    endpoint.succeed().connectionLost(Failure(ValueError()))
    clock.advance(1)

    assert len(endpoint.attempts) == 2
    endpoint.attempts[1].errback(ValueError())
    assert results(client.stopService()) == [None]


def test_a_connection_that_cannot_be_prepared_is_closed():
    # Unlike Twisted, which leaves it open.
    endpoint, clock, client = client_service(prepareConnection=lambda protocol: 1 / 0)
    client.startService()
    wrapped = endpoint.succeed()

    assert wrapped.transport.disconnecting
    wrapped.connectionLost(Failure(ValueError()))
    assert len(clock.getDelayedCalls()) == 1
    results(client.stopService())


def test_a_connection_that_comes_in_spite_of_the_stop_is_closed_and_waited_for():
    endpoint, _, client = client_service()
    client.startService()
    attempt = endpoint.attempts[0]
    attempt.cancel = lambda: None  # an attempt that cannot be cancelled
    stopped = results(client.stopService())
    wrapped = endpoint.succeed()

    assert (stopped, wrapped.transport.disconnecting) == ([], True)
    wrapped.connectionLost(Failure(ValueError()))
    assert stopped == [None]


def test_a_client_service_started_twice_warns():
    _, _, client = client_service()
    client.startService()
    with capturedLogs() as events:
        client.startService()
    assert [event["log_level"] for event in events] == [LogLevel.warn]
    results(client.stopService())


def test_back_off_grows_to_its_limit_and_jitters():
    policy = internet.backoffPolicy(1.0, 60.0, 1.5, jitter=lambda: 0.25)

    assert [policy(attempt) for attempt in (0, 1, 50, 10**9)] == [1.25, 1.75, 60.25, 60.25]
    assert internet.backoffPolicy(factor=1e300, jitter=lambda: 0)(10**9) == 60.0


def test_a_reactor_without_that_name_is_no_such_reactor():
    with pytest.raises(reactors.NoSuchReactor, match="nonsense"):
        reactors.installReactor("nonsense")
