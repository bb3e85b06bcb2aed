"""
An exception that can be kept, passed on, inspected and printed later: what errbacks get.

A Failure is cheap to make and to drop: it takes hold of the exception and of its traceback, and works out frames, names
and text only when asked.
"""

from __future__ import annotations

import itertools
import sys
from functools import cached_property
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, TypeAlias, TypeVar, cast

from reactorio.python import reflect
from reactorio.python._fakeframes import _Code as _Code
from reactorio.python._fakeframes import _Frame as _Frame
from reactorio.python._fakeframes import _Traceback
from reactorio.python._fakeframes import _TracebackFrame as _TracebackFrame
from reactorio.python._formatframes import EXCEPTION_CAUGHT_HERE as EXCEPTION_CAUGHT_HERE
from reactorio.python._formatframes import format_frames
from reactorio.python._names import same_name
from reactorio.python.deprecate import deprecatedProperty
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Iterable
    from types import CodeType, TracebackType

    from reactorio.python._formatframes import FrameRecord

__all__ = ["DefaultException", "Failure", "NoCurrentExceptionError", "format_frames", "startDebugMode"]

_T = TypeVar("_T")
_ErrorT = TypeVar("_ErrorT")

# Failure has an attribute `type`, which hides the builtin in its body.
_ExceptionClass: TypeAlias = "type[BaseException]"

_next_count = itertools.count(1).__next__

# Whether startDebugMode() puts the debugger at each Failure.
DO_POST_MORTEM = True

# Code whose frames say nothing about the program: the machinery of Deferreds and coroutines adds its own here. They
# are left out of ``frames``, and so out of everything that is printed.
_framework_code: set[CodeType] = set()


def _extraneous(function: _T) -> _T:
    """Mark ``function`` as machinery, whose frames no traceback shows."""
    code = getattr(function, "__code__", None)
    if code is not None:  # a compiled function has no frames
        _framework_code.add(code)
    return function


# The classes whose instances are more than a value, as the result of a callback: Failure, Deferred, and their
# subclasses. Looking a class up here takes half of the time of isinstance().
special_classes: set[type] = set()

if TYPE_CHECKING:

    class PlainResult(Protocol):
        """
        An instance of any other class. Python's types have no name for it: everything has this method, and those two
        pretend not to.

        By that checkers find the overload for callbacks that return, say, ``int | str``. mypy would take the union
        apart to look for Deferreds in it, and put it together again as ``object``.
        """

        def __dir__(self) -> Iterable[str]: ...


class DefaultException(Exception):
    """For code that wants to raise something and has no better class."""


class NoCurrentExceptionError(Exception):
    """``Failure()`` was called while no exception was being handled."""


class Failure(BaseException):
    """
    An exception and the traceback it came with.

    With no ``exc_value``, this is the exception being handled now. Given a Failure, or made while a raised Failure is
    being handled, it stands for what that one holds.

    Args:
        exc_value: The exception. Anything else is taken too, for old callers, but cannot be raised again.
        exc_type: Its class, where that is not ``type(exc_value)``.
        exc_tb: Its traceback, where that is not ``exc_value.__traceback__``.
        captureVars: Whether ``frames`` holds the local and global variables.

    Attributes:
        value: The exception.
        type: Its class.
        tb: Its traceback, or None if there was none, or it was cleaned or pickled away.

    Raises:
        NoCurrentExceptionError: No exception was given, and none is being handled.
    """

    type: _ExceptionClass
    value: BaseException
    tb: TracebackType | None
    captureVars: bool = False
    pickled: int = 0
    _frames: list[FrameRecord]
    _parents: list[str]

    __dir__: ClassVar[None]  # type: ignore[assignment]  # no PlainResult

    def __init__(
        self,
        exc_value: BaseException | Failure | None = None,
        exc_type: _ExceptionClass | None = None,
        exc_tb: TracebackType | None = None,
        captureVars: bool = False,
    ) -> None:
        self.count = _next_count()
        if exc_value is None:
            kind, exc_value, tb = sys.exc_info()
            if exc_value is None:
                raise NoCurrentExceptionError
        else:
            kind, tb = exc_type, exc_tb
        if isinstance(exc_value, Failure):
            self._copy(exc_value)
            return
        self.type = kind if kind is not None else exc_value.__class__
        self.value = exc_value
        self.captureVars = captureVars
        self.tb = tb if tb is not None else getattr(exc_value, "__traceback__", None)
        if not isinstance(exc_value, BaseException):
            self._frames = []

    @cached_property
    def count(self) -> int:
        """The how many-th Failure of the process this is; those that the machinery makes count when first asked."""
        return _next_count()

    def _copy(self, other: Failure) -> None:
        count = self.count
        self.__dict__.update(other.__dict__)
        self.count = count

    @classmethod
    def _withoutTraceback(cls, value: BaseException) -> Failure:
        """Do what ``Failure(value)`` does, faster, for an exception that was not raised."""
        self = cls.__new__(cls)
        self.__dict__ = {
            "count": _next_count(),
            "type": type(value),
            "value": value,
            "captureVars": False,
            "tb": value.__traceback__,
        }
        return self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        special_classes.add(cls)

    # Names and classes

    @property
    def parents(self) -> list[str]:
        """The full names of the exception's class and of all its bases."""
        try:
            return self._parents
        except AttributeError:
            self._parents = parents = [reflect.qual(base) for base in self.type.__mro__]
            return parents

    @parents.setter
    def parents(self, parents: list[str]) -> None:
        self._parents = parents

    def check(self, *errorTypes: _ErrorT) -> _ErrorT | None:
        """
        Return the first of ``errorTypes`` that the exception is an instance of, or None.

        Classes are compared, and full names: ``"twisted.internet.error.ConnectionDone"`` and
        ``"reactorio.internet.error.ConnectionDone"`` are the same. A class also matches by its full name, so that a
        Failure that came from another process, or from before a reload, is recognised.
        """
        # A copy that came over a wire may have the class's name in the class's place.
        mro = getattr(self.type, "__mro__", ())
        for error in errorTypes:
            if error in mro:
                if error is not object:
                    return error
            elif self._has_name_of(error):
                return error
        return None

    def _has_name_of(self, error: object) -> bool:
        if isinstance(error, str):
            return any(same_name(error, parent) for parent in self.parents)
        if not isinstance(error, type) or not issubclass(error, BaseException):
            return False
        if "_parents" not in self.__dict__:
            # Full names are dear: first the short ones.
            name = error.__name__
            for base in self.type.__mro__:
                if base.__name__ == name:
                    break
            else:
                return False
        return reflect.qual(error) in self.parents

    # Any, because mypy takes a class for true, and then stumbles over `lambda failure: failure.trap(X) and default`.
    def trap(self, *errorTypes: object) -> Any:
        """
        Return the first of ``errorTypes`` that the exception is an instance of; if there is none, raise the exception.

        An errback starts with this to say which errors are its business.
        """
        # The usual case: one class, and it fits.
        for error in errorTypes:
            if error is self.type:
                return error
            break
        fitting = self.check(*errorTypes)
        if fitting is not None:
            return fitting
        try:
            self.raiseException()
        finally:
            del self

    # Raising

    def raiseException(self) -> NoReturn:
        """Raise the exception, with its traceback."""
        try:
            raise self.value.with_traceback(self.tb)
        finally:
            # The traceback refers to this frame: with `self` in it there would be a circle.
            del self

    def throwExceptionIntoGenerator(self, g: Generator[Any, Any, _T] | Coroutine[Any, Any, _T]) -> Any:
        """Raise the exception where the generator ``g`` is suspended, and return what it yields next."""
        error = [self.value.with_traceback(self.tb)]
        del self
        return g.throw(error.pop())

    # Frames

    @property
    def frames(self) -> list[FrameRecord]:
        """
        The calls from where the exception was caught down to where it was raised.

        Each is ``(function name, file name, line number, locals, globals)``; the last two are sequences of
        (name, value), empty unless ``captureVars`` was given. Machinery of this package is left out.
        """
        try:
            return self._frames
        except AttributeError:
            self._frames = frames = list(self._walk())
            return frames

    @frames.setter
    def frames(self, frames: list[FrameRecord]) -> None:
        self._frames = frames

    def _walk(self) -> Generator[FrameRecord, None, None]:
        tb = self.tb
        while tb is not None:
            frame = tb.tb_frame
            code = frame.f_code
            if code not in _framework_code:
                if self.captureVars:
                    variables = list(frame.f_locals.items()), list(frame.f_globals.items())
                else:
                    variables = (), ()  # type: ignore[assignment]  # an empty tuple does for an empty list
                yield (code.co_name, code.co_filename, tb.tb_lineno, *variables)
            tb = tb.tb_next

    def _getStack(self) -> list[FrameRecord]:
        return []

    # The frames above the one that caught the exception are no longer collected: nobody could use them.
    @deprecatedProperty(Version("Twisted", 24, 10, 0))
    def stack(self) -> list[FrameRecord]:
        """Always empty."""
        return self._getStack()

    @stack.setter  # type: ignore[no-redef]  # mypy knows the setters of builtin properties only
    def stack(self, stack: list[FrameRecord]) -> None:
        del stack

    def getTracebackObject(self) -> TracebackType | None:
        """
        Return a traceback for the ``traceback`` module.

        Once the Failure was cleaned or pickled this is an imitation, good for reading; None without any frames.
        """
        if self.tb is not None:
            return self.tb
        if self.frames:
            return cast("TracebackType", _Traceback(self.frames))
        return None

    # Letting go, and pickling

    def cleanFailure(self) -> None:
        """Drop the traceback and with it all that its frames refer to; variables become their reprs."""
        self.__dict__ = self.__getstate__()
        if getattr(self.value, "__traceback__", None) is not None:
            self.value.__traceback__ = None

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        frames = self.frames
        if self.captureVars:
            frames = [(name, file, line, _reprs(here), _reprs(world)) for name, file, line, here, world in frames]
        # Computed here, so that nobody needs the traceback or the class for them later.
        self._parents = self.parents
        state.update(tb=None, _frames=frames, _parents=self._parents, parents=self._parents, stack=[], pickled=1)
        return state

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        if state is not None:
            # `parents` and `stack` are for who reads the state itself: here they are properties.
            self.__dict__ = {key: value for key, value in state.items() if key not in ("parents", "stack", "frames")}

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickled, (self.__class__,), self.__getstate__())

    # Text

    def __repr__(self) -> str:
        return f"<{reflect.qual(self.__class__)} {reflect.qual(self.type)}: {self.getErrorMessage()}>"

    def __str__(self) -> str:
        return f"[Failure instance: {self.getBriefTraceback()}]"

    def getErrorMessage(self) -> str:
        """Return the exception's message, in one piece."""
        if isinstance(self.value, Failure):
            return self.value.getErrorMessage()
        return reflect.safe_str(self.value)

    def getBriefTraceback(self) -> str:
        """Return the exception and where it passed, a line each."""
        return self.getTraceback(detail="brief")

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """Return what `printTraceback` prints."""
        out = StringIO()
        self.printTraceback(out, elideFrameworkCode, detail)
        return out.getvalue()

    def printTraceback(
        self, file: IO[str] | None = None, elideFrameworkCode: bool | int = False, detail: str = "default"
    ) -> None:
        """
        Print the traceback.

        Args:
            file: Where to; the log, if not given.
            elideFrameworkCode: Whether calls inside this package are left out.
            detail: "default" looks like Python's own, "brief" has a line a call, "verbose" has the variables.
        """
        if file is None:
            # The log is made of Failures too: it is looked up when it is needed.
            from reactorio.python import log

            file = cast("IO[str]", log.logerr)
        write = file.write
        if detail == "verbose" and not self.captureVars:
            format_detail = "verbose-vars-not-captured"
        else:
            format_detail = detail

        if detail == "verbose":
            write(f"*--- Failure #{self.count}{' (pickled) ' if self.pickled else ' '}---\n")
        elif detail == "brief":
            marker = "Traceback" if self.frames else "Traceback (failure with no frames)"
            write(f"{marker}: {reflect.safe_str(self.type)}: {reflect.safe_str(self.value)}\n")
        else:
            write("Traceback (most recent call last):\n")

        if self.frames:
            frames = self.frames if not elideFrameworkCode else _without_package(self.frames)
            format_frames(frames, write, format_detail)
        elif detail != "brief":
            write("Failure: ")

        if detail != "brief":
            write(f"{reflect.qual(self.type)}: {reflect.safe_str(self.value)}\n")
        if detail == "verbose":
            write(f"*--- End of Failure #{self.count} ---\n")

    def printBriefTraceback(self, file: IO[str] | None = None, elideFrameworkCode: int = 0) -> None:
        """Print the exception and where it passed, a line each."""
        self.printTraceback(file, elideFrameworkCode, detail="brief")

    def printDetailedTraceback(self, file: IO[str] | None = None, elideFrameworkCode: int = 0) -> None:
        """Print everything that is known, variables included if they were captured."""
        self.printTraceback(file, elideFrameworkCode, detail="verbose")


special_classes.add(Failure)

_debugged = False


def caught(error: BaseException, tb: TracebackType | None) -> Failure:
    """Do what ``Failure(error, None, tb)`` does, faster, for who runs other people's code and catches what it raises."""
    kind = type(error)
    if _debugged or kind in special_classes:
        return Failure(error, None, tb)
    failure = _new_failure(Failure)
    failure.__dict__ = {"type": kind, "value": error, "tb": tb}
    return failure


_new_failure = Failure.__new__


def _unpickled(cls: type[Failure]) -> Failure:
    return cls.__new__(cls)


def _reprs(variables: Any) -> list[tuple[str, str]]:
    return [(name, reflect.safe_repr(value)) for name, value in variables]


def _without_package(frames: list[FrameRecord]) -> list[FrameRecord]:
    package = __file__.rpartition("python")[0]
    return [frame for frame in frames if not frame[1].startswith(package) or "/test/" in frame[1]]


_undebugged_init = Failure.__init__


def _debugged_init(
    self: Failure,
    exc_value: BaseException | Failure | None = None,
    exc_type: type[BaseException] | None = None,
    exc_tb: TracebackType | None = None,
    captureVars: bool = False,
) -> None:
    if exc_value is None and exc_type is None:
        error = sys.exc_info()
    else:
        error = (exc_type, exc_value, exc_tb)  # type: ignore[assignment]  # as given, complete or not
    if DO_POST_MORTEM:
        import pdb  # noqa: T100  # the debugger is wanted here; heavy to import, and this is its only use

        if error[0] is not None:
            print(f"Jumping into debugger for post-mortem of exception '{error[1]}':")
        else:
            print("Jumping into debugger for post-mortem of exception:")
        pdb.post_mortem(error[2] if error[2] is not None else getattr(error[1], "__traceback__", None))
    _undebugged_init(self, exc_value, exc_type, exc_tb, captureVars)


def startDebugMode() -> None:
    """From now on, open the debugger at the exception of every Failure that is made."""
    setattr(Failure, "__init__", _debugged_init)
    # The fast way to a Failure leads through the debugger as well.
    global _debugged
    _debugged = True
