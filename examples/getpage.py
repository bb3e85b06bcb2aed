"""
Fetch a page over HTTP/1.0, written twice: with callbacks handed in, and with a Deferred handed out.

    reactorio run examples/getpage.py [HOST [PORT [PATH]]]

Both versions share the protocol; they differ in who holds the code that runs afterwards.
"""

import sys

from twisted.internet import protocol, reactor
from twisted.internet.defer import Deferred, DeferredList


class PageGetter(protocol.Protocol):
    """Asks for one page. The server says that it is complete by closing the connection."""

    def connectionMade(self) -> None:
        self.answer = b""
        self.transport.write(b"GET %b HTTP/1.0\r\nHost: %b\r\n\r\n" % (self.factory.path, self.factory.host))

    def dataReceived(self, data: bytes) -> None:
        self.answer += data

    def connectionLost(self, reason) -> None:
        head, separator, page = self.answer.partition(b"\r\n\r\n")
        status = head.split(b"\r\n")[0].split(b" ", 2)
        if not separator or len(status) < 2 or not status[0].startswith(b"HTTP/"):
            self.factory.fail(ValueError("this is no HTTP answer"))
        elif status[1] != b"200":
            self.factory.fail(ValueError("the server answered " + b" ".join(status[1:]).decode("latin-1")))
        else:
            self.factory.succeed(page)


class CallbackFactory(protocol.ClientFactory):
    """The caller says beforehand what to call with the page, and what with an error."""

    protocol = PageGetter

    def __init__(self, host: str, path: str, onPage, onError) -> None:
        self.host, self.path = host.encode(), path.encode()
        self.succeed, self.fail = onPage, onError

    def clientConnectionFailed(self, connector, reason) -> None:
        self.fail(reason.value)


def getPageCallback(host: str, port: int, path: str, onPage, onError) -> None:
    reactor.connectTCP(host, port, CallbackFactory(host, path, onPage, onError))


class DeferredFactory(protocol.ClientFactory):
    """The caller gets a promise, and says afterwards what to do with it."""

    protocol = PageGetter

    def __init__(self, host: str, path: str) -> None:
        self.host, self.path = host.encode(), path.encode()
        self.page = Deferred()
        self.succeed, self.fail = self.page.callback, self.page.errback

    def clientConnectionFailed(self, connector, reason) -> None:
        self.fail(reason)


def getPageDeferred(host: str, port: int, path: str) -> Deferred:
    factory = DeferredFactory(host, path)
    reactor.connectTCP(host, port, factory)
    return factory.page


def main() -> None:
    host, port, path = (sys.argv[1:] + ["localhost", "8000", "/"][len(sys.argv) - 1 :])[:3]

    # With callbacks, a Deferred of our own is needed only to know when to stop.
    first = Deferred()

    def gotPage(page: bytes) -> None:
        print(f"callback: {len(page)} bytes")
        first.callback(None)

    def gotError(error: Exception) -> None:
        print(f"callback: {error}")
        first.callback(None)

    getPageCallback(host, int(port), path, gotPage, gotError)

    second = getPageDeferred(host, int(port), path)
    second.addCallback(lambda page: print(f"deferred: {len(page)} bytes"))
    second.addErrback(lambda failure: print(f"deferred: {failure.getErrorMessage()}"))

    DeferredList([first, second]).addCallback(lambda results: reactor.stop())
    reactor.run()


if __name__ == "__main__":
    main()
