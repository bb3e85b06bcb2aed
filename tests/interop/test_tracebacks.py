"""What the traceback of an error shows that came through Deferreds, coroutines and tasks."""

from __future__ import annotations

import pytest

from reactorio.internet.defer import as_future

from .endings import Ending


def test_the_error_of_a_deferred_reaches_a_future_with_its_traceback(run):
    def explode(_):
        raise ValueError("deep")

    async def main():
        with pytest.raises(ValueError, match="deep") as caught:
            await as_future(Ending("value").deferred().addCallback(explode))
        return [entry.name for entry in caught.traceback]

    assert "explode" in run(main())
