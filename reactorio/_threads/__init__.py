"""
What a pool of threads is made of, in parts that can be tested without threads.

    IWorker, IExclusiveWorker, AlreadyQuit    something that is given work to do
    ThreadWorker          does it in a thread
    LockWorker            does it at once, in the caller's thread, never twice at a time
    createMemoryWorker    keeps it until a test says so
    Team                  hands it on to workers, of which it has as many as it needs
    pool                  a team of threads

Work is a function without arguments.
"""

from __future__ import annotations

from reactorio._threads._ithreads import AlreadyQuit, IExclusiveWorker, IWorker
from reactorio._threads._memory import createMemoryWorker
from reactorio._threads._pool import pool
from reactorio._threads._team import Team
from reactorio._threads._threadworker import LockWorker, ThreadWorker

__all__ = [
    "AlreadyQuit",
    "IExclusiveWorker",
    "IWorker",
    "LockWorker",
    "Team",
    "ThreadWorker",
    "createMemoryWorker",
    "pool",
]
