"""Assertions: the standard library's, those that trial adds, and the results of Deferreds."""

# ruff: noqa: PT009  # calls of assertions are what assertions are made of

from __future__ import annotations

import os
import unittest as pyunit
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from typing_extensions import Self

from reactorio.internet.defer import Deferred, ensureDeferred
from reactorio.python.failure import Failure
from reactorio.python.reflect import fullyQualifiedName
from reactorio.trial._synctest.warned import _collectWarnings, _Warning

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Coroutine, Generator
    from types import TracebackType
    from typing import TypeAlias

    _T = TypeVar("_T")
    _E = TypeVar("_E", bound=BaseException)
    _Exceptions: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
    _DeferredLike: TypeAlias = Deferred[_T] | Coroutine[Deferred[Any], Any, _T] | Generator[Deferred[Any], Any, _T]

# Frames of these modules say nothing of what went wrong in a test: the standard library and pytest leave them out.
__unittest = True


class _AssertRaisesContext:
    """
    What ``with self.assertRaises(...)`` gives: the block has to raise.

    Attributes:
        exception: What it raised, once the block is left.
    """

    exception: BaseException

    def __init__(self, case: _Assertions, expected: _Exceptions, message: object = None) -> None:
        self._case = case
        self._expected = expected
        self._message = message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if exception is None:
            self._not_raised(None)
        if kind is KeyboardInterrupt and not issubclass(kind, self._expected):
            return False
        self._judge(exception)
        return True

    def call(self, f: Callable[..., object], args: Any, kwargs: Any) -> BaseException:
        """Call a function that has to raise, and return what it raised."""
        try:
            returned = f(*args, **kwargs)
        except BaseException as exception:
            if self.__exit__(type(exception), exception, exception.__traceback__):
                return exception
            raise
        self._not_raised(returned)
        return None

    def _judge(self, exception: BaseException) -> None:
        self.exception = exception
        if not isinstance(exception, self._expected):
            trace = Failure(exception).getTraceback()
            self._fail(f"{fullyQualifiedName(type(exception))} raised instead of {self._name()}:\n {trace}")

    def _not_raised(self, returned: object) -> NoReturn:
        self._fail(f"{self._name()} not raised ({returned!r} returned)")

    def _fail(self, text: str) -> NoReturn:
        self._case.fail(text if self._message is None else f"{text} : {self._message}")

    def _name(self) -> str:
        return getattr(self._expected, "__name__", None) or repr(self._expected)


class _Assertions(pyunit.TestCase):
    """
    The assertions of trial's test cases.

    Most return their first argument. A message takes the place of the usual text, but for those that the standard
    library words, where it follows it.
    """

    def fail(self, msg: object = None) -> NoReturn:
        """Fail the test, now."""
        raise self.failureException(msg)

    # -- values

    def assertTrue(self, condition: _T, msg: object = None) -> _T:
        super().assertTrue(condition, msg)
        return condition

    def assertFalse(self, condition: _T, msg: object = None) -> _T:
        super().assertFalse(condition, msg)
        return condition

    def assertEqual(self, first: _T, second: object, msg: object = None) -> _T:
        super().assertEqual(first, second, msg)
        return first

    def assertNotEqual(self, first: _T, second: object, msg: object = None) -> _T:
        # The object's own word: ``!=`` is not always the opposite of ``==``.
        if not first != second:  # noqa: SIM202
            self.fail(_or(msg, f"{first!r} == {second!r}"))
        return first

    def assertIs(self, first: _T, second: object, msg: object = None) -> _T:  # type: ignore[override]  # returns it
        if first is not second:
            self.fail(_or(msg, f"{first!r} is not {second!r}"))
        return first

    def assertIsNot(self, first: _T, second: object, msg: object = None) -> _T:  # type: ignore[override]
        if first is second:
            self.fail(_or(msg, f"{first!r} is {second!r}"))
        return first

    def assertIn(self, containee: _T, container: Container[Any], msg: object = None) -> _T:  # type: ignore[override]
        if containee not in container:
            self.fail(_or(msg, f"{containee!r} not in {container!r}"))
        return containee

    def assertNotIn(self, containee: _T, container: Container[Any], msg: object = None) -> _T:  # type: ignore[override]
        if containee in container:
            self.fail(_or(msg, f"{containee!r} in {container!r}"))
        return containee

    def assertSubstring(self, substring: _T, astring: Container[Any], msg: object = None) -> _T:
        return self.assertIn(substring, astring, msg)

    def assertNotSubstring(self, substring: _T, astring: Container[Any], msg: object = None) -> _T:
        return self.assertNotIn(substring, astring, msg)

    def assertIsInstance(self, instance: _T, classOrTuple: Any, message: object = None) -> _T:  # type: ignore[override]
        if not isinstance(instance, classOrTuple):
            suffix = "" if message is None else f": {message}"
            self.fail(f"{instance!r} is not an instance of {_names(classOrTuple)}{suffix}")
        return instance

    def assertNotIsInstance(self, instance: _T, classOrTuple: Any) -> _T:  # type: ignore[override]  # returns it
        if isinstance(instance, classOrTuple):
            self.fail(f"{instance!r} is an instance of {_names(classOrTuple)}")
        return instance

    def assertAlmostEqual(  # type: ignore[override]  # returns its first argument
        self, first: _T, second: Any, places: int = 7, msg: object = None, delta: Any = None
    ) -> _T:
        if delta is not None:
            super().assertAlmostEqual(first, second, None, msg, delta)
        elif round(abs(second - first), places) != 0:
            self.fail(_or(msg, f"{first!r} != {second!r} within {places!r} places"))
        return first

    def assertNotAlmostEqual(  # type: ignore[override]  # returns its first argument
        self, first: _T, second: Any, places: int = 7, msg: object = None, delta: Any = None
    ) -> _T:
        if delta is not None:
            super().assertNotAlmostEqual(first, second, None, msg, delta)
        elif round(abs(second - first), places) == 0:
            self.fail(_or(msg, f"{first!r} == {second!r} within {places!r} places"))
        return first

    def assertApproximates(self, first: _T, second: Any, tolerance: Any, msg: object = None) -> _T:
        """Assert that the difference is not larger than ``tolerance``."""
        if abs(first - second) > tolerance:
            self.fail(_or(msg, f"{first} ~== {second}"))
        return first

    # -- exceptions and warnings

    @overload  # type: ignore[override]  # the callable form returns the exception
    def assertRaises(self, exception: _Exceptions, f: None = None, *, msg: object = None) -> _AssertRaisesContext: ...
    @overload
    def assertRaises(self, exception: type[_E], f: Callable[..., object], *args: Any, **kwargs: Any) -> _E: ...
    @overload
    def assertRaises(
        self, exception: tuple[type[_E], ...], f: Callable[..., object], *args: Any, **kwargs: Any
    ) -> _E: ...
    def assertRaises(self, exception: Any, f: Any = None, *args: Any, **kwargs: Any) -> Any:
        """
        Assert that ``f(*args, **kwargs)``, or the block of a ``with`` statement if there is no ``f``, raises this.

        Returns:
            The exception; for a ``with`` statement, something with an attribute ``exception``.
        """
        if f is None:
            return _AssertRaisesContext(self, exception, kwargs.get("msg"))
        return _AssertRaisesContext(self, exception).call(f, args, kwargs)

    def assertWarns(  # type: ignore[override]  # trial's order of arguments
        self, category: Any, message: Any = None, filename: Any = None, f: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """
        Assert that ``f(*args, **kwargs)`` warns, of one thing only.

        Unlike Twisted: with the category alone it is the standard library's context manager.

        Args:
            message: The whole text.
            filename: The file that the warning is blamed on, as ``__file__`` names it.

        Returns:
            What ``f`` returns.
        """
        if f is None:
            return super().assertWarns(category)
        seen: list[_Warning] = []
        returned = _collectWarnings(seen.append, f, *args, **kwargs)
        if not seen:
            self.fail("No warnings emitted")
        first = seen[0]
        if any((other.message, other.category) != (first.message, first.category) for other in seen):
            self.fail("Can't handle different warnings")
        self.assertEqual(first.message, message)
        self.assertIs(first.category, category)
        source, expected = _source(first.filename), _source(filename)
        self.assertEqual(source, expected, f"Warning in {first.filename!r}, expected {filename!r}")
        return returned

    # -- Deferreds

    def successResultOf(self, deferred: _DeferredLike[_T]) -> _T:
        """
        Return the result that a Deferred or coroutine has by now. It has to have one, and no failure.

        The Deferred is left with None: its failure, if there is one, counts as handled.
        """
        deferred = ensureDeferred(deferred)
        results = _results_of(deferred)
        if not results:
            self.fail(f"Success result expected on {deferred!r}, found no result instead")
        result = results[0]
        if isinstance(result, Failure):
            trace = result.getTraceback()
            self.fail(f"Success result expected on {deferred!r}, found failure result instead:\n{trace}")
        return result  # type: ignore[no-any-return]  # Deferred's own promise

    def failureResultOf(self, deferred: _DeferredLike[Any], *expectedExceptionTypes: type[BaseException]) -> Failure:
        """Return the failure that a Deferred or coroutine has by now: of one of these types, if any are given."""
        deferred = ensureDeferred(deferred)
        results = _results_of(deferred)
        if not results:
            self.fail(f"Failure result expected on {deferred!r}, found no result instead")
        result = results[0]
        if not isinstance(result, Failure):
            self.fail(f"Failure result expected on {deferred!r}, found success result ({result!r}) instead")
        if expectedExceptionTypes and not result.check(*expectedExceptionTypes):
            names = " or ".join(fullyQualifiedName(kind) for kind in expectedExceptionTypes)
            self.fail(
                f"Failure of type ({names}) expected on {deferred!r}, "
                f"found type {result.type!r} instead: {result.getTraceback()}"
            )
        return result

    def assertNoResult(self, deferred: _DeferredLike[Any]) -> None:
        """Assert that a Deferred or coroutine has no result yet. The result that it gets later is not touched."""
        deferred = ensureDeferred(deferred)
        results: list[object] = []

        def keep(result: Any) -> Any:
            results.append(result)
            return result

        deferred.addBoth(keep)
        if results:
            # What is told in this test's failure need not be logged as unhandled as well.
            deferred.addErrback(lambda _: None)
            self.fail(f"No result expected on {deferred!r}, found {results[0]!r} instead")

    # -- the older names

    # Up to 3.11 the standard library has some of these, returning nothing.
    assertNot = failIf = failUnlessFalse = assertFalse  # type: ignore[assignment]
    assert_ = failUnless = failUnlessTrue = assertTrue  # type: ignore[assignment]
    assertEquals = failUnlessEqual = failUnlessEquals = assertEqual
    assertNotEquals = failIfEqual = failIfEquals = assertNotEqual
    assertIdentical = failUnlessIdentical = assertIs
    assertNotIdentical = failIfIdentical = assertIsNot
    failUnlessIn = assertIn
    failIfIn = assertNotIn
    failUnlessSubstring = assertSubstring
    failIfSubstring = assertNotSubstring
    failUnlessIsInstance = assertIsInstance
    failIfIsInstance = assertNotIsInstance
    assertAlmostEquals = failUnlessAlmostEqual = assertAlmostEqual  # type: ignore[assignment]
    assertNotAlmostEquals = failIfAlmostEqual = failIfAlmostEquals = assertNotAlmostEqual  # type: ignore[assignment]
    failUnlessApproximates = assertApproximates
    failUnlessRaises = assertRaises  # type: ignore[assignment]
    failUnlessWarns = assertWarns


def _or(message: object, text: str) -> object:
    return text if message is None else message


def _names(classOrTuple: Any) -> str:
    """The class or classes, as they show in a message."""
    if isinstance(classOrTuple, tuple):
        return "(" + ", ".join(map(str, classOrTuple)) + ")"
    return str(classOrTuple)


def _source(filename: str) -> str:
    """A file's path to compare, of the source if it is compiled code."""
    path = os.path.abspath(filename)
    return path[:-1] if path.endswith((".pyc", ".pyo")) else path


def _results_of(deferred: Deferred[Any]) -> list[Any]:
    results: list[Any] = []
    deferred.addBoth(results.append)
    return results
