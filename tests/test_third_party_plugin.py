"""
A service of somebody else's, as it is on PyPI: ``pip install magic-wormhole-transit-relay``.

Its drop-in is in ``site-packages/twisted/plugins``, where Twisted need not be.
"""

from __future__ import annotations

import signal
import socket
from importlib.util import find_spec

import pytest
from programs import PATIENCE, port_in, started

pytestmark = [
    pytest.mark.skipif(find_spec("wormhole_transit_relay") is None, reason="needs magic-wormhole-transit-relay"),
    pytest.mark.skipif(find_spec("autobahn") is None, reason="needs autobahn"),
]


def test_it_is_in_the_help_text(tmp_path):
    with started("--help", cwd=tmp_path) as server:
        server.wait_for("transitrelay      Provide the Transit Relay server")
        assert server.end() == 0


def test_it_relays(tmp_path, loop_kind):
    options = ["--port", "tcp:0:interface=127.0.0.1", "--usage-db", "usage.sqlite"]
    with started("-n", "transitrelay", *options, cwd=tmp_path) as server:
        address = ("127.0.0.1", port_in(server.wait_for("ServerFactory starting on")))
        with socket.create_connection(address, PATIENCE) as one, socket.create_connection(address, PATIENCE) as other:
            for side, connection in enumerate((one, other)):
                connection.sendall(f"please relay {'a' * 64} for side {side:016x}\n".encode())
            assert [connection.recv(3) for connection in (one, other)] == [b"ok\n", b"ok\n"]
            one.sendall(b"hello")
            assert other.recv(5) == b"hello"
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    assert any("populating new database" in line for line in server.lines)
