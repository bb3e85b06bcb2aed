"""An end that speaks SIP."""

from __future__ import annotations

from typing import Any

from reactorio.internet.protocol import DatagramProtocol
from reactorio.logger import Logger
from reactorio.protocols._sip.messages import Message, MessagesParser, Request, Response, to_bytes
from reactorio.protocols._sip.uris import PORT, URL, parseViaHeader

__name__ = "reactorio.protocols.sip"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.protocols.sip")


class Base(DatagramProtocol):
    """
    Takes messages from datagrams, and sends responses where the requests came from.

    Attributes:
        PORT: The usual port.
        debug: Write down what is sent and received?
    """

    PORT = PORT
    debug = False

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.parser = MessagesParser(self.addMessage)

    def addMessage(self, msg: Message) -> None:
        """A message has been read."""
        self.messages.append(msg)

    def datagramReceived(self, data: bytes | str, addr: Any) -> None:
        """Handle the messages in a datagram; one that does not say where it has been is dropped."""
        self.parser.dataReceived(data)
        self.parser.dataDone()
        messages, self.messages[:] = list(self.messages), []
        for message in messages:
            if self.debug:
                _log.info("Received {message!r} from {address}", message=message.toString(), address=addr)
            try:
                self._require_via(message, addr)
            except ValueError as error:
                _log.info("Dropped a SIP message from {address}: {error}", address=addr, error=error)
                continue
            if isinstance(message, Request):
                self.handle_request(message, addr)
            elif isinstance(message, Response):
                self.handle_response(message, addr)

    def _require_via(self, message: Message, peer: tuple[str, int]) -> None:
        """Read the first Via header; in a request, write down where that really came from (section 18.2.1)."""
        if not message.headers.get("via"):
            raise ValueError("it has no Via header")
        via = parseViaHeader(message.headers["via"][0])
        host, port = peer[:2]
        if isinstance(message, Request) and (via.host != host or via.rportRequested):
            via.received = host
            if via.rportRequested or via.port != port:
                via.rport = port
            message.headers["via"][0] = via.toString()

    def deliverResponse(self, responseMessage: Response) -> None:
        """Send a response where its first Via header says."""
        via = parseViaHeader(responseMessage.headers["via"][0])
        self.sendMessage(URL(via.received or via.host, port=via.rportValue or via.port or self.PORT), responseMessage)

    def responseFromRequest(self, code: int, request: Request) -> Response:
        """Return a response to ``request``, with the headers that it needs (section 8.2.6)."""
        response = Response(code)
        for name in ("via", "to", "from", "call-id", "cseq"):
            if name in request.headers:
                response.headers[name] = list(request.headers[name])
        return response

    def sendMessage(self, destURL: URL, message: Message) -> None:
        """
        Send a message.

        Raises:
            RuntimeError: It is to be sent by something else than UDP.
        """
        if destURL.transport not in ("udp", None):
            raise RuntimeError("only UDP currently supported")
        if self.debug:
            _log.info("Sending {message!r} to {url}", message=message.toString(), url=destURL)
        self.transport.write(to_bytes(message.toString()), (destURL.host, destURL.port or self.PORT))

    def handle_request(self, message: Request, addr: tuple[str, int]) -> Any:
        """A request arrived. Subclasses say what it means."""
        raise NotImplementedError

    def handle_response(self, message: Response, addr: tuple[str, int]) -> Any:
        """A response arrived. Subclasses say what it means."""
        raise NotImplementedError
