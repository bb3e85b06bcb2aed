"""A server in the test's loop, and clients that block, in threads."""

from __future__ import annotations

import asyncio
import ftplib
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import blocking

from reactorio.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from reactorio.cred.portal import Portal
from reactorio.protocols import ftp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

LOOPBACK = "127.0.0.1"


class Served:
    """A running server. Its user is bob, whose password is secret."""

    def __init__(self, factory: Any, root: Path) -> None:
        self.factory = factory
        self.root = root
        self.home = root / "home" / "bob"
        self.protocols: list[Any] = []

    async def use(
        self, work: Callable[[ftplib.FTP], Any], login: bool = True, host: str = LOOPBACK, encoding: str = "utf-8"
    ) -> Any:
        """Have a function use a client, connected and logged in, in a thread; return what it returns."""

        def connected() -> Any:
            with ftplib.FTP(encoding=encoding) as client:
                client.connect(host, self.port, timeout=10)
                if login:
                    client.login("bob", "secret")
                return work(client)

        return await in_thread(connected)


async def in_thread(work: Callable[[], Any]) -> Any:
    return await blocking.in_thread(work, 20)


def a_portal(root: Path) -> Portal:
    users = InMemoryUsernamePasswordDatabaseDontUse()
    users.addUser("bob", "secret")
    realm = ftp.FTPRealm(str(root / "public"), str(root / "home"))
    return Portal(realm, [users, AllowAnonymousAccess()])


@asynccontextmanager
async def serving(root: Path, interface: str = LOOPBACK, **settings: Any) -> AsyncIterator[Served]:
    """Serve ``root``, with attributes of the factory set; in the end, no connection is left."""
    from reactorio.internet import reactor

    (root / "public").mkdir()
    (root / "home" / "bob").mkdir(parents=True)
    factory = ftp.FTPFactory(a_portal(root))
    for name, value in settings.items():
        setattr(factory, name, value)
    served = Served(factory, root)
    build = factory.buildProtocol

    def remember(address: Any) -> Any:
        protocol = build(address)
        served.protocols.append(protocol)
        return protocol

    factory.buildProtocol = remember  # type: ignore[method-assign]
    port = reactor.listenTCP(0, factory, interface=interface)
    served.port = port.getHost().port
    try:
        yield served
    finally:
        await port.stopListening()
        for protocol in served.protocols:
            protocol.abortConnection()
        deadline = time.monotonic() + 5
        while reactor._open and time.monotonic() < deadline:
            await asyncio.sleep(0)
