"""
A program: opens many connections, one after the other, and holds them. On each that it is told of by a line of its input
(`again`) it sends a message and waits for its echo.

    python crowd.py ADDRESS NUMBER [CERTIFICATE]

ADDRESS is a port's number, or an abstract UNIX socket's name after an @; with a certificate to trust, it speaks TLS.
"""

from __future__ import annotations

import resource
import socket
import ssl
import sys

MESSAGE = b"x" * 64


def connect(address: str, context: ssl.SSLContext | None) -> socket.socket:
    if address.startswith("@"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect("\0" + address[1:])
    else:
        sock = socket.create_connection(("127.0.0.1", int(address)), timeout=60)
    return sock if context is None else context.wrap_socket(sock, server_hostname="server.example")


def greet(sock: socket.socket) -> None:
    sock.sendall(MESSAGE)
    received = 0
    while received < len(MESSAGE):
        part = len(sock.recv(1024))
        assert part, "it was closed"
        received += part


def main() -> None:
    address, number = sys.argv[1], int(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context = None
    if len(sys.argv) > 3:
        context = ssl.create_default_context(cafile=sys.argv[3])
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    connected = []
    for _ in range(number):
        sock = connect(address, context)
        greet(sock)
        connected.append(sock)
    print("connected", flush=True)
    for _ in sys.stdin:
        for sock in connected:
            greet(sock)
        print("greeted", flush=True)


if __name__ == "__main__":
    main()
