"""
What a service tells systemd about itself: sd_notify(3).

The service manager gives a datagram socket's address in the environment; without it, everything here says nothing to nobody.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from reactorio.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Notifier", "Watchdog"]

_log = Logger(namespace="reactorio.application.notify")

# What the manager takes in one message (its own buffer's size).
_MAX_MESSAGE = 4096


class Notifier:
    """
    Speaks to the service manager.

    A message that cannot be sent is logged, and never an error for the service.

    Args:
        environ: Where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are, and are taken from: child processes do not
            speak for their parent. By default the process's environment.

    Attributes:
        listens: Is there a manager that wants to hear?
        watchdog_seconds: How often it wants to hear that the service lives, at least; None if it does not.
    """

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        address = environ.pop("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(environ)
        self.listens = address[:1] in ("/", "@") and len(address) > 1
        # An abstract address is written with "@", and has a NUL there.
        self._address = "\0" + address[1:] if address[:1] == "@" else address
        # Now: the address may be out of reach once this process has changed its root.
        self._socket = self._connected() if self.listens else None

    def send(self, **fields: str | int) -> None:
        """Send one message with these assignments, in this order."""
        if not self.listens:
            return
        message = "\n".join(f"{key}={_one_line(str(value))}" for key, value in fields.items()).encode()[:_MAX_MESSAGE]
        try:
            self._send(message)
        except OSError as error:
            _log.warn("Cannot tell the service manager {fields}: {error}", fields=sorted(fields), error=error)

    def _send(self, message: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.send(message)
                return
            except ConnectionRefusedError:
                self.close()  # the manager has another one by now
        self._socket = self._connected(or_raise=True)
        if self._socket is not None:
            self._socket.send(message)

    def _connected(self, or_raise: bool = False) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # A manager that does not read must not stop the service.
        sock.setblocking(False)
        try:
            sock.connect(self._address)
        except OSError:
            sock.close()
            if or_raise:
                raise
            return None
        return sock

    def close(self) -> None:
        """Let go of the socket; another message opens it again."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def ready(self, status: str = "Running") -> None:
        """Everything listens and has started; or a reload is over."""
        self.send(READY=1, STATUS=status, MAINPID=os.getpid())

    def reloading(self) -> None:
        """A reload begins; `ready` ends it. The time is what the manager compares to its own request."""
        self.send(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, STATUS="Reloading")

    def stopping(self, status: str = "Stopping") -> None:
        """The service begins to stop."""
        self.send(STOPPING=1, STATUS=status)

    def ports_closed(self) -> None:
        """Nothing is accepted any more: of no interest to a service manager, but to a supervisor of ours."""

    def status(self, text: str) -> None:
        """Say in one line how things stand."""
        self.send(STATUS=text)

    def alive(self) -> None:
        """The service lives: what the watchdog waits for."""
        self.send(WATCHDOG=1)

    def extend_timeout(self, seconds: float) -> None:
        """Starting or stopping goes on: the manager should wait ``seconds`` from now before it gives up."""
        self.send(EXTEND_TIMEOUT_USEC=int(seconds * 1_000_000))


class Watchdog:
    """
    Tells the manager, from the reactor, that the service lives: a loop that hangs does not.

    Args:
        notifier: Who speaks.
        reactor: Whose health is watched.
    """

    _call: IDelayedCall | None = None

    def __init__(self, notifier: Notifier, reactor: IReactorTime) -> None:
        self._notifier = notifier
        self._reactor = reactor

    def start(self) -> None:
        """Speak now, and then twice in the time that the manager allows; if it has no watchdog, never."""
        if self._notifier.listens and self._notifier.watchdog_seconds is not None:
            self._notifier.alive()
            self._call = self._reactor.callLater(self._notifier.watchdog_seconds / 2, self.start)

    def stop(self) -> None:
        """Say no more."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()


def _watchdog_seconds(environ: MutableMapping[str, str]) -> float | None:
    microseconds = environ.pop("WATCHDOG_USEC", "")
    pid = environ.pop("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
