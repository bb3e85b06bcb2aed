"""SIP: messages, whole, cut and hostile; addresses; a proxy that registers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio._interface import implementer
from reactorio.internet.defer import fail, succeed
from reactorio.internet.protocol import DatagramProtocol
from reactorio.internet.task import Clock
from reactorio.protocols import sip
from reactorio.protocols._sip import registry as registries

CLIENT = ("192.0.2.1", 5060)
VIA = "SIP/2.0/UDP 192.0.2.1:5060"


def parse(*pieces, **settings):
    messages = []
    parser = sip.MessagesParser(messages.append)
    vars(parser).update(settings)
    for piece in pieces:
        parser.dataReceived(piece)
    parser.dataDone()
    return messages


def request(method="INVITE", uri="sip:joe@example.com", **headers):
    made = sip.Request(method, uri)
    for name, value in {"via": VIA, "to": "<sip:joe@example.com>", **headers}.items():
        if value is not None:
            made.addHeader(name.replace("_", "-"), value)
    return made


# Messages


TWO = (
    b"\r\nINVITE sip:joe@example.com SIP/2.0\r\nv: SIP/2.0/UDP h\r\nSubject: on\r\n  two lines\r\nl: 5\r\n\r\nb\xc3\xa9\r\n"
    b"SIP/2.0 200 Fine with me\r\nContent-Length: 0\r\nVia: a\r\nVia: b\r\n\r\n"
)


@given(st.integers(1, 200))
def test_messages_follow_each_other_however_they_are_cut(size):
    first, second = parse(*(TWO[start : start + size] for start in range(0, len(TWO), size)))

    assert (first.method, first.uri.toString(), first.body) == ("INVITE", "sip:joe@example.com", "bé\r\n")
    assert first.headers == {"via": ["SIP/2.0/UDP h"], "subject": ["ontwo lines"], "content-length": ["5"]}
    assert (second.code, second.phrase, second.body) == (200, "Fine with me", "")
    assert second.headers["via"] == ["a", "b"]


@given(st.binary(max_size=100))
def test_a_body_comes_out_as_it_came_in(body):
    head = b"A sip:a SIP/2.0\r\nContent-Length: %d\r\n\r\n" % len(body)

    (message,) = parse(head + body)

    assert message.toString().encode("utf-8", "surrogateescape") == head + body


def test_a_body_of_unknown_length_ends_with_its_datagram():
    (message,) = parse("A sip:a SIP/2.0\r\nTo: x\r\n\r\nall of this\r\n")

    assert message.body == "all of this\r\n"
    assert message.finished


def test_a_message_that_is_built_has_well_known_spellings():
    message = request("OPTIONS", **{"cseq": "1 OPTIONS", "i": "id", "www-authenticate": "x", "content-length": "2"})
    message.bodyDataReceived("ok")
    message.creationFinished()

    assert message.toString() == (
        f"OPTIONS sip:joe@example.com SIP/2.0\r\nVia: {VIA}\r\nTo: <sip:joe@example.com>\r\nCSeq: 1 OPTIONS\r\n"
        "Call-ID: id\r\nWWW-Authenticate: x\r\nContent-Length: 2\r\n\r\nok"
    )
    message.bodyDataReceived("!")
    with pytest.raises(ValueError, match="wrong body length"):
        message.creationFinished()


@pytest.mark.parametrize(
    "wire",
    [
        b"junk\r\n\r\n",
        b"INVITE sip:a SIP/1.0\r\n\r\n",
        b"INVITE tel:1 SIP/2.0\r\n\r\n",
        b"IN VITE sip:a SIP/2.0\r\n\r\n",
        b"INV(TE sip:a SIP/2.0\r\n\r\n",
        b"SIP/2.0 20 OK\r\n\r\n",
        b"SIP/2.0 2000 OK\r\n\r\n",
        b"SIP/2.0 200\r\n\r\n",
        b"A sip:a SIP/2.0\r\n begins with a blank\r\n\r\n",
        b"A sip:a SIP/2.0\r\nno colon\r\n\r\n",
        b"A sip:a SIP/2.0\r\n: no name\r\n\r\n",
        b"A sip:a SIP/2.0\r\nTo: a\nVia: smuggled\r\n\r\n",
        b"A sip:a SIP/2.0\r\nTo: a\0\r\n\r\n",
        b"A sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"A sip:a SIP/2.0\r\nContent-Length: 1x\r\n\r\n",
        b"A sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\nab",
        b"A sip:a SIP/2.0\r\nContent-Length: 65537\r\n\r\n",
        b"A sip:a SIP/2.0\r\nContent-Length: 9\r\n\r\nshort",
        b"A sip:a SIP/2.0\r\nincomplete: ",
        b"A sip:a SIP/2.0\r\n" + b"x" * 20_000,
        b"A sip:a SIP/2.0\r\n" + b"To: x\r\n" * 20_000 + b"\r\n",
        b"A sip:a SIP/2.0\r\n\r\n" + b"x" * 70_000,
    ],
)
def test_what_is_malformed_is_dropped_and_the_next_datagram_is_not(wire):
    messages = []
    parser = sip.MessagesParser(messages.append)

    parser.dataReceived(wire)
    parser.dataDone()
    assert messages == []
    parser.dataReceived(TWO)
    parser.dataDone()

    assert len(messages) == 2


def test_a_parser_may_take_one_kind_only():
    assert [type(message) for message in parse(TWO, acceptResponses=0)] == [sip.Request]
    assert parse(b"A sip:a SIP/2.0\r\n\r\n", acceptRequests=0) == []


@given(st.binary(), st.sampled_from([b"", b"A sip:a SIP/2.0\r\n", b"SIP/2.0 200 OK\r\nl: 3\r\n"]))
def test_whatever_arrives_is_messages_or_dropped(rest, start):
    for message in parse(start + rest):
        assert message.finished


# Addresses


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        ("SIP/2.0/UDP h", {"host": "h", "port": 5060, "transport": "UDP", "rport": None}),
        ("SIP/2.0/TCP [2001:db8::1]:7", {"host": "[2001:db8::1]", "port": 7, "transport": "TCP"}),
        ("SIP/2.0/UDP h;rport (a comment)", {"rport": True, "rportRequested": True, "rportValue": None}),
        (
            "SIP/2.0/UDP h;ttl=3;branch=b;maddr=m;received=r;rport=7;x=y;z;hidden",
            {"ttl": 3, "branch": "b", "maddr": "m", "received": "r", "rport": 7, "hidden": True},
        ),
    ],
)
def test_where_a_request_has_been(value, attributes):
    via = sip.parseViaHeader(value)

    assert {name: getattr(via, name) for name in attributes} == attributes
    assert sip.parseViaHeader(via.toString()).toString() == via.toString()


def test_a_port_that_is_known_is_no_longer_asked_for():
    via = sip.Via("h", rport=None)
    via.rport = 7

    assert via.toString() == "SIP/2.0/UDP h:5060;rport=7"
    with pytest.warns(DeprecationWarning, match="rport=True"):
        assert sip.Via("h", rport=True).rport is True


@pytest.mark.parametrize(
    "value", ["", "h", "SIP/2.0/UDP", "HTTP/1.1 h", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h;ttl=x", "SIP/2.0/UDP h;rport="]
)
def test_what_is_no_via_header(value):
    with pytest.raises(ValueError):  # noqa: PT011
        sip.parseViaHeader(value)


@pytest.mark.parametrize(
    "url",
    [
        "sip:h",
        "sip:u@h:1",
        "sip:u:p@[::1]:1;user=phone;transport=udp;ttl=1;maddr=m;method=INVITE;tag=t;lr;x=y?subject=s&to=t",
        "sip:u@h?subject=s",
    ],
)
def test_a_uri_is_written_as_it_was_read(url):
    assert sip.parseURL(url).toString() == url


def test_a_uri_is_cleaned_of_what_is_no_address():
    url = sip.parseURL("sip:u@h;transport=udp;ttl=1;maddr=m;lr?subject=s", host="other", port=9)

    sip.cleanRequestURL(url)

    assert str(url) == "sip:u@other:9;lr"


@pytest.mark.parametrize("url", ["", "h", "http://h", "sips:h", "sip:h:x", "sip:h:1:2", "sip:h;ttl=x", "sip:h?x"])
def test_what_is_no_uri(url):
    with pytest.raises(ValueError):  # noqa: PT011
        sip.parseURL(url)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("sip:a@b;tag=1", ("", "sip:a@b;tag=1", {})),
        ("A Name <sip:a@b>;tag=1;q", ("A Name", "sip:a@b", {"tag": "1", "q": None})),
        (r'"<q> \"x\"" <sip:a@b>;t="1;2"', ('<q> "x"', "sip:a@b", {"t": "1;2"})),
    ],
)
def test_who_is_meant(address, parts):
    name, url, parameters = sip.parseAddress(address)

    assert (name, url.toString(), parameters) == parts


@pytest.mark.parametrize("address", ["", "a", "a <sip:b", "a <tel:1>", '"q" x <sip:a>', '"q <sip:a'])
def test_what_is_nobody(address):
    with pytest.raises(ValueError):  # noqa: PT011
        sip.parseAddress(address)


# The proxy


@implementer(sip.ILocator)
class Everywhere:
    def getAddress(self, url):
        return succeed(sip.URL("192.0.2.9", port=9)) if url.username == "joe" else fail(LookupError())


def serve(kind=sip.Proxy, **attributes):
    proxy = kind(host="192.0.2.5")
    proxy.sent = []
    proxy.sendMessage = lambda url, message: proxy.sent.append((url.toString(), message))
    vars(proxy).update({"locator": Everywhere(), **attributes})
    return proxy


def answers(proxy, message, peer=CLIENT):
    proxy.sent.clear()
    proxy.datagramReceived(message.toString().encode(), peer)
    return [(url, getattr(sent, "code", sent.headers.get("via"))) for url, sent in proxy.sent]


def test_a_request_goes_on_to_where_who_it_is_for_is():
    assert answers(serve(), request()) == [("sip:192.0.2.9:9", ["SIP/2.0/UDP 192.0.2.5:5060", VIA])]


@pytest.mark.parametrize(
    ("via", "peer", "fixed"),
    [
        (VIA, ("192.0.2.2", 5060), f"{VIA};received=192.0.2.2"),
        (VIA, ("192.0.2.2", 7), f"{VIA};received=192.0.2.2;rport=7"),
        (f"{VIA};rport", CLIENT, f"{VIA};received=192.0.2.1;rport=5060"),
    ],
)
def test_where_a_request_really_came_from_is_written_down(via, peer, fixed):
    ((_, vias),) = answers(serve(), request(via=via), peer)

    assert vias[1] == fixed


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"to": "<sip:nobody@example.com>"}, 404), ({"to": None}, 400), ({"to": "nonsense"}, 400)],
)
def test_a_request_that_cannot_go_on_is_answered(headers, code):
    assert answers(serve(), request(**headers)) == [("sip:192.0.2.1:5060", code)]


def test_a_request_that_has_been_here_is_dropped():
    message = request()
    message.headers["via"].append("SIP/2.0/UDP 192.0.2.5:5060")

    assert answers(serve(), message) == []


@pytest.mark.parametrize("via", [None, "nonsense"])
def test_a_message_that_does_not_say_where_it_has_been_is_dropped(via):
    assert answers(serve(), request(via=via)) == []


def test_an_error_in_a_handler_is_logged_and_answered(logged_errors):
    class Broken(sip.Proxy):
        def handle_BREAK_request(self, message, addr):
            raise ZeroDivisionError

        def handle_BUSY_request(self, message, addr):
            raise sip.SIPError(486, "Sleeping")

    proxy = serve(Broken)

    assert answers(proxy, request("BREAK")) == [("sip:192.0.2.1:5060", 500)]
    assert len(logged_errors.flush(ZeroDivisionError)) == 1
    assert answers(proxy, request("BUSY")) == [("sip:192.0.2.1:5060", 486)]
    assert proxy.sent[0][1].phrase == "Sleeping"


def test_a_response_goes_back_to_where_the_request_came_from():
    proxy, got = serve(), []
    proxy.gotResponse = lambda message, addr: got.append(message)
    response = sip.Response(200)
    for via in ("SIP/2.0/UDP 192.0.2.5:5060", f"{VIA};received=192.0.2.3;rport=7"):
        response.addHeader("via", via)

    assert answers(proxy, response) == [("sip:192.0.2.3:7", 200)]
    del response.headers["via"][1]
    assert answers(proxy, response) == []
    assert [message.code for message in got] == [200]


@pytest.mark.parametrize("vias", [["SIP/2.0/UDP elsewhere:5060"], ["SIP/2.0/UDP 192.0.2.5:5060", "nonsense"]])
def test_a_response_that_leads_nowhere_is_dropped(vias):
    response = sip.Response(200)
    response.headers["via"] = vias

    assert answers(serve(), response) == []


def test_only_udp_is_spoken():
    with pytest.raises(RuntimeError, match="UDP"):
        sip.Base().sendMessage(sip.URL("h", transport="tcp"), sip.Response(200))


# Registration


@pytest.fixture
def registrar(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(registries, "_reactor", lambda: clock)
    registry = sip.InMemoryRegistry("example.com")
    proxy = serve(sip.RegisterProxy, registry=registry, locator=registry)
    proxy.clock = clock
    return proxy


def register(contact="<sip:joe@192.0.2.1>", uri="sip:example.com", **headers):
    return request("REGISTER", uri, contact=contact, **headers)


def test_who_has_registered_is_found_for_an_hour(registrar):
    assert answers(registrar, register()) == [("sip:192.0.2.1:5060", 200)]
    assert registrar.sent[0][1].headers["expires"] == ["3600"]
    registrar.clock.advance(600)
    assert answers(registrar, register(contact=None)) == [("sip:192.0.2.1:5060", 200)]
    assert registrar.sent[0][1].headers["expires"] == ["3000"]
    answers(registrar, register(contact="<sip:joe@nat>"), ("192.0.2.7", 7))
    ((url, _),) = answers(registrar, request())
    assert url == "sip:joe@192.0.2.7:7"

    registrar.clock.advance(3600)

    assert answers(registrar, request()) == [("sip:192.0.2.1:5060", 404)]
    assert registrar.registry.users == {}


@pytest.mark.parametrize("contact", ["*", "<sip:joe@192.0.2.1>"])
def test_a_registration_is_taken_back(registrar, contact):
    answers(registrar, register())

    assert answers(registrar, register(contact, expires="0")) == [("sip:192.0.2.1:5060", 200)]

    assert registrar.registry.users == {}
    assert registrar.clock.getDelayedCalls() == []
    assert answers(registrar, register(contact, expires="0")) == []


@pytest.mark.parametrize(
    ("message", "answered"),
    [
        (register(uri="sip:other.com"), []),
        (register(to="<sip:joe@other.com>"), []),
        (register(contact=None), []),
        (register(contact="*"), [("sip:192.0.2.1:5060", 400)]),
        (register(to=None), [("sip:192.0.2.1:5060", 400)]),
        (register(contact="*", expires="0", uri="sip:other.com"), []),
        (request("ACK"), []),
    ],
)
def test_what_is_not_registered(registrar, message, answered):
    assert answers(registrar, message) == answered
    assert registrar.registry.users == {}


class UnauthorizedLogin(Exception):
    """Stands for the one of cred, which catches it by its name."""


UnauthorizedLogin.__module__ = "reactorio.cred.error"


class Portal:
    def login(self, credentials, mind, interface):
        assert (mind, interface) == (None, sip.IContact)
        if credentials.username == "joe@192.0.2.5":
            return succeed((interface, None, lambda: None))
        return fail(UnauthorizedLogin())


@implementer(sip.IAuthorizer)
class Plain:
    username = None

    def getChallenge(self, peer):
        return "nonce=1"

    def decode(self, response):
        made = Plain()
        made.username = response
        return made


def test_who_registers_may_have_to_log_in(registrar):
    registrar.portal = Portal()
    registrar.authorizers = {"plain": Plain()}

    assert answers(registrar, register()) == [("sip:192.0.2.1:5060", 401)]
    assert registrar.sent[0][1].headers["www-authenticate"] == ['Plain nonce=1,realm="192.0.2.5"']
    assert answers(registrar, register(authorization="Plain mallory")) == [("sip:192.0.2.1:5060", 401)]
    assert answers(registrar, register(authorization="Digest x")) == [("sip:192.0.2.1:5060", 501)]
    assert answers(registrar, register(authorization="Plain")) == [("sip:192.0.2.1:5060", 501)]
    assert registrar.registry.users == {}

    assert answers(registrar, register(authorization="Plain joe")) == [("sip:192.0.2.1:5060", 200)]


def test_registering_over_udp(run):
    class Phone(sip.Base):
        def handle_response(self, response, addr):
            self.got.append(response.code)
            self.done()

    async def main():
        import asyncio

        from reactorio.internet import reactor

        registry = sip.InMemoryRegistry("example.com")
        proxy, phone = sip.RegisterProxy(host="127.0.0.1"), Phone()
        proxy.registry = proxy.locator = registry
        phone.got, answered = [], asyncio.Event()
        phone.done = answered.set
        ports = [reactor.listenUDP(0, end, interface="127.0.0.1") for end in (proxy, phone, DatagramProtocol())]
        ports[2].write(b"\0 no SIP", ("127.0.0.1", ports[0].getHost().port))
        message = register(via=f"SIP/2.0/UDP 127.0.0.1:{ports[1].getHost().port}")
        phone.sendMessage(sip.URL("127.0.0.1", port=ports[0].getHost().port), message)
        await asyncio.wait_for(answered.wait(), 10)
        for port in ports:
            await port.stopListening()
        for forgetting, _ in registry.users.values():
            forgetting.cancel()
        return phone.got, list(registry.users)

    assert run(main()) == ([200], ["joe"])
