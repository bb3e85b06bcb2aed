"""
A stream of events for browsers (Server-Sent Events).

    reactorio run examples/web_events.py [PORT]

/ is a page that shows them, /events the stream: `curl -N http://127.0.0.1:8080/events`.
"""

import itertools
import sys
import time

from twisted.internet import reactor
from twisted.internet.task import LoopingCall
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.static import Data

PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Events</title></head>
<body>
<ol id="events"></ol>
<script>
new EventSource("/events").onmessage = (event) => {
  const item = document.createElement("li");
  item.textContent = event.data;
  document.getElementById("events").append(item);
};
</script>
</body>
</html>
"""


class Events(Resource):
    """Everybody who listens is told the time."""

    isLeaf = True

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.listeners: set = set()
        self.numbers = itertools.count(1)
        LoopingCall(self.tell).start(seconds, now=False)

    def render_GET(self, request) -> int:
        request.setHeader(b"content-type", b"text/event-stream")
        request.setHeader(b"cache-control", b"no-store")
        # Sends the headers: the client knows that it is connected before there is an event.
        request.write(b": welcome\n\n")
        self.listeners.add(request)
        request.notifyFinish().addErrback(lambda _: self.listeners.discard(request))
        return NOT_DONE_YET

    def tell(self) -> None:
        event = f"id: {next(self.numbers)}\ndata: it is {time.strftime('%H:%M:%S')}\n\n".encode()
        for request in self.listeners:
            request.write(event)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    root = Resource()
    root.putChild(b"", Data(PAGE, "text/html; charset=utf-8"))
    root.putChild(b"events", Events(seconds=0.5))
    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
