"""What the traceback of an error shows that came through Deferreds, coroutines and tasks: where it was raised, and who awaits."""

from __future__ import annotations

import asyncio
import sys
import traceback
from pathlib import Path

import pytest

import reactorio
from reactorio.internet.defer import Deferred, as_deferred, as_future, ensureDeferred, fail, inlineCallbacks, succeed

from .endings import CHIEF_DRIVERS, DRIVERS, Ending, soon
from .table import AWAITABLES, awaitables

PACKAGE = str(Path(reactorio.__file__).parent)

# These raise by a function of the package that the test itself calls, or run in it: `Failure.raiseException`,
# deferLater's call, the thread pool's thread.
RAISE_IN_THE_PACKAGE = ("deferred_list", "gathered_results", "raced", "deferred_later", "deferred_to_a_thread")


def explode(_=None):
    raise ValueError("no")


def exploding_soon():
    deferred = Deferred().addCallback(explode)
    soon(deferred.callback, None)
    return deferred


def functions(error):
    """Return the names of the functions in the traceback, outermost first, without those of asyncio itself."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__) if "/asyncio/" not in frame.filename]


async def error_of(awaitable):
    with pytest.raises(ValueError, match="no") as caught:
        await awaitable
    return caught.value


@pytest.mark.parametrize("awaitable", [name for name in awaitables() if name.values[0] not in RAISE_IN_THE_PACKAGE])
@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_no_frame_of_the_package_is_in_a_traceback(driver, awaitable, run):
    async def main():
        error = await error_of(DRIVERS[driver](await AWAITABLES.begin(awaitable, Ending("error"))))
        return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(PACKAGE)]

    assert run(main()) == []


async def inner(awaitable):
    return await awaitable


async def outer(awaitable):
    return await inner(awaitable)


@inlineCallbacks
def inline(awaitable):
    return (yield awaitable)


FAILING = {
    "pending Deferred": exploding_soon,
    "fired Deferred": lambda: succeed(None).addCallback(explode),
    "chained Deferred": lambda: succeed(None).addCallback(lambda _: exploding_soon()),
    "as_future": lambda: as_future(exploding_soon()),
    "fromFuture": lambda: Deferred.fromFuture(as_future(exploding_soon())),
}


@pytest.mark.parametrize("awaitable", FAILING)
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_whole_chain_of_awaits_is_there(driver, awaitable, run):
    async def main():
        return functions(await error_of(DRIVERS[driver](outer(FAILING[awaitable]()))))

    driving = "wait_inline" if driver == "inlineCallbacks" else "wait"
    assert run(main()) == ["error_of", driving, "outer", "inner", "explode"]


LAYERS = {
    "coroutine": lambda awaitable: inner(awaitable),
    "Deferred of a coroutine": lambda awaitable: ensureDeferred(inner(awaitable)),
    "task": lambda awaitable: asyncio.ensure_future(inner(awaitable)),
    "Deferred of a task": lambda awaitable: as_deferred(asyncio.ensure_future(inner(awaitable))),
    "future of a Deferred of a coroutine": lambda awaitable: as_future(ensureDeferred(inner(awaitable))),
    "wait_for": lambda awaitable: asyncio.wait_for(inner(awaitable), 3600),
    "gather": lambda awaitable: asyncio.gather(inner(awaitable)),
}


@pytest.mark.parametrize("lower", LAYERS)
@pytest.mark.parametrize("upper", LAYERS)
@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_the_chain_goes_on_through_every_layer(driver, upper, lower, run):
    async def main():
        return functions(await error_of(DRIVERS[driver](LAYERS[upper](LAYERS[lower](exploding_soon())))))

    driving = "wait_inline" if driver == "inlineCallbacks" else "wait"
    assert run(main()) == ["error_of", driving, "inner", "inner", "explode"]


def test_inline_generators_are_links_of_the_chain(run):
    async def main():
        return functions(await error_of(inline(outer(inline(exploding_soon())))))

    assert run(main()) == ["error_of", "inline", "outer", "inner", "inline", "explode"]


def test_the_lines_are_those_of_the_awaits(run):
    async def main():
        error = await error_of(outer(exploding_soon()))
        lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
        assert "".join(traceback.format_exception(error)).rstrip().endswith("ValueError: no")
        return lines

    assert run(main())[1:] == ["return await inner(awaitable)", "return await awaitable", 'raise ValueError("no")']


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_an_error_has_no_context_or_cause_that_nobody_gave_it(driver, run):
    async def main():
        error = await error_of(DRIVERS[driver](outer(exploding_soon())))
        return error.__cause__, error.__context__

    assert run(main()) == (None, None)


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_an_error_that_is_raised_from_another_keeps_both_tracebacks(driver, run):
    async def translate():
        try:
            await inner(exploding_soon())
        except ValueError as error:
            raise KeyError from error

    async def main():
        with pytest.raises(KeyError) as caught:
            await DRIVERS[driver](translate())
        return functions(caught.value)[-1], functions(caught.value.__cause__)[0], functions(caught.value.__cause__)[-1]

    assert run(main()) == ("translate", "translate", "explode")


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_an_error_that_waits_on_its_way_keeps_its_traceback(driver, run):
    async def clean_up():
        try:
            await inner(exploding_soon())
        finally:
            await asyncio.sleep(0)
            await succeed(None)
            await Ending("value").deferred()

    async def main():
        return functions(await error_of(DRIVERS[driver](clean_up())))

    driving = "wait_inline" if driver == "inlineCallbacks" else "wait"
    assert run(main()) == ["error_of", driving, "clean_up", "inner", "explode"]


@pytest.mark.parametrize("driver", CHIEF_DRIVERS)
def test_a_traceback_does_not_grow_with_each_who_awaits_the_same_error(driver, run):
    async def main():
        failed = succeed(None).addCallback(explode)
        return [functions(await error_of(DRIVERS[driver](inner(failed)))) for _ in range(3)]

    first, *others = run(main())
    assert first[-2:] == ["inner", "explode"]
    assert others == [first, first]


def test_an_error_without_a_traceback_gets_that_of_who_awaits(run):
    async def main():
        return functions(await error_of(outer(fail(ValueError("no")))))

    assert run(main()) == ["error_of", "outer", "inner"]


def test_the_errors_of_a_group_have_tracebacks_of_their_own(run):
    if sys.version_info < (3, 11):
        pytest.skip("asyncio has had TaskGroup since 3.11")

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(inner(exploding_soon()))
            await ensureDeferred(inner(Deferred()))

    async def main():
        with pytest.raises(ExceptionGroup) as caught:  # noqa: F821  # since 3.11
            await ensureDeferred(body())
        [error] = caught.value.exceptions
        return functions(error), functions(caught.value)

    assert run(main()) == (["inner", "explode"], ["main", "body"])


def test_a_failure_of_a_coroutine_shows_its_frames_and_those_of_tasks_below(run):
    frames = []

    async def main():
        deferred = ensureDeferred(outer(asyncio.ensure_future(inner(exploding_soon()))))
        await deferred.addErrback(lambda failure: frames.extend(name for name, *_ in failure.frames))

    run(main())
    assert frames == ["outer", "inner", "inner", "explode"]


def test_the_error_of_a_deferred_reaches_a_future_with_its_traceback(run):
    async def main():
        return functions(await error_of(as_future(Ending("value").deferred().addCallback(explode))))

    assert run(main()) == ["error_of", "explode"]
