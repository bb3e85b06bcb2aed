"""Who answers which command."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio._interface import implementer
from reactorio.internet.defer import maybeDeferred
from reactorio.protocols._amp.commands import Command, declared_responders
from reactorio.protocols._amp.errors import BadLocalReturn, RemoteAmpError
from reactorio.protocols._amp.interfaces import IResponderLocator
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred
    from reactorio.protocols._amp.boxes import AmpBox

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

Responder = Callable[[Any], Any]
_Responders = dict[bytes, tuple[type[Command], Callable[..., Any]]]


@implementer(IResponderLocator)
class CommandLocator:
    """
    Methods that answer commands: see `Command.responder`.

    A subclass has those of its bases, and its own before them.
    """

    # By the command's name: with those of the bases, and without.
    _commandDispatch: ClassVar[_Responders] = {}
    _own_responders: ClassVar[_Responders] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # What was declared since the last such class was made belongs to this one: it stands in its body.
        cls._own_responders = {command.commandName: (command, method) for command, method in declared_responders}
        declared_responders.clear()
        cls._commandDispatch = {}
        for ancestor in reversed(cls.__mro__):
            cls._commandDispatch.update(ancestor.__dict__.get("_own_responders", {}))

    def locateResponder(self, name: bytes) -> Responder | None:
        """Return what answers the command ``name``, box for box (a Deferred of one), or None."""
        overrides = self._overridden_lookup()
        if overrides is None:
            return self._look_up(name)
        warnings.warn_explicit(
            "Override locateResponder, not lookupFunction.",
            PendingDeprecationWarning,
            overrides.__code__.co_filename,
            overrides.__code__.co_firstlineno,
        )
        return self.lookupFunction(name)

    def lookupFunction(self, name: bytes) -> Responder | None:
        """Return what `locateResponder` returns; its name of old."""
        if self._overridden_lookup() is None:
            warnings.warn("Call locateResponder, not lookupFunction.", PendingDeprecationWarning, stacklevel=2)
        return self._look_up(name)

    def _overridden_lookup(self) -> Any:
        function = type(self).lookupFunction
        return None if function is CommandLocator.lookupFunction else function

    def _look_up(self, name: bytes) -> Responder | None:
        known = self._commandDispatch.get(name)
        if known is None:
            return None
        command, function = known
        return _Answering(command, function.__get__(self), self)


class _Answering:
    """
    A method that answers a command, box for box.

    Args:
        command: The command.
        method: Takes the arguments, returns the response.
        proto: Whose method it is.
    """

    __slots__ = ("command", "method", "proto")

    def __init__(self, command: type[Command], method: Callable[..., Any], proto: Any) -> None:
        self.command = command
        self.method = method
        self.proto = proto

    def __call__(self, box: AmpBox) -> Deferred[AmpBox]:
        objects = self.command.parseArguments(box, self.proto)
        return maybeDeferred(self._call, objects).addErrback(self._known_error)

    def _call(self, objects: dict[str, Any]) -> Any:
        response = self.method(**objects)
        if type(response) is dict:
            # The usual case, without another Deferred.
            return self._answer(response)
        return maybeDeferred(lambda: response).addCallback(self._answer)

    def _answer(self, objects: Mapping[str, Any]) -> Any:
        try:
            return self.command.makeResponse(objects, self.proto)
        except RemoteAmpError:
            # Meant for the peer.
            raise
        except Exception:
            # The method's author has to be told what the method did; what went wrong with it here says little.
            problem = Failure()
            message = f"{self.method!r} returned {objects!r} and {self.command!r} could not serialize it"
            raise BadLocalReturn(message, problem) from problem.value

    def _known_error(self, failure: Failure) -> Failure:
        """Return an error of the command's as it goes to the peer; others as they are."""
        command = self.command
        kind = failure.check(*command.allErrors)
        if kind is None:
            return failure
        fatal = kind in command.fatalErrors
        return Failure(RemoteAmpError(command.allErrors[kind], str(failure.value), fatal, failure))


@implementer(IResponderLocator)
class SimpleStringLocator:
    """
    Methods that answer commands by their names: the command ``foo`` goes to ``amp_FOO``, which takes and returns boxes.

    Attributes:
        baseDispatchPrefix: What the methods' names begin with.
    """

    baseDispatchPrefix: ClassVar[bytes] = b"amp_"

    def locateResponder(self, name: bytes) -> Responder | None:
        """Return the method, None if there is none."""
        method: Responder | None = getattr(self, (self.baseDispatchPrefix + name.upper()).decode("latin-1"), None)
        return method
