"""Commands: what is asked, what is answered, and how it may fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from reactorio.protocols._amp.arguments import Argument, _objectsToStrings, _stringsToObjects
from reactorio.protocols._amp.boxes import AmpBox
from reactorio.protocols._amp.errors import InvalidSignature, RemoteAmpError, UnknownRemoteError
from reactorio.protocols._amp.names import python_identifier
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_F = TypeVar("_F", bound=Callable[..., Any])

# Responders whose class is not made yet: see `CommandLocator.__init_subclass__`.
declared_responders: list[tuple[type[Command], Callable[..., Any]]] = []


class Command:
    """
    A command, as the two ends agree on it. Subclasses say what it is; an instance is one call of it::

        class Divide(Command):
            arguments = [(b"numerator", Integer()), (b"denominator", Integer())]
            response = [(b"result", Float())]
            errors = {ZeroDivisionError: b"ZERO_DIVISION"}

    Names are bytes; in Python, an argument's is an identifier: dashes become underscores, and of Python's keywords the
    first letter becomes a capital.

    Args:
        kw: The arguments, by identifier.

    Attributes:
        commandName: Its name on the wire; the class's if none is given.
        arguments: What is asked.
        response: What is answered.
        extra: Nothing looks at it.
        errors: The exceptions that a responder may raise and a caller then sees, and their names on the wire.
            Those of base classes are added.
        fatalErrors: More of them, after which the connection is closed.
        commandType: Makes the box of the question.
        responseType: Makes the box of the answer.
        requiresAnswer: Does the caller want to know when it is done? Otherwise `BoxDispatcher.callRemote` returns None.
        allErrors: The ``errors`` and ``fatalErrors`` of it and its bases.
        reverseErrors: The same by their names on the wire.

    Raises:
        InvalidSignature: An argument is missing.
    """

    commandName: ClassVar[bytes] = b"Command"
    arguments: ClassVar[Sequence[tuple[bytes, Argument]]] = []
    response: ClassVar[Sequence[tuple[bytes, Argument]]] = []
    extra: ClassVar[Sequence[Any]] = []
    errors: ClassVar[Mapping[type[Exception], bytes]] = {}
    fatalErrors: ClassVar[Mapping[type[Exception], bytes]] = {}
    commandType: ClassVar[type[AmpBox]] = AmpBox
    responseType: ClassVar[type[AmpBox]] = AmpBox
    requiresAnswer: ClassVar[bool] = True

    allErrors: ClassVar[dict[type[Exception], bytes]] = {}
    reverseErrors: ClassVar[dict[bytes, type[Exception]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "commandName" not in cls.__dict__:
            cls.commandName = cls.__name__.encode("ascii")
        if not isinstance(cls.commandName, bytes):
            raise TypeError(f"Command names must be byte strings, got: {cls.commandName!r}")
        cls.errors = dict(cls.errors)
        cls.fatalErrors = dict(cls.fatalErrors)
        _require_bytes("Argument", (name for name, _ in cls.arguments))
        _require_bytes("Response", (name for name, _ in cls.response))
        _require_bytes("Error", cls.errors.values())
        _require_bytes("Fatal error", cls.fatalErrors.values())
        cls.allErrors = {}
        for kind in ("errors", "fatalErrors"):
            for ancestor in reversed(cls.__mro__):
                cls.allErrors.update(ancestor.__dict__.get(kind, {}))
        cls.reverseErrors = {code: error for error, code in cls.allErrors.items()}

    def __init__(self, **kw: Any) -> None:
        self.structured = kw
        forgotten = [
            python_identifier(name)
            for name, kind in self.arguments
            if not kind.optional and python_identifier(name) not in kw
        ]
        if forgotten:
            raise InvalidSignature(f"forgot {', '.join(forgotten)} for {self.commandName!r}")

    @classmethod
    def makeArguments(cls, objects: Mapping[str, Any], proto: Any) -> Any:
        """
        Return the question's box, a `commandType`.

        Raises:
            InvalidSignature: One of ``objects`` is none of the command's arguments.
        """
        known = {python_identifier(name) for name, _ in cls.arguments}
        for name in objects:
            if name not in known:
                raise InvalidSignature(f"{name} is not a valid argument")
        return _objectsToStrings(objects, cls.arguments, cls.commandType(), proto)

    @classmethod
    def parseArguments(cls, box: Mapping[bytes, bytes], protocol: Any) -> dict[str, Any]:
        """Return what a question's box asks, by identifier. What is none of the command's is left out."""
        return _stringsToObjects(box, cls.arguments, protocol)

    @classmethod
    def makeResponse(cls, objects: Mapping[str, Any], proto: Any) -> Any:
        """Return the answer's box, a `responseType`."""
        return _objectsToStrings(objects, cls.response, cls.responseType(), proto)

    @classmethod
    def parseResponse(cls, box: Mapping[bytes, bytes], protocol: Any) -> dict[str, Any]:
        """Return what an answer's box says, by identifier."""
        return _stringsToObjects(box, cls.response, protocol)

    @classmethod
    def responder(cls, methodfunc: _F) -> _F:
        """
        Let a method answer the command: a decorator, for the body of a `CommandLocator`'s class, so of an `AMP`'s.

        The method takes the arguments by identifier. It returns the response as a dictionary; or a Deferred or a
        coroutine of that, so it may be an ``async def``. It may raise the command's ``errors``.
        """
        declared_responders.append((cls, methodfunc))
        return methodfunc

    def _doCommand(self, proto: Any) -> Deferred[dict[str, Any]] | None:
        """Send it by ``proto``, a `BoxDispatcher`; return a Deferred of the response if there will be one."""
        question = self.makeArguments(self.structured, proto)
        answer: Deferred[Any] | None = proto._sendBoxCommand(self.commandName, question, self.requiresAnswer)
        if not self.requiresAnswer or answer is None:
            return None
        answer.addCallback(self.parseResponse, proto)
        return answer.addErrback(self._own_error)

    def _own_error(self, failure: Failure) -> Failure:
        """Return what the peer's error is called in Python."""
        error = failure.value
        if not isinstance(error, RemoteAmpError):
            return failure
        kind = self.reverseErrors.get(error.errorCode, UnknownRemoteError)
        return Failure(kind(error.description))


def _require_bytes(what: str, names: Any) -> None:
    for name in names:
        if not isinstance(name, bytes):
            raise TypeError(f"{what} names must be byte strings, got: {name!r}")
