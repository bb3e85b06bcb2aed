"""The clock of policies whose ``callLater`` nobody has overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall


def call_later(period: float, func: Callable[[], Any]) -> IDelayedCall:
    """Have the global reactor call ``func`` in ``period`` seconds."""
    # Twisted's default where no reactor can be given; looked up late, so that one may still be installed.
    from reactorio.internet import reactor

    return cast("Any", reactor).callLater(period, func)  # type: ignore[no-any-return]  # the module is the reactor
