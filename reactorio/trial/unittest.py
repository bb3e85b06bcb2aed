"""
Test cases that wait for Deferreds and coroutines, for any runner of `unittest` test cases.

    class EchoTests(unittest.TestCase):
        async def test_answers(self) -> None:
            self.assertEqual(await ask(b"ping"), b"pong")
"""

from __future__ import annotations

from reactorio.trial._asyncrunner import TestDecorator, TestSuite, decorate
from reactorio.trial._asynctest import TestCase
from reactorio.trial._synctest import (
    FailTest,
    PyUnitResultAdapter,
    SkipTest,
    SynchronousTestCase,
    Todo,
    makeTodo,
)

__all__ = [
    "FailTest",
    "PyUnitResultAdapter",
    "SkipTest",
    "SynchronousTestCase",
    "TestCase",
    "TestDecorator",
    "TestSuite",
    "Todo",
    "decorate",
    "makeTodo",
]
