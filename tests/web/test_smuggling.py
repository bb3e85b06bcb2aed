"""
Requests that are read differently by different servers, and what else a client may try over HTTP/1.

Each is sent to a real server, with a well-behaved request behind it: it is refused and the connection closed, or understood
and the second request answered for what it is. Nothing of the first ever becomes a request (`attacked` looks).
"""

from __future__ import annotations

import itertools
import os
import re
import resource as limits
import socket
import struct
import threading
from contextlib import ExitStack

import pytest

from reactorio.internet import task
from reactorio.internet.testing import StringTransport
from reactorio.web import resource, server

from .attacking import GET, attacked, read_responses

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"
EMPTY = b"0\r\n\r\n"


def get(fields=b"", line=b"GET / HTTP/1.1", host=b"Host: here\r\n"):
    return line + b"\r\n" + host + fields + b"\r\n"


def post(fields, body, line=b"POST / HTTP/1.1"):
    return get(fields, line) + body


def length(value, body=b"abc"):
    return post(b"Content-Length: " + value + b"\r\n", body)


def coding(value, body=EMPTY):
    return post(b"Transfer-Encoding: " + value + b"\r\n", body)


def chunks(body):
    return coding(b"chunked", body)


HIDDEN_LENGTH = b"%d" % len(HIDDEN)
CL = b"Content-Length: "
TE = b"Transfer-Encoding: chunked\r\n"
UPGRADE = b"Connection: upgrade\r\nUpgrade: x\r\n"

LENGTHS = {
    400: {
        "CL and TE": post(CL + HIDDEN_LENGTH + b"\r\n" + TE, EMPTY + HIDDEN),
        "TE and CL": post(TE + CL + b"5\r\n", EMPTY + HIDDEN),
        "CL, TE, CL": post(CL + b"5\r\n" + TE + CL + b"5\r\n", EMPTY + HIDDEN),
        "TE, CL, TE": post(TE + CL + b"5\r\n" + TE, EMPTY + HIDDEN),
        "CL twice, the same": post((CL + b"3\r\n") * 2, b"abc"),
        "CL twice": post(CL + b"0\r\n" + CL + HIDDEN_LENGTH + b"\r\n", HIDDEN),
        "CL in a list": length(b"3, 3"),
        "CL in a list that differs": length(b"0," + HIDDEN_LENGTH, HIDDEN),
        "CL empty": length(b"", HIDDEN),
        "CL blank": length(b"  ", HIDDEN),
        "CL of 65 bits": length(b"18446744073709551619"),
        "CL of 5000 digits": length(b"9" * 5000),
        "CL folded": length(b"\r\n 3"),
        "CL with a blank before the colon": post(b"Content-Length : 3\r\n", b"abc"),
        "CL and TE, with an upgrade": post(UPGRADE + TE + CL + b"5\r\n", EMPTY + HIDDEN),
        "CL twice, with an upgrade": post(UPGRADE + CL + b"0\r\n" + CL + b"5\r\n", EMPTY),
        "TE not chunked, with an upgrade": post(UPGRADE + b"Transfer-Encoding: chunked, identity\r\n", EMPTY),
        "CL and TE, with another method": post(TE + CL + b"5\r\n", EMPTY, b"FOO / HTTP/1.1"),
        "CL and TE, with CONNECT": post(TE + CL + b"5\r\n", EMPTY, b"CONNECT here:80 HTTP/1.1"),
        "CL and TE, in HTTP/1.0": post(TE + CL + b"5\r\n", EMPTY, b"POST / HTTP/1.0"),
        "TE twice": post(TE * 2, EMPTY),
        "TE twice, identity first": post(b"Transfer-Encoding: identity\r\n" + TE, EMPTY),
        "TE twice, identity last": post(TE + b"Transfer-Encoding: identity\r\n", EMPTY),
        "TE with a blank before the colon": post(b"Transfer-Encoding : chunked\r\n", EMPTY),
        "TE folded": coding(b"\r\n chunked"),
        **{
            f"CL {value!r}": length(value)
            for value in (
                [b"+3", b"-3", b"3 3", b"0x3", b"3_0", b"3.0", b"3e0", b"\xb2", b"\xd9\xa3", b"3;", b'"3"', b"\xa03"]
                + [b"\x0b3", b"3\x0b", b"\x0c3", b"3\x00", b"3\r"]
            )
        },
        **{
            f"TE {value!r}{with_length and ' and CL'}": coding(value + with_length)
            for value in (
                [
                    b"chunked, identity",
                    b"gzip",
                    b"identity",
                    b"chunked, chunked",
                    b"xchunked",
                    b"chunkedx",
                    b"chunked;x",
                ]
                + [b"chunked,", b"\x0bchunked", b"chunked\x0b", b"chunked\x0c", b'"chunked"', b"", b"chunked\xa0"]
                + [b"\xa0chunked", b"chun\x00ked", b"c\rhunked", b"chunk"]
            )
            for with_length in (b"", b"\r\nContent-Length: 5")
        },
    },
    501: {f"TE {value!r}": coding(value) for value in [b"identity, chunked", b"gzip, chunked", b",chunked"]},
    413: {
        "CL over the limit": length(b"2000000000"),
        "CL of 64 bits": length(b"18446744073709551615"),
        "CL of 63 bits": length(b"9223372036854775808"),
    },
    200: {
        "CL with blanks behind": length(b"3  "),
        "CL with tabs": length(b"\t3\t"),
        "CL with zeros": length(b"003"),
        "CL, with GET": post(CL + HIDDEN_LENGTH + b"\r\n", HIDDEN, b"GET / HTTP/1.1"),
        "CL, with CONNECT": post(CL + HIDDEN_LENGTH + b"\r\n", HIDDEN, b"CONNECT here:80 HTTP/1.1"),
        "CL, with another method": post(CL + HIDDEN_LENGTH + b"\r\n", HIDDEN, b"FOO / HTTP/1.1"),
        "CL, with an upgrade": post(UPGRADE + CL + HIDDEN_LENGTH + b"\r\n", HIDDEN),
        "CL, with an upgrade and another method": post(
            UPGRADE + CL + HIDDEN_LENGTH + b"\r\n", HIDDEN, b"FOO / HTTP/1.1"
        ),
        "TE, with CONNECT": post(TE, EMPTY, b"CONNECT here:80 HTTP/1.1"),
        "TE with a tab": coding(b"\tchunked"),
        "TE CHUNKED": coding(b"CHUNKED"),
        "TE ChUnKeD": coding(b"ChUnKeD"),
        "TE with an underscore": post(b"Transfer_Encoding: chunked\r\n", b""),
    },
}

CONTROLS = [0, 1, 8, 0xB, 0xC, 0xD, 0x1F, 0x7F]

HEADS = {
    400: {
        "folded": get(b"X: a\r\n b\r\n"),
        "folded with a tab": get(b"X: a\r\n\tb\r\n"),
        "folded at once": b"GET / HTTP/1.1\r\n Host: here\r\n\r\n",
        "folded blank": get(b" \r\n"),
        "LF behind the first line": b"GET / HTTP/1.1\nHost: here\r\n\r\n",
        "LF everywhere": b"GET / HTTP/1.1\nHost: here\n\n",
        "LF behind a field": get(b"X: a\nY: b\r\n"),
        "LF LF at the end": b"GET / HTTP/1.1\r\nHost: here\n\n",
        "CR LF LF at the end": b"GET / HTTP/1.1\r\nHost: here\r\n\n",
        "LF CR LF at the end": b"GET / HTTP/1.1\r\nHost: here\n\r\n",
        "CR CR LF at the end": b"GET / HTTP/1.1\r\nHost: here\r\n\r\r\n",
        "CR behind the first line": b"GET / HTTP/1.1\rHost: here\r\n\r\n",
        "CR before a hidden field": get(b"X: a\rContent-Length: 3\r\n"),
        "LF in front": b"\n" + get(),
        "CR in front": b"\r" + get(),
        "a blank in front": b" " + get(),
        "no colon": get(b"X\r\n"),
        "no name": get(b": a\r\n"),
        "a tab before the colon": get(b"X\t: a\r\n"),
        "HTTP/0.9": b"GET /\r\n\r\n",
        "no version": b"GET / \r\n\r\n",
        "two blanks": b"GET  / HTTP/1.1\r\nHost: here\r\n\r\n",
        "two blanks before the version": b"GET /  HTTP/1.1\r\nHost: here\r\n\r\n",
        "tabs for blanks": b"GET\t/\tHTTP/1.1\r\nHost: here\r\n\r\n",
        "no Host": get(host=b""),
        "two Hosts": get(host=b"Host: a\r\nHost: b\r\n"),
        "the same Host twice": get(host=b"Host: a\r\nHost: a\r\n"),
        "two Hosts in HTTP/1.0": get(line=b"GET / HTTP/1.0", host=b"Host: a\r\nHost: b\r\n"),
        **{f"name with {c!r}": get(b"X" + c + b"Y: a\r\n") for c in re.findall(rb".", b'(),/;<=>?@[\\]{}" ')},
        **{f"name with {code:#x}": get(b"X%cY: a\r\n" % code) for code in (*CONTROLS, 9, 0x80, 0xFF)},
        **{f"value with {code:#x}": get(b"X: a%cb\r\n" % code) for code in CONTROLS},
        **{f"value that ends with {code:#x}": get(b"X: a%c\r\n" % code) for code in CONTROLS},
        **{f"path with {code:#x}": get(line=b"GET /a%cb HTTP/1.1" % code) for code in (*CONTROLS, 9, 0x20, 0x80, 0xFF)},
        **{f"method with {code:#x}": get(line=b"G%cET / HTTP/1.1" % code) for code in (*CONTROLS, 9, 10, 0x20, 0x80)},
        **{f"version with {code:#x}": get(line=b"GET / HTTP/1.1%c" % code) for code in (*CONTROLS, 9, 0x20, 0x80)},
        **{
            f"Host {host!r}": get(host=b"Host: " + host + b"\r\n")
            for host in (
                [b"a b", b"a/b", b"a@b", b"a:b", b"[::1", b"::1", b"a?b", b"a#b", b"a\\b", b"<a>", b'a"b', b"a\xc3\xa9"]
                + [b"http://a", b"a\tb", b"a:80:80", b"a]", b"[]"]
            )
        },
        **{
            f"method {method!r}": get(line=method + b" / HTTP/1.1")
            for method in (b"", b"G(T", b"GET,", b"HTTP/1.1", b"PRI")
        },
        **{
            f"version {version!r}": get(line=b"GET / " + version)
            for version in (
                [b"HTTP/1.2", b"HTTP/1.10", b"HTTP/1.01", b"HTTP/3", b"HTTP/1", b"http/1.1", b"HTTP/ 1.1", b"HTTP/1 .1"]
                + [b"HTTP/1.1x", b"HTTP/-1.1", b"HTTP/\xb9.1", b"FOO/1.1", b"", b"ICE/1.0", b"RTSP/1.0"]
            )
        },
        **{
            f"path {path!r}": get(line=b"GET " + path + b" HTTP/1.1")
            for path in (b"x", b"Xadmin", b"?x", b"#", b"http:/x", b"here:80", b"javascript:x")
        },
    },
    505: {
        f"{version!r}": get(line=b"GET / " + version)
        for version in (b"HTTP/2.0", b"HTTP/0.9", b"HTTP/99.99", b"HTTP/01.1")
    },
    414: {
        "a long path": get(line=b"GET /" + b"a" * 9000 + b" HTTP/1.1"),
        "a long path without end": b"GET /" + b"a" * 9000,
        "a long method": b"G" * 9000,
    },
    431: {
        "a large field": get(b"X: " + b"a" * 17000 + b"\r\n"),
        "a large field without end": get(b"X: " + b"a" * 17000)[:-2],
        "a field more than there may be": get(b"X: a\r\n" * 100),
    },
    200: {
        "line ends in front": b"\r\n" * 100 + get(),
        "as many fields as there may be": get(b"X: a\r\n" * 99),
        "bytes over 127 in a value": get(b"X: \x80\xff\r\n"),
        "a tab in a value": get(b"X: a\tb\r\n"),
        **{
            f"Host {host!r}": get(host=b"Host: " + host + b"\r\n")
            for host in (b"", b"a,b", b"[::1]", b"[::1]:80", b"a:", b"a_b", b"a%41")
        },
        **{
            f"method {method!r}": get(line=method + b" / HTTP/1.1")
            for method in (b"FOO", b"M-SEARCH", b"A" * 1000, b"!")
        },
        "OPTIONS *": get(line=b"OPTIONS * HTTP/1.1"),
    },
}

CHUNKS = {
    400: {
        "LF behind the size": b"3\nabc\r\n" + EMPTY,
        "CR behind the size": b"3\rabc\r\n" + EMPTY,
        "LF behind the data": b"3\r\nabc\n" + EMPTY,
        "CR behind the data": b"3\r\nabc\r" + EMPTY,
        "LF for the last line": b"0\r\n\n" + HIDDEN,
        "LF behind the last size": b"0\n\r\n" + HIDDEN,
        "LF LF at the end": b"0\n\n" + HIDDEN,
        "more data than said": b"3\r\nabcd\r\n" + EMPTY,
        "less data than said": b"4\r\nabc\r\n" + EMPTY,
        "no end": b"3\r\nabc\r\n",
        "no last line": b"0\r\n",
        **{
            f"size {size!r}": size + b"\r\nabc\r\n" + EMPTY
            for size in (
                b"",
                b" 3",
                b"3 ",
                b"3 ;x",
                b"\t3",
                b"+3",
                b"-3",
                b"0x3",
                b"0_3",
                b"3z",
                b"3\x00",
                b"\xb3",
                b"g",
            )
        },
        "zeros without end": b"0" * 2000,
        "LF in an extension": b"3;a\nabc\r\n" + EMPTY,
        "LF at an extension's end": b"3;a\n\r\nabc\r\n" + EMPTY,
        "CR in an extension": b"3;a\r\r\nabc\r\n" + EMPTY,
        "NUL in an extension": b"3;a\0\r\nabc\r\n" + EMPTY,
        "a long extension": b"3;" + b"a" * 2000 + b"\r\nabc\r\n" + EMPTY,
        "an extension without end": b"3;" + b"a" * 2000,
        "a trailer that is a request": b"0\r\n" + HIDDEN,
        "a trailer over the limit": b"0\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
        "a trailer without end": b"0\r\nX: " + b"a" * 70000,
        "a trailer of many fields": b"0\r\n" + b"X: a\r\n" * 12000 + b"\r\n",
        **{
            f"trailer {trailer!r}": b"0\r\n" + trailer + b"\r\n\r\n"
            for trailer in (b"X: a\nY: b", b"X: a\rY: b", b"X", b"X: \0", b"X: a\r\n b", b"X : a", b": a", b"X(: a")
        },
    },
    413: {
        f"size {size!r}": size + b"\r\nabc\r\n" + EMPTY
        for size in (b"f" * 16, b"f" * 17, b"1" + b"0" * 15 + b"3", b"1" + b"0" * 16 + b"3", b"100000003")
    },
    200: {
        "as they should be": b"3\r\nabc\r\n" + EMPTY,
        "size 003": b"003\r\nabc\r\n" + EMPTY,
        "an extension": b'3;a=b;c="d"\r\nabc\r\n' + EMPTY,
        "many extensions": (b"1;" + b"a" * 1000 + b"\r\na\r\n") * 100 + EMPTY,
        "NUL": b"1\r\n\0\r\n" + EMPTY,
        "a request": b"%x\r\n%b\r\n" % (len(HIDDEN), HIDDEN) + EMPTY,
        "a trailer": b"0\r\nX: a\r\nY:\r\n\r\n",
        "a length in the trailer": b"0\r\nContent-Length: 5\r\n\r\n",
        "a coding in the trailer": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    },
}


def rows(table, wrap=lambda request: request):
    return [
        pytest.param(wrap(request), status, id=f"{status} {name}".replace("\\", "|"))
        for status, requests in table.items()
        for name, request in requests.items()
    ]


ROWS = [*rows(LENGTHS), *rows(HEADS), *rows(CHUNKS, chunks)]


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def victim(request, tmp_path_factory):
    with attacked(tmp_path_factory.mktemp("victim"), REACTORIO_LOOP=request.param) as victim:
        yield victim


@pytest.mark.parametrize(("request_", "status"), ROWS)
def test_it_is_refused_or_means_one_thing(victim, request_, status):
    responses, closed = victim.exchange(request_, GET)
    if status == 200:
        assert [response.status for response in responses] == [200, 200]
        assert not closed
        second = responses[1].said
        assert second == {"method": "GET", "uri": "/second", "headers": [["host", "here"]], "body": ""}
    else:
        assert [response.status for response in responses] == [status]
        assert closed


def test_blanks_around_a_value_are_no_part_of_it(victim):
    responses, _ = victim.exchange(get(b"X: \t a b \t \r\nY: \t\r\n", host=b"Host: \there \r\n"), GET)
    assert responses[0].said["headers"] == [["host", "here"], ["x", "a b"], ["y", ""]]


def test_bodies_come_as_they_were_sent(victim):
    for request, body in [
        (LENGTHS[200]["CL, with GET"], HIDDEN),
        (LENGTHS[200]["CL, with an upgrade and another method"], HIDDEN),
        (chunks(CHUNKS[200]["a request"]), HIDDEN),
        (chunks(CHUNKS[200]["many extensions"]), b"a" * 100),
    ]:
        responses, _ = victim.exchange(request, GET)
        assert responses[0].said["body"].encode() == body


@pytest.mark.parametrize("fields", [TE, b"Connection: keep-alive\r\n" + TE, b"Connection: keep-alive\r\n"])
def test_nothing_follows_a_request_of_http_1_0(victim, fields):
    responses, closed = victim.exchange(post(fields, EMPTY, b"POST / HTTP/1.0"), GET)
    assert [response.status for response in responses] == [200]
    assert closed


def test_nothing_follows_what_closes(victim):
    responses, closed = victim.exchange(get(b"Connection: close\r\n"), GET)
    assert [response.status for response in responses] == [200]
    assert closed


@pytest.mark.parametrize(
    ("target", "uri", "host"),
    [
        (b"http://other/stats", "/stats", "other"),
        (b"HTTPS://other:8/stats", "/stats", "other:8"),
        (b"http://o?x", "/", "o"),
    ],
)
def test_a_whole_url_asks_for_its_path_of_its_host(target, uri, host):
    asked = []

    class Root(resource.Resource):
        isLeaf = True

        def render_GET(self, request):
            asked.append((request.path, request.getRequestHostname(), request.getHeader("host"), request.postpath))
            return b""

    answer_in_pieces(server.Site(Root()), [get(line=b"GET " + target + b" HTTP/1.1")])
    assert asked == [(uri.encode(), host.partition(":")[0].encode(), host, [uri[1:].encode()])]


@pytest.mark.parametrize(
    "target", [b"ftp://here/x", b"http:///x", b"http://a@here/", b"*x", b"http://a b/"[:9] + b"\\/"]
)
def test_what_is_no_path_is_not_looked_up(victim, target):
    responses, closed = victim.exchange(get(line=b"GET " + target + b" HTTP/1.1"), GET)
    assert responses[0].status == 400
    assert closed or responses[1].said["uri"] == "/second"


# ---- in pieces


class Echo(resource.Resource):
    isLeaf = True

    def render(self, request):
        return b"|".join([request.method, request.uri, request.content.read()])


def answer_in_pieces(site, pieces):
    channel = site.buildProtocol(None)
    channel.requireHost = True
    transport = StringTransport()
    channel.makeConnection(transport)
    for piece in pieces:
        channel.dataReceived(piece)
    channel.connectionLost(None)
    return re.sub(rb"Date: .*\r\n", b"", transport.value()), transport.disconnecting


PIECES = [
    row
    for row in ROWS
    if len(row.values[0]) < 300 and (row.values[1] == 200 or "CR" in row.id or "LF" in row.id or "trailer" in row.id)
]


@pytest.mark.parametrize(("request_", "status"), PIECES)
def test_where_a_request_is_cut_changes_nothing(request_, status):
    site = server.Site(Echo())
    wire = request_ + GET
    whole = answer_in_pieces(site, [wire])
    assert whole[0].startswith(b"HTTP/1.1 %d " % status)
    assert whole[1] == (status != 200)
    for at in range(1, len(wire)):
        assert answer_in_pieces(site, [wire[:at], wire[at:]]) == whole
    assert answer_in_pieces(site, [wire[at : at + 1] for at in range(len(wire))]) == whole


# ---- much of everything


def ask_many(victim, path, count, wanted):
    """Send many requests at once, and return what comes until ``wanted`` answers have."""
    requests = b"".join(get(line=b"GET " + path % number + b" HTTP/1.1") for number in range(count))
    with victim.connect() as connection:
        sender = threading.Thread(target=connection.sendall, args=(requests,))
        sender.start()
        came = b""
        while came.count(b'"uri"') < wanted:
            came += connection.recv(1 << 20)
        sender.join()
    return came


@pytest.mark.parametrize("path", [b"/%d", b"/later?%d"])
def test_ten_thousand_pipelined_requests_are_answered_in_order(victim, path):
    before = victim.stats("gc")["rss"]
    came = ask_many(victim, path, 10_000, 10_000)
    numbers = re.findall(rb'"uri": "/(?:later\?)?(\d+)"', came)
    assert list(map(int, numbers)) == list(range(10_000))
    assert victim.stats("gc")["rss"] - before < 20e6


def test_who_asks_much_and_reads_nothing_does_not_fill_the_memory(victim):
    before = victim.stats("gc")["rss"]
    with victim.connect() as connection:
        connection.sendall(get(line=b"GET /big HTTP/1.1") * 2000)
        connection.sendall(post(CL + b"3\r\n", b"abc", b"POST /big HTTP/1.1"))
        # The first answers are being sent by now.
        connection.recv(1, socket.MSG_PEEK)
        for _ in range(3):
            assert victim.stats()["rss"] - before < 50e6


def test_all_is_answered_when_it_is_read_in_the_end(victim):
    with victim.connect() as connection:
        connection.sendall(get(line=b"GET /big?n=100000 HTTP/1.1") * 200 + GET)
        connection.recv(1, socket.MSG_PEEK)
        victim.stats()
        responses, closed = read_responses(connection, 1)
    assert [len(response.body) for response in responses[:-1]] == [100_000] * 200
    assert not closed


def test_a_body_over_the_limit_is_refused_as_it_comes(tmp_path):
    with attacked(tmp_path, "body_size=1000", "body_in_memory=100") as victim:
        responses, closed = victim.exchange(length(b"1001", b""))
        assert ([response.status for response in responses], closed) == ([413], True)
        responses, closed = victim.exchange(chunks(b"1f4\r\n%b\r\n" % (b"a" * 500) * 3), GET)
        assert ([response.status for response in responses], closed) == ([413], True)
        responses, closed = victim.exchange(chunks(b"1f4\r\n%b\r\n" % (b"a" * 500) * 2 + EMPTY), GET)
        assert [response.status for response in responses] == [200, 200]


@pytest.mark.skipif(os.environ.get("REACTORIO_TESTS") != "full", reason="only in the full run")
def test_ten_thousand_connections_are_served_and_small(victim):
    before = victim.stats("gc")["rss"]
    _, most = limits.getrlimit(limits.RLIMIT_NOFILE)
    limits.setrlimit(limits.RLIMIT_NOFILE, (most, most))
    connections = []
    for _ in range(min(10_000, most - 200)):
        connections.append(victim.connect())
        connections[-1].sendall(GET)
    for connection in connections:
        assert read_responses(connection, 1)[0][0].status == 200
    assert (victim.stats("gc")["rss"] - before) / len(connections) < 10_000
    for connection in connections:
        connection.close()
    wait_until_alone(victim)


# ---- slow, and gone


def wait_until_alone(victim):
    """Wait until the server has no connection but ours and its two ports."""
    for _ in itertools.count():
        if victim.stats()["connections"] <= 3:
            return


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def impatient(request, tmp_path_factory):
    short = ["timeout=0.6", "head_time=0.3", "abort=0.3"]
    with attacked(tmp_path_factory.mktemp("victim"), *short, REACTORIO_LOOP=request.param) as victim:
        yield victim


@pytest.mark.parametrize(
    "beginning",
    [
        b"G",
        b"GET / HTTP/1.1\r\nHost:",
        get(b"X: a\r\n")[:-1],
        post(CL + b"3\r\n", b"ab"),
        chunks(b"3\r\nab"),
        chunks(b"0\r\n"),
    ],
)
def test_what_does_not_go_on_is_answered_with_408(impatient, beginning):
    responses, closed = impatient.exchange(beginning)
    assert ([response.status for response in responses], closed) == ([408], True)


def test_a_head_that_trickles_in_has_its_time(impatient):
    with impatient.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        answer = b""
        connection.settimeout(0.02)
        for _ in range(200):
            try:
                connection.send(b"a")
                answer = connection.recv(100)
            except TimeoutError:
                continue
            break
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_is_not_waited_for(impatient):
    assert impatient.exchange() == ([], True)
    assert impatient.exchange(b"\r\n\r\n") == ([], True)


@pytest.mark.timeout(20)
def test_who_does_not_read_the_answer_loses_the_connection(impatient):
    lost = impatient.stats()["lost"]
    with ExitStack() as connections:
        for connect in (impatient.connect, impatient.connect_tls):
            for path in (b"/big?n=20000000", b"/stream", b"/file"):
                for fields in (b"", b"Connection: close\r\n"):
                    connection = connections.enter_context(connect())
                    connection.sendall(get(fields, b"GET " + path + b" HTTP/1.1"))
                    connection.recv(1)
        wait_until_alone(impatient)
    assert impatient.stats()["lost"] == lost + 4


class Unread(StringTransport):
    """Has a megabyte that waits, of which the client takes some now and then."""

    unsent = 1_000_000
    aborted = False

    def unsent_size(self):
        return self.unsent

    def abortConnection(self):
        self.aborted = True


def test_who_reads_slowly_keeps_the_connection_and_who_stops_does_not():
    clock = task.Clock()
    channel = server.Site(Echo(), reactor=clock, timeout=10).buildProtocol(None)
    transport = Unread()
    channel.makeConnection(transport)
    channel.dataReceived(get())
    channel._channel.pauseProducing()
    for _ in range(20):
        transport.unsent -= 1
        clock.advance(10)
        assert not transport.disconnecting
    clock.advance(10)
    assert transport.disconnecting
    assert transport.value().count(b"HTTP/1.1") == 1
    clock.advance(15)
    assert transport.aborted
    channel.connectionLost(None)


STATES = [
    b"",
    b"GET / HT",
    get()[:-2],
    post(CL + b"100\r\n", b"some"),
    chunks(b"5\r\nab"),
    chunks(b"0\r\n"),
    post(CL + b"100\r\nExpect: 100-continue\r\n", b""),
    get(line=b"GET /never HTTP/1.1"),
    get(line=b"GET /never HTTP/1.1") * 100,
    get(line=b"GET /stream HTTP/1.1"),
    get(line=b"GET /big HTTP/1.1") * 10,
    get(line=b"GET /later HTTP/1.1") * 10,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


@pytest.mark.parametrize("sent", STATES)
@pytest.mark.timeout(20)
def test_a_reset_in_any_state_leaves_nothing(victim, sent):
    for _ in range(20):
        connection = victim.connect()
        connection.sendall(sent)
        # What was sent is reset, not closed.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    wait_until_alone(victim)
    assert victim.errors() == []
