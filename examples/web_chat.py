"""
A chat over WebSocket, with its page.

    reactorio run examples/web_chat.py [PORT]

Open http://127.0.0.1:8080/ in two windows. With ?say=WORDS the page says them as soon as it can.
"""

import json
import sys

from twisted.internet import reactor
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from reactorio.web.websocket import WebSocketResource

PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Chat</title></head>
<body>
<ul id="said"></ul>
<form><input id="words" autofocus> <button>Say</button></form>
<p id="here"></p>
<script>
const element = (id) => document.getElementById(id);
const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/chat`);
socket.onmessage = (event) => {
  const {who, words, here} = JSON.parse(event.data);
  if (words !== undefined) {
    const item = document.createElement("li");
    item.textContent = `${who}: ${words}`;
    element("said").append(item);
  }
  if (here !== undefined) element("here").textContent = `${here} here`;
};
socket.onopen = () => {
  const words = new URLSearchParams(location.search).get("say");
  if (words !== null) socket.send(words);
};
socket.onclose = (event) => { element("here").textContent = `closed: ${event.code}`; };
document.forms[0].onsubmit = (event) => {
  event.preventDefault();
  if (element("words").value) socket.send(element("words").value);
  element("words").value = "";
};
</script>
</body>
</html>
"""


class Member:
    """One browser."""

    log = Logger()

    def __init__(self, room: "Room", name: str) -> None:
        self.room = room
        self.name = name

    def negotiationStarted(self, transport) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None:
        self.room.members.append(self)
        self.room.tell(here=len(self.room.members))
        self.log.info("{name} has come", name=self.name)

    def textMessageReceived(self, message: str) -> None:
        self.room.tell(who=self.name, words=message)

    def bytesMessageReceived(self, data: bytes) -> None:
        # Status 1003: this is not for bytes.
        self.transport.loseConnection(1003)

    def pongReceived(self, payload: bytes) -> None:
        pass

    def connectionLost(self, reason) -> None:
        if self in self.room.members:
            self.room.members.remove(self)
            self.room.tell(here=len(self.room.members))
            self.log.info("{name} has left", name=self.name)


class Room:
    """Makes a member of each who connects, and tells all what one says."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.guests = 0
        # Who has gone without a word is found out, and proxies see that the connection is in use.
        LoopingCall(lambda: [member.transport.ping() for member in self.members]).start(30, now=False)

    def buildProtocol(self, request) -> Member:
        self.guests += 1
        return Member(self, f"guest {self.guests}")

    def tell(self, **news: object) -> None:
        for member in self.members:
            member.transport.sendTextMessage(json.dumps(news))


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    root = Resource()
    root.putChild(b"", Data(PAGE, "text/html; charset=utf-8"))
    # Messages of up to 4 KiB. Where users log in with cookies, say `origins=["https://chat.example"]`, too.
    root.putChild(b"chat", WebSocketResource(Room(), maxMessageSize=4096))
    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
