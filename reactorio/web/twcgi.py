"""
Programs that answer requests: CGI (RFC 3875).

A script gets the server's own environment and the request's meta-variables. Not passed on are the headers ``Proxy``,
``Authorization`` and ``Proxy-Authorization``, and those with an underscore in their name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio.internet import error, protocol
from reactorio.logger import Logger
from reactorio.protocols.basic import FileSender
from reactorio.python import filepath, log
from reactorio.web import _cgi, _refusals, http, resource, server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.python.failure import Failure
    from reactorio.web.server import Request

__all__ = ["CGIDirectory", "CGIProcessProtocol", "CGIScript", "FilteredScript"]


class CGIDirectory(resource.Resource, filepath.FilePath[Any]):  # type: ignore[misc]  # both have children
    """
    A directory in which every file is a script, at any depth.

    Args:
        pathname: The directory.
    """

    def __init__(self, pathname: str | bytes) -> None:
        resource.Resource.__init__(self)
        filepath.FilePath.__init__(self, pathname)

    def getChild(self, path: bytes | str, request: Request) -> Any:
        try:
            name = path.decode("utf-8") if isinstance(path, bytes) else path
            found = self.child(name)
        except (UnicodeDecodeError, filepath.InsecurePath):
            return _refusals.not_found()
        if name in ("", ".", "..") or "/" in name or "\0" in name or not found.exists():
            return _refusals.not_found()
        return CGIDirectory(found.path) if found.isdir() else CGIScript(found.path)

    def render(self, request: Request) -> Any:
        return _refusals.not_found("CGI directories do not support directory listing.").render(request)


class CGIScript(resource.Resource):
    """
    A script, run for each request in its own directory.

    Args:
        filename: Its path.
        registry: Not used: `reactorio.web.static.File` hands it to every processor.
        reactor: What starts the process; None: the global reactor.
    """

    isLeaf = True

    def __init__(self, filename: Any, registry: Any = None, reactor: Any = None) -> None:
        super().__init__()
        self.filename = filename
        if reactor is None:
            # Twisted's default: what no signature hands on.
            from reactorio.internet import reactor
        self._reactor = reactor

    def render(self, request: Request) -> Any:
        """Run the script; its output is the response."""
        try:
            env = _cgi.environment(request, self.filename)
        except ValueError:
            request.setResponseCode(http.BAD_REQUEST)
            return b""
        self.runProcess(env, request, _cgi.arguments(request))
        return server.NOT_DONE_YET

    def runProcess(self, env: dict[str, str], request: Request, qargs: Sequence[str] = ()) -> None:
        """
        Start the script: a hook.

        Args:
            env: Its environment.
            qargs: Its arguments.
        """
        self._spawn(request, self.filename, [self.filename, *qargs], env)

    def _spawn(self, request: Request, executable: Any, arguments: list[Any], env: dict[str, str]) -> None:
        directory = os.path.dirname(os.path.abspath(self.filename))
        self._reactor.spawnProcess(CGIProcessProtocol(request), executable, arguments, env, directory)


class FilteredScript(CGIScript):
    """A script that another program runs: `filter`, with the script's path as its first argument."""

    filter = "/usr/bin/cat"

    def runProcess(self, env: dict[str, str], request: Request, qargs: Sequence[str] = ()) -> None:
        self._spawn(request, self.filter, [self.filter, self.filename, *qargs], env)


class CGIProcessProtocol(protocol.ProcessProtocol):
    """
    Makes a response of a script's output. A script whose client goes away is terminated.

    Args:
        request: What is answered.
    """

    maxHeaderLength = 64 * 1024
    """How long the header may be, in bytes; beyond it is a script out of control."""

    maxErrorLength = 64 * 1024
    """How much of what the script says on its standard error is logged."""

    _log = Logger()
    _requestFinished = False
    _registered = False

    def __init__(self, request: Request) -> None:
        self.request = request
        self.handling_headers = True
        self.errortext = b""
        self._headers = _cgi.Headers(self.maxHeaderLength)
        self.request.notifyFinish().addBoth(self._finished)

    def _finished(self, ignored: object) -> None:
        self._requestFinished = True

    # -- The body on its way to the script

    def connectionMade(self) -> None:
        self._registered = True
        self.request.registerProducer(self, True)
        content = self.request.content
        content.seek(0)
        sending = FileSender().beginFileTransfer(content, self.transport)
        # A script need not read what it is sent.
        sending.addBoth(lambda _: self.transport.closeStdin())

    # -- The output on its way to the client

    def outReceived(self, output: bytes) -> None:
        if self._requestFinished:
            return
        if not self.handling_headers:
            self.request.write(output)
            return
        try:
            complete = self._headers.receive(output)
        except _cgi.HeadersTooLong as exc:
            self._log.error("A CGI script's header has no end: {reason}", reason=str(exc))
            self.transport.signalProcess("KILL")
            return
        if complete is not None:
            self.handling_headers = False
            lines, body = complete
            for line in lines:
                self._take_header(line)
            if body:
                self.request.write(body)

    def _take_header(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not name:
            log.msg(f"ignoring malformed CGI header: {line!r}", system="-")
        elif name == b"status":
            self._take_status(value)
        elif name == b"location":
            # One that says its own status says it before or after this.
            if self.request.responseHeaders.getRawHeaders(b"location") is None and self.request.code == http.OK:
                self.request.setResponseCode(http.FOUND)
            self.request.setHeader(name, value)
        elif name in (b"content-type", b"content-length"):
            self.request.setHeader(name, value)
        elif name not in _NOT_THE_SCRIPTS:
            self.request.responseHeaders.addRawHeader(name, value)

    def _take_status(self, value: bytes) -> None:
        code, _, message = value.partition(b" ")
        if code.isdigit() and 200 <= int(code) <= 599:
            self.request.setResponseCode(int(code), message or None)
        else:
            log.msg(f"ignoring malformed CGI header: {b'Status: ' + value!r}", system="-")

    def errReceived(self, data: bytes) -> None:
        self.errortext = (self.errortext + data)[: self.maxErrorLength]

    def processEnded(self, reason: Failure) -> None:
        if self.errortext:
            self._log.error(
                "Errors from CGI script {uri}: {errorText!r}", uri=self.request.uri, errorText=self.errortext
            )
        if self._requestFinished:
            return
        if getattr(reason.value, "exitCode", None):
            self._log.warn("CGI script {uri} ended: {reason}", uri=self.request.uri, reason=str(reason.value))
        if self.handling_headers:
            self._log.error("Premature end of headers from CGI script {uri}", uri=self.request.uri)
            page = _refusals.error_page(
                http.INTERNAL_SERVER_ERROR, "CGI Script Error", "Premature end of script headers."
            )
            self.request.write(page.render(self.request))
        if self._registered:
            self.request.unregisterProducer()
        self.request.finish()

    # -- The request's transport

    def pauseProducing(self) -> None:
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """End the script: nobody waits for it."""
        self._requestFinished = True
        self.transport.loseConnection()
        try:
            self.transport.signalProcess("TERM")
        except error.ProcessExitedAlready:
            return


# The server's own, and what concerns this connection alone (RFC 3875 section 6.3.4, RFC 9110 section 7.6.1).
_NOT_THE_SCRIPTS = {
    b"server",
    b"date",
    b"connection",
    b"keep-alive",
    b"transfer-encoding",
    b"upgrade",
    b"trailer",
    b"te",
}
