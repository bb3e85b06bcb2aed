"""
Deferreds and asyncio in one program.

    endings               how what is awaited ends, and who drives the coroutine that awaits it
    asyncio_awaitables    what asyncio has to await
    deferred_awaitables   what reactorio has to await
    table                 all of them
    limits                limits of time that are over when a test says so
    test_table            every driver, every awaitable, every outcome
"""
