"""What asyncio has to await, and what the language makes of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
import threading
from contextlib import AsyncExitStack, asynccontextmanager

from .endings import Table, soon, wait

ASYNCIO = Table()
FOREVER = 3600


@ASYNCIO.add()
def future(ending):
    return ending.future()


@ASYNCIO.add(ends_before=True)
def done_future(ending):
    future = asyncio.get_running_loop().create_future()
    ending.give_result(future.set_result, future.set_exception)
    return future


@ASYNCIO.add()
def task(ending):
    return asyncio.ensure_future(ending.work())


@ASYNCIO.add()
def task_in_python(ending):
    return asyncio.tasks._PyTask(ending.work(), loop=asyncio.get_running_loop())


@ASYNCIO.add(since=(3, 12))
def eager_task(ending):
    return asyncio.Task(ending.work(), loop=asyncio.get_running_loop(), eager_start=True)


@ASYNCIO.add()
async def coroutine(ending):
    return await ending.work()


@ASYNCIO.add()
async def sleep(ending):
    with ending.watched():
        await asyncio.sleep(FOREVER if ending.never else 0.0001)
    return ending.result()


@ASYNCIO.add()
async def turns_of_the_loop(ending):
    with ending.watched():
        await asyncio.sleep(0)
        while ending.never:
            await asyncio.sleep(0)
    return ending.result()


@ASYNCIO.add()
async def event(ending):
    event = asyncio.Event()
    if not ending.never:
        soon(event.set)
    with ending.watched():
        await event.wait()
    return ending.result()


@ASYNCIO.add()
async def lock(ending):
    lock = asyncio.Lock()
    await lock.acquire()
    if not ending.never:
        soon(lock.release)
    with ending.watched():
        async with lock:
            return ending.result()


@ASYNCIO.add()
async def condition(ending):
    condition = asyncio.Condition()

    async def notify():
        await asyncio.sleep(0)
        async with condition:
            condition.notify()

    notifying = None if ending.never else asyncio.ensure_future(notify())
    async with condition:
        with ending.watched():
            await condition.wait()
        await notifying
        return ending.result()


@ASYNCIO.add()
async def semaphore(ending):
    semaphore = asyncio.BoundedSemaphore(1)
    async with semaphore:
        if not ending.never:
            soon(semaphore.release)
        with ending.watched():
            await semaphore.acquire()
    return ending.result()


@ASYNCIO.add(since=(3, 11))
async def barrier(ending):
    barrier = asyncio.Barrier(2)
    other = None if ending.never else asyncio.ensure_future(barrier.wait())
    with ending.watched():
        await barrier.wait()
    await other
    return ending.result()


@ASYNCIO.add()
async def queue(ending):
    queue = asyncio.Queue()
    if not ending.never:
        soon(queue.put_nowait, None)
    with ending.watched():
        await queue.get()
    return ending.result()


@ASYNCIO.add()
async def full_queue(ending):
    queue = asyncio.Queue(1)
    queue.put_nowait(1)
    if not ending.never:
        soon(queue.get_nowait)
    with ending.watched():
        await queue.put(2)
    return ending.result()


@ASYNCIO.add()
async def joined_queue(ending):
    queue = asyncio.Queue()
    queue.put_nowait(1)
    if not ending.never:
        soon(queue.task_done)
    with ending.watched():
        await queue.join()
    return ending.result()


@ASYNCIO.add(since=(3, 13))
async def queue_that_is_shut_down(ending):
    queue = asyncio.Queue()
    if ending.outcome == "error":
        soon(queue.shutdown)
    elif ending.outcome == "value":
        soon(queue.put_nowait, 7)
    try:
        with ending.watched():
            return await queue.get()
    except asyncio.QueueShutDown:
        raise ValueError("no") from None


@ASYNCIO.add()
async def shield(ending):
    kept = ending.future()
    try:
        with ending.watched():
            return await asyncio.shield(kept)
    finally:
        assert not kept.cancelled()


@ASYNCIO.add()
async def shielded_deferred(ending):
    kept = ending.deferred()
    try:
        with ending.watched():
            return await asyncio.shield(wait(kept))
    finally:
        assert kept.called != ending.never
        ending.end_what_goes_on(kept)


@ASYNCIO.add()
async def wait_for_some(ending):
    inner = asyncio.ensure_future(ending.work())
    try:
        with ending.watched():
            done, _ = await asyncio.wait([inner, asyncio.ensure_future(asyncio.sleep(0))])
        assert inner in done
        return inner.result()
    finally:
        ending.end_what_goes_on(inner)


@ASYNCIO.add()
async def gather(ending):
    results = await asyncio.gather(ending.deferred(), asyncio.sleep(0, 1), asyncio.ensure_future(asyncio.sleep(0, 2)))
    assert results[1:] == [1, 2]
    return results[0]


@ASYNCIO.add()
async def as_completed(ending):
    inner = asyncio.ensure_future(ending.work())
    try:
        with ending.watched():
            for first in asyncio.as_completed([inner]):
                return await first
    finally:
        ending.end_what_goes_on(inner)


@ASYNCIO.add()
def wait_for(ending):
    return asyncio.wait_for(ending.deferred(), FOREVER)


@ASYNCIO.add(since=(3, 11))
async def timeout(ending):
    async with asyncio.timeout(FOREVER), asyncio.timeout(None):
        return await ending.deferred()


@ASYNCIO.add(since=(3, 11))
async def task_group(ending):
    try:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(ending.work())
            group.create_task(asyncio.sleep(0))
    except BaseExceptionGroup as group:  # noqa: F821  # since 3.11
        if ending.never:
            raise
        [error] = group.exceptions
        raise error from None
    return first.result()


@ASYNCIO.add(since=(3, 11))
async def body_of_a_task_group(ending):
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            return await ending.deferred()
    except BaseExceptionGroup as group:  # noqa: F821  # since 3.11
        if ending.never:
            raise
        [error] = group.exceptions
        raise error from None


@ASYNCIO.add()
async def to_thread(ending):
    going_on = threading.Event()

    def work():
        if ending.never:
            going_on.wait()
        return ending.result()

    try:
        with ending.watched():
            return await asyncio.to_thread(work)
    finally:
        going_on.set()


@ASYNCIO.add()
async def future_of_a_thread(ending):
    future = concurrent.futures.Future()
    if not ending.never:
        thread = threading.Thread(target=ending.give_result, args=(future.set_result, future.set_exception))
        thread.start()
        thread.join()
    try:
        with ending.watched():
            return await asyncio.wrap_future(future)
    finally:
        assert future.cancelled() == ending.never


async def connect():
    ours, theirs = socket.socketpair()
    return theirs, *await asyncio.open_connection(sock=ours)


@ASYNCIO.add(prepare=connect)
async def stream(ending):
    theirs, reader, writer = ending.prepared
    try:
        if ending.outcome == "value":
            theirs.send(b"7")
        elif ending.outcome == "error":
            theirs.shutdown(socket.SHUT_RDWR)
        with ending.watched():
            return int(await reader.readexactly(1))
    except asyncio.IncompleteReadError:
        raise ValueError("no") from None
    finally:
        theirs.close()
        writer.close()
        await writer.wait_closed()


def start_cat():
    pipe = asyncio.subprocess.PIPE
    return asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)


@ASYNCIO.add(prepare=start_cat)
async def subprocess(ending):
    process = ending.prepared
    try:
        if not ending.never:
            process.stdin.write(b"7\n")
        with ending.watched():
            await process.stdout.readline()
        return ending.result()
    finally:
        process.stdin.close()
        await process.wait()


@ASYNCIO.add()
async def async_generator(ending):
    async def numbers():
        yield 1
        try:
            yield await ending.deferred()
        finally:
            await asyncio.sleep(0)

    async for number in numbers():
        last = number
    return last


@ASYNCIO.add()
async def async_context_manager(ending):
    seen = []

    @asynccontextmanager
    async def manager():
        try:
            yield await ending.deferred()
        finally:
            await asyncio.sleep(0)
            seen.append("left")

    async with manager() as number:
        result = number
    assert seen == ["left"]
    return result


@ASYNCIO.add()
async def body_of_an_async_context_manager(ending):
    seen = []

    async def leave():
        await asyncio.sleep(0)
        seen.append("left")

    try:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(leave)
            return await ending.future()
    finally:
        assert seen == ["left"]


@ASYNCIO.add()
async def async_comprehension(ending):
    async def numbers():
        for _ in range(2):
            yield await ending.deferred()

    results = [number async for number in numbers()]
    assert len(results) == 2
    return results[0]
