"""A line in the log for every attempt to log in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.internet.defer import CancelledError, Deferred, maybeDeferred
from reactorio.logger import Logger, LogLevel
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AuditedChecker"]

_MAX_NAME = 64


@implementer(ICredentialsChecker)
class AuditedChecker:
    """
    Another checker, each of whose answers is logged.

    The event's fields are text and numbers, so that any observer can write them: ``cred_outcome`` is ``accepted``,
    ``refused`` (wrong name or password), ``denied`` (not looked at: `error.LoginDenied`), ``failed`` (the checker broke;
    ``cred_error`` is the class of the error) or ``cancelled``; ``cred_name``, ``cred_kind``, ``cred_peer`` and
    ``cred_seconds`` say who, how, from where and how long it took. Where from is known if the protocol has set
    ``credentials.peer`` to an address. Accepted ones are of level info, failed ones errors,
    the others warnings.

    Passwords, answers to challenges, and texts of errors, which might quote them, are not logged. Names are as they were
    offered, shortened, and with all that is not printable escaped: who types the password in the wrong field has it in
    the log.

    Args:
        checker: The other one; it may return whatever a checker may.
        log: Who logs.
        clock: The time in seconds, by a clock that is never set.
    """

    _log = Logger()

    def __init__(
        self, checker: ICredentialsChecker, *, log: Logger | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.checker = checker
        self.credentialInterfaces: Any = checker.credentialInterfaces
        self._logger = self._log if log is None else log
        self._clock = clock

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        began = self._clock()

        def record(outcome: Any) -> Any:
            self._record(credentials, outcome, self._clock() - began)
            return outcome

        checked: Deferred[Any] = maybeDeferred(self.checker.requestAvatarId, credentials)
        return checked.addBoth(record)

    def _record(self, credentials: Any, outcome: Any, seconds: float) -> None:
        level, word, problem = _verdict(outcome)
        self._logger.emit(
            level,
            "Login {cred_outcome}: {cred_name} by {cred_kind} from {cred_peer}",
            cred_outcome=word,
            cred_name=_printable(getattr(credentials, "username", None)),
            cred_kind=", ".join(interface.__name__ for interface in providedBy(credentials)),
            cred_peer=_printable_peer(getattr(credentials, "peer", None)),
            cred_seconds=round(seconds, 6),
            cred_error=problem,
        )


def _verdict(outcome: Any) -> tuple[Any, str, str | None]:
    if not isinstance(outcome, Failure):
        return LogLevel.info, "accepted", None
    kind = outcome.type.__name__
    if outcome.check(error.LoginDenied):
        return LogLevel.warn, "denied", kind
    if outcome.check(error.UnauthorizedLogin, error.UnhandledCredentials):
        return LogLevel.warn, "refused", kind
    if outcome.check(CancelledError):
        return LogLevel.warn, "cancelled", kind
    return LogLevel.error, "failed", kind


def _printable(name: Any) -> str:
    if name is None:
        return "-"
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)
    return ascii(text[:_MAX_NAME]) + ("…" if len(text) > _MAX_NAME else "")


def _printable_peer(peer: Any) -> str:
    host, port = getattr(peer, "host", None), getattr(peer, "port", None)
    if host is not None and port is not None:
        return _printable(f"{host}:{port}").strip("'")
    return "-" if peer is None else _printable(peer).strip("'")
