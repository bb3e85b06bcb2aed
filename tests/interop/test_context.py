"""Context variables: each coroutine has its own, from where it was started."""

from __future__ import annotations

import contextvars

import pytest

from reactorio.internet.defer import Deferred, ensureDeferred, inlineCallbacks


@pytest.mark.parametrize("driver", ["coroutine", "inlineCallbacks"])
def test_a_coroutine_keeps_its_own_context(driver, run):
    variable = contextvars.ContextVar("variable", default="outside")

    async def body(gate):
        variable.set("inside")
        await gate
        return variable.get()

    @inlineCallbacks
    def body_inline(gate):
        variable.set("inside")
        yield gate
        return variable.get()

    async def main():
        gate = Deferred()
        driven = ensureDeferred(body(gate)) if driver == "coroutine" else body_inline(gate)
        assert variable.get() == "outside"
        gate.callback(None)
        return await driven

    assert run(main()) == "inside"
    assert variable.get() == "outside"
