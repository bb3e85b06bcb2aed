"""What tests of applications import from Twisted's own tests: on both packages."""

from __future__ import annotations

import pytest

# Twisted's own tests use what it deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def iosim(tw):
    return tw("test.iosim")


@pytest.fixture
def recorder(tw):
    class Recorder(tw("internet.protocol").Protocol):
        def __init__(self):
            self.heard = []

        def connectionMade(self):
            self.heard.append("made")

        def dataReceived(self, data):
            self.heard.append(data)

        def connectionLost(self, reason):
            self.heard.append(reason.type.__name__)

    return Recorder


@pytest.mark.parametrize("how", ["loseConnection", "abortConnection"])
def test_a_pump_carries_what_was_written_and_then_the_end(iosim, recorder, how):
    client, server, pump = iosim.connectedServerAndClient(recorder, recorder)
    client.transport.write(b"a")
    client.transport.write(b"b")
    getattr(client.transport, how)()
    client.transport.write(b"dropped")
    assert pump.pump()
    assert (client.heard, server.heard) == (["made"], ["made", b"ab"])
    pump.flush()
    assert (client.heard, server.heard) == (["made", "ConnectionDone"], ["made", b"ab", "ConnectionDone"])
    assert client.transport.disconnected
    assert not pump.pump()


def test_a_pull_producer_is_asked_at_each_turn(iosim, recorder):
    client, server, pump = iosim.connectedServerAndClient(recorder, recorder)

    class Producer:
        left = 3

        def resumeProducing(self):
            server.transport.write(b"%d" % self.left)
            self.left -= 1
            if not self.left:
                server.transport.unregisterProducer()

    server.transport.registerProducer(Producer(), False)
    assert pump.flush()
    assert client.heard == ["made", b"3", b"2", b"1"]


def test_addresses_are_those_given(iosim):
    transport = iosim.FakeTransport(object(), True, "here", "there")
    assert (transport.getHost(), transport.getPeer()) == ("here", "there")


def test_a_memory_reactors_connections_come_about(iosim, tw, recorder):
    testing, protocol = tw("internet.testing"), tw("internet.protocol")
    reactor = testing.MemoryReactor()
    completer = iosim.ConnectionCompleter(reactor)
    assert completer.succeedOnce() is None
    reactor.listenTCP(80, protocol.Factory.forProtocol(recorder))
    reactor.connectTCP("127.0.0.1", 80, protocol.ClientFactory.forProtocol(recorder))
    pump = completer.succeedOnce()
    pump.client.transport.write(b"hello")
    pump.flush()
    assert pump.server.heard == ["made", b"hello"]
    assert completer.succeedOnce() is None


def test_an_endpoint_that_connects_when_it_is_told_to(iosim, tw, recorder):
    endpoint, completer = iosim.connectableEndpoint()
    connecting = endpoint.connect(tw("internet.protocol").Factory.forProtocol(recorder))
    assert not connecting.called
    completer.succeedOnce()
    assert connecting.result.heard == ["made"]


# ---- requests and channels


def test_a_request_remembers_its_answer(tw):
    resource, helper = tw("web.resource"), tw("web.test.requesthelper")

    class Page(resource.Resource):
        def render_GET(self, request):
            request.setHeader(b"x-who", request.getHeader(b"who"))
            request.setResponseCode(201)
            return b"page"

    request = helper.DummyRequest([b"a"])
    request.requestHeaders.setRawHeaders(b"who", [b"me"])
    finished = []
    request.notifyFinish().addCallback(finished.append)
    request.render(Page())
    assert (request.written, request.finished, request.responseCode) == ([b"page"], 1, 201)
    assert request.responseHeaders.getRawHeaders(b"x-who") == [b"me"]
    assert finished == [None]
    with pytest.raises(TypeError):
        request.write("text")


def test_a_request_has_a_session_arguments_and_addresses(tw):
    request = tw("web.test.requesthelper").DummyRequest([])
    assert request.getSession() is request.getSession()
    request.addArg(b"a", b"1")
    assert request.args == {b"a": [b"1"]}
    assert (request.getHost().port, request.getRequestHostname()) == (80, b"dummy")
    request.redirect(b"http://x/")
    assert (request.responseCode, request.responseHeaders.getRawHeaders(b"location")) == (302, [b"http://x/"])


def test_a_failed_request_says_so_to_who_waits(tw):
    request = tw("web.test.requesthelper").DummyRequest([])
    failed = []
    request.notifyFinish().addErrback(lambda failure: failed.append(failure.type))
    request.processingFailed(tw("python.failure").Failure(ValueError()))
    assert failed == [ValueError]


def test_a_channel_has_what_a_request_writes(tw):
    server, helper = tw("web.server"), tw("web.test.test_web")
    channel = helper.DummyChannel()
    request = server.Request(channel, False)
    request.gotLength(0)
    request.clientproto = b"HTTP/1.1"
    request.setHeader("content-length", "2")
    request.write(b"ok")
    request.finish()
    written = channel.transport.written.getvalue()
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\nok")
    assert not channel.isSecure()
    channel.transport = channel.SSL()
    assert channel.isSecure()


def test_rendering_in_a_test_waits_for_the_end(tw):
    resource, server = tw("web.resource"), tw("web.server")
    render, helper = tw("web.test._util")._render, tw("web.test.requesthelper")

    class Later(resource.Resource):
        def render(self, request):
            return server.NOT_DONE_YET

    request = helper.DummyRequest([])
    done = []
    render(Later(), request).addCallback(done.append)
    assert done == []
    request.finish()
    assert done == [None]
