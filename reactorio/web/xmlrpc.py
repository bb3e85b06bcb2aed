"""
XML-RPC: methods of a resource for others to call, and a `Proxy` to call those of others.

    class Calculator(XMLRPC):
        def xmlrpc_add(self, a, b):
            return a + b

Values are those of `xmlrpc.client` of the standard library. Methods may return Deferreds, and be coroutines.
"""

from __future__ import annotations

import xmlrpc.client as xmlrpclib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.logger import Logger
from reactorio.python.reflect import prefixedMethodNames
from reactorio.web import resource, server
from reactorio.web._responses import INTERNAL_SERVER_ERROR
from reactorio.web._xmlrpc.client import Proxy, QueryFactory, QueryProtocol, payloadTemplate
from reactorio.web._xmlrpc.parse import MAX_SIZE, loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = [
    "FAILURE",
    "NOT_FOUND",
    "XMLRPC",
    "Binary",
    "Boolean",
    "DateTime",
    "Fault",
    "Handler",
    "NoSuchFunction",
    "Proxy",
    "QueryFactory",
    "QueryProtocol",
    "XMLRPCIntrospection",
    "addIntrospection",
    "payloadTemplate",
    "withRequest",
    "xmlrpclib",
]

# Codes of faults that are not the application's.
NOT_FOUND = 8001
FAILURE = 8002

Fault = xmlrpclib.Fault
Binary = xmlrpclib.Binary
Boolean = bool
DateTime = xmlrpclib.DateTime

_MethodT = TypeVar("_MethodT", bound="Callable[..., Any]")


def withRequest(f: _MethodT) -> _MethodT:
    """Decorate a method that is to get the request, before the arguments."""
    cast("Any", f).withRequest = True
    return f


class NoSuchFunction(Fault):
    """There is no method of this name: what `XMLRPC.lookupProcedure` raises."""


class Handler:
    """
    One call, for who wants an object for each: a method returns it.

    Attributes:
        resource: The resource.
        result: A Deferred of the call's result, that ``run`` is to fire.
    """

    def __init__(self, resource: Any, *args: Any) -> None:
        self.resource = resource
        self.result: Deferred[Any] = Deferred()
        self.run(*args)

    def run(self, *args: Any) -> Any:
        """Begin the call: subclasses do."""
        raise NotImplementedError("Implement run() in subclass")


class XMLRPC(resource.Resource):
    """
    A resource whose methods named ``xmlrpc_…`` can be called.

    They fail by raising `Fault` (or returning it), which the caller gets; other errors are logged, and he gets to know that
    there was one. Attributes of a method are shown by introspection: ``signature``, a list of lists of the types of result
    and arguments, and ``help``, in the place of the docstring.

    Args:
        allowNone: Can None be a result? (An extension of XML-RPC.)
        useDateTime: Are dates in arguments to be `datetime.datetime`, and not `xmlrpc.client.DateTime`?

    Attributes:
        NOT_FOUND: The code of the fault of who calls a method that is not there.
        FAILURE: That of other errors.
        separator: What follows a subhandler's name in that of a method.
        max_size: Bytes of a call.
    """

    NOT_FOUND = NOT_FOUND
    FAILURE = FAILURE

    isLeaf = 1
    separator = "."
    allowedMethods = (b"POST",)
    max_size = MAX_SIZE

    _log = Logger(namespace="reactorio.web.xmlrpc")

    def __init__(self, allowNone: bool = False, useDateTime: bool = False) -> None:
        super().__init__()
        self.subHandlers: dict[str, Any] = {}
        self.allowNone = allowNone
        self.useDateTime = useDateTime

    # -- What can be called

    def putSubHandler(self, prefix: str, handler: XMLRPC) -> None:
        """Let the methods of ``handler`` be called by names that begin with ``prefix`` and a dot."""
        self.subHandlers[prefix] = handler

    def getSubHandler(self, prefix: str) -> Any:
        """Return who has the methods of this prefix, or None."""
        return self.subHandlers.get(prefix, None)

    def getSubHandlerPrefixes(self) -> list[str]:
        """Return the prefixes."""
        return list(self.subHandlers)

    def lookupProcedure(self, procedurePath: str) -> Callable[..., Any]:
        """
        Return the function for a method's name; subclasses may have their own.

        Raises:
            NoSuchFunction: There is none.
        """
        prefix, separator, rest = procedurePath.partition(self.separator)
        if separator:
            handler = self.getSubHandler(prefix)
            if handler is None:
                raise NoSuchFunction(self.NOT_FOUND, f"no such subHandler {prefix}")
            return cast("Callable[..., Any]", handler.lookupProcedure(rest))
        function = getattr(self, f"xmlrpc_{procedurePath}", None)
        if not function:
            raise NoSuchFunction(self.NOT_FOUND, f"procedure {procedurePath} not found")
        if not callable(function):
            raise NoSuchFunction(self.NOT_FOUND, f"procedure {procedurePath} not callable")
        return cast("Callable[..., Any]", function)

    def listProcedures(self) -> list[str]:
        """Return the names of the methods, those of subhandlers left out."""
        return prefixedMethodNames(type(self), "xmlrpc_")

    # -- Being called

    def render_POST(self, request: Any) -> Any:
        """Answer a call."""
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            content = request.content.read(self.max_size + 1)
            args, name = loads(content, self.useDateTime, self.max_size)
        except Exception as exc:
            self._cbRender(Fault(self.FAILURE, f"Can't deserialize input: {exc}"), request, gone)
            return server.NOT_DONE_YET
        d = maybeDeferred(self._call, name, args, request)
        d.addCallback(lambda result: result.result if isinstance(result, Handler) else result)
        d.addErrback(self._ebRender)
        d.addCallback(self._cbRender, request, gone)
        return server.NOT_DONE_YET

    def _call(self, name: str | None, args: tuple[Any, ...], request: Any) -> Any:
        if name is None:
            raise NoSuchFunction(self.NOT_FOUND, "no procedure is named")
        function = self.lookupProcedure(name)
        return function(request, *args) if getattr(function, "withRequest", False) else function(*args)

    def _cbRender(self, result: Any, request: Any, responseFailed: Any = None) -> None:
        """Write a result, or a fault, unless the client is gone."""
        if responseFailed:
            return
        try:
            content = self._written(result)
        except Exception:
            self._log.failure("A result cannot be written, nor that it cannot.")
            request.setResponseCode(INTERNAL_SERVER_ERROR)
        else:
            request.setHeader(b"content-type", b"text/xml; charset=utf-8")
            request.setHeader(b"content-length", b"%d" % len(content))
            request.write(content)
        request.finish()

    def _written(self, result: Any) -> bytes:
        try:
            answer = result if isinstance(result, Fault) else (result,)
            text = xmlrpclib.dumps(answer, methodresponse=True, allow_none=self.allowNone)
        except Exception as exc:
            fault = Fault(self.FAILURE, f"Can't serialize output: {exc}")
            text = xmlrpclib.dumps(fault, methodresponse=True, allow_none=self.allowNone)
        return text.encode()

    def _ebRender(self, failure: Failure) -> Any:
        """Return the fault for an error; what it was is not the client's business."""
        if isinstance(failure.value, Fault):
            return failure.value
        self._log.failure("An XML-RPC method failed.", failure=failure)
        return Fault(self.FAILURE, "error")


class XMLRPCIntrospection(XMLRPC):
    """
    Tells what can be called, by methods that are known as ``system.listMethods`` and so on.

    Args:
        parent: The resource that it tells of.
    """

    def __init__(self, parent: XMLRPC) -> None:
        super().__init__()
        self._xmlrpc_parent = parent

    def xmlrpc_listMethods(self) -> list[str]:
        """Return the names of all methods."""
        found: list[str] = []
        todo: list[tuple[Any, str]] = [(self._xmlrpc_parent, "")]
        while todo:
            handler, prefix = todo.pop(0)
            found.extend(prefix + name for name in handler.listProcedures())
            names = handler.getSubHandlerPrefixes()
            todo.extend((handler.getSubHandler(name), f"{prefix}{name}{handler.separator}") for name in names)
        return found

    cast("Any", xmlrpc_listMethods).signature = [["array"]]

    def xmlrpc_methodHelp(self, method: str) -> str:
        """Return what a method does."""
        function = self._xmlrpc_parent.lookupProcedure(method)
        return getattr(function, "help", None) or getattr(function, "__doc__", None) or ""

    cast("Any", xmlrpc_methodHelp).signature = [["string", "string"]]

    def xmlrpc_methodSignature(self, method: str) -> Any:
        """
        Return a method's signatures: lists of types, that of the result first. An empty string if nobody has said.
        """
        function = self._xmlrpc_parent.lookupProcedure(method)
        return getattr(function, "signature", None) or ""

    cast("Any", xmlrpc_methodSignature).signature = [["array", "string"], ["string", "string"]]


def addIntrospection(xmlrpc: XMLRPC) -> None:
    """Add ``system.listMethods``, ``system.methodHelp`` and ``system.methodSignature`` to what can be called."""
    xmlrpc.putSubHandler("system", XMLRPCIntrospection(xmlrpc))
