"""The output and the exit code of a child, as a Deferred; and warnings that are of no interest."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import wraps
from io import BytesIO
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import ProcessProtocol
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reactorio.internet.interfaces import IProcessProtocol, IReactorProcess

__all__ = [
    "getProcessOutput",
    "getProcessOutputAndValue",
    "getProcessValue",
    "runWithWarningsSuppressed",
    "suppressWarnings",
]


class _UnexpectedErrorOutput(IOError):
    """
    The child wrote to its standard error.

    Attributes:
        processEnded: Fires when the child, whose pipes are closed, has ended.
    """

    def __init__(self, text: bytes, processEnded: Deferred[Any]) -> None:
        super().__init__(f"got stderr: {text!r}")
        self.processEnded = processEnded


class _Output(ProcessProtocol):
    """Collects what the child writes, all of it or (``errortoo`` unset) up to the first error output."""

    def __init__(self, result: Deferred[bytes], errortoo: bool) -> None:
        self._result: Deferred[bytes] | None = result
        self._collected = BytesIO()
        self._ended: Deferred[Any] | None = None
        self._errortoo = errortoo

    def outReceived(self, data: bytes) -> None:
        self._collected.write(data)

    def errReceived(self, data: bytes) -> None:
        if self._errortoo:
            self._collected.write(data)
        elif self._result is not None:
            result, self._result = self._result, None
            self._ended = Deferred()
            result.errback(Failure(_UnexpectedErrorOutput(data, self._ended)))
            self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        if self._result is not None:
            self._result.callback(self._collected.getvalue())
        elif self._ended is not None:
            self._ended.errback(reason)


class _Value(ProcessProtocol):
    """Tells the exit code; a signal is an error."""

    def __init__(self, result: Deferred[int]) -> None:
        self._result = result

    def processEnded(self, reason: Failure) -> None:
        ended: Any = reason.value
        if ended.signal is None:
            self._result.callback(ended.exitCode)
        else:
            self._result.errback(reason)


class _Everything(ProcessProtocol):
    """Tells output, error output and exit code; a signal is an error, of output, error output and the signal."""

    def __init__(self, result: Deferred[tuple[bytes, bytes, int]]) -> None:
        self._result = result
        self._output = BytesIO()
        self._errors = BytesIO()
        self.outReceived = self._output.write  # type: ignore[method-assign, assignment]  # the quickest collector
        self.errReceived = self._errors.write  # type: ignore[method-assign, assignment]  # likewise

    def processEnded(self, reason: Failure) -> None:
        output, errors = self._output.getvalue(), self._errors.getvalue()
        ended: Any = reason.value
        if ended.signal is None:
            self._result.callback((output, errors, ended.exitCode))
        else:
            self._result.errback((output, errors, ended.signal))  # type: ignore[arg-type]  # Twisted's contract


def _spawn(
    protocol: Callable[[Deferred[Any]], IProcessProtocol],
    executable: str | bytes,
    args: Sequence[str | bytes],
    env: Mapping[Any, Any] | None,
    path: str | bytes | None,
    reactor: IReactorProcess | None,
    stdinBytes: bytes | None = None,
) -> Deferred[Any]:
    if reactor is None:
        # Looked up late: an application may put its own in this place.
        from reactorio.internet import reactor as the_reactor

        reactor = the_reactor
    result: Deferred[Any] = Deferred()
    process = reactor.spawnProcess(protocol(result), executable, (executable, *args), env, path)
    if stdinBytes is not None:
        process.writeToChild(0, stdinBytes)
        process.closeStdin()
    return result


def getProcessOutput(
    executable: str | bytes,
    args: Sequence[str | bytes] = (),
    env: Mapping[Any, Any] | None = {},  # never changed; the contract
    path: str | bytes | None = None,
    reactor: IReactorProcess | None = None,
    errortoo: bool = False,
) -> Deferred[bytes]:
    """
    Run a program, and return a Deferred of what it writes.

    Args:
        args: Its arguments, without its name.
        errortoo: Take its error output for output; otherwise any such output is the Deferred's error.
    """
    return _spawn(lambda result: _Output(result, errortoo), executable, args, env, path, reactor)


def getProcessValue(
    executable: str | bytes,
    args: Sequence[str | bytes] = (),
    env: Mapping[Any, Any] | None = {},  # never changed; the contract
    path: str | bytes | None = None,
    reactor: IReactorProcess | None = None,
) -> Deferred[int]:
    """Run a program, and return a Deferred of its exit code, which fails if a signal ended it."""
    return _spawn(_Value, executable, args, env, path, reactor)


def getProcessOutputAndValue(
    executable: str | bytes,
    args: Sequence[str | bytes] = (),
    env: Mapping[Any, Any] | None = {},  # never changed; the contract
    path: str | bytes | None = None,
    reactor: IReactorProcess | None = None,
    stdinBytes: bytes | None = None,
) -> Deferred[tuple[bytes, bytes, int]]:
    """
    Run a program, and return a Deferred of its output, its error output and its exit code.

    If a signal ended it, the Deferred fails with output, error output and that signal.
    """
    return _spawn(_Everything, executable, args, env, path, reactor, stdinBytes)


def runWithWarningsSuppressed(
    suppressedWarnings: Iterable[tuple[Iterable[Any], Mapping[str, Any]]], f: Callable[..., Any], *a: Any, **kw: Any
) -> Any:
    """
    Call ``f`` with warning filters, each the arguments of `warnings.filterwarnings`, in force until it has returned or,
    if it returns a Deferred, until that has fired.
    """
    with warnings.catch_warnings():
        warnings.resetwarnings()
        for args, kwargs in suppressedWarnings:
            warnings.filterwarnings(*args, **kwargs)
        ours = warnings.filters[:]
    with _changing_filters() as filters:
        filters[:0] = ours

    def over(value: Any) -> Any:
        # Exactly these: others may have come and gone meanwhile, in another order.
        with _changing_filters() as filters:
            filters[:] = [one for one in filters if not any(one is other for other in ours)]
        return value

    try:
        result = f(*a, **kw)
    except BaseException:
        over(None)
        raise
    return result.addBoth(over) if isinstance(result, Deferred) else over(result)


@contextmanager
def _changing_filters() -> Iterator[list[Any]]:
    filters: Any = warnings.filters
    # This gives the same list back at its end, and forgets what was decided by it: the one public way to have that.
    with warnings.catch_warnings():
        yield filters


def suppressWarnings(f: Callable[..., Any], *suppressedWarnings: tuple[Iterable[Any], Mapping[str, Any]]) -> Any:
    """Return ``f`` with warning filters, each the arguments of `warnings.filterwarnings`, in force while it runs."""

    @wraps(f)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        return runWithWarningsSuppressed(suppressedWarnings, f, *args, **kwargs)

    return quiet
