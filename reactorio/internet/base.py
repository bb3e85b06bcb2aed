"""The parts of a reactor that applications name."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from reactorio._interface import implementer
from reactorio.aio.base import PluggableResolver as PluggableResolverMixin
from reactorio.aio.connecting import BaseConnector
from reactorio.aio.lifecycle import ThreePhaseEvent as _ThreePhaseEvent
from reactorio.aio.listening import Port as BasePort
from reactorio.aio.reactor import Reactor as ReactorBase
from reactorio.internet._delayedcall import DelayedCall
from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.error import DNSLookupError
from reactorio.internet.interfaces import IDelayedCall, IResolverSimple
from reactorio.internet.threads import deferToThreadPool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from reactorio.python.failure import Failure

__all__ = [
    "BaseConnector",
    "BasePort",
    "BlockingResolver",
    "DelayedCall",
    "IDelayedCall",
    "PluggableResolverMixin",
    "ReactorBase",
    "ThreadedResolver",
    "_ThreePhaseEvent",
]


@implementer(IResolverSimple)
class BlockingResolver:
    """Looks names up where it is called: nothing else happens meanwhile."""

    def getHostByName(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        try:
            return succeed(_gethostbyname(name))
        except OSError as error:
            return fail(_not_found(name, error))


@implementer(IResolverSimple)
class ThreadedResolver:
    """Looks names up with ``gethostbyname`` in threads of a reactor's pool."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor

    def getHostByName(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """
        Return the address of ``name``.

        Args:
            timeout: Seconds; their sum is how long the answer may take before it is DNSLookupError.
        """
        answer: Deferred[str] = Deferred()
        seconds = sum(timeout) if timeout else 60
        too_late = self.reactor.callLater(
            seconds, lambda: answer.errback(DNSLookupError(f"address {name!r} not found: timeout error"))
        )
        looked_up = deferToThreadPool(self.reactor, self.reactor.getThreadPool(), _gethostbyname, name)

        def found(result: str | Failure) -> None:
            if not too_late.active():
                return
            too_late.cancel()
            if isinstance(result, str):
                answer.callback(result)
            else:
                answer.errback(_not_found(name, result.value))

        looked_up.addBoth(found)
        return answer


def _gethostbyname(name: str) -> str:

    # Through the module, where tests and applications replace the function.
    return socket.gethostbyname(name)


def _not_found(name: str, error: BaseException | None) -> DNSLookupError:
    failure = DNSLookupError(f"address {name!r} not found: {error}")
    failure.__cause__ = error
    return failure
