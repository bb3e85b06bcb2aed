"""TLS on a connection that began without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.internet.defer import fail
from reactorio.protocols._amp.arguments import _LocalArgument
from reactorio.protocols._amp.boxes import AmpBox
from reactorio.protocols._amp.commands import Command
from reactorio.protocols._amp.errors import RemoteAmpError
from reactorio.protocols._amp.securing import _NoCertificate, the_ssl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.defer import Deferred
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_T = TypeVar("_T")

_CERTIFICATE = b"tls_localCertificate"
_AUTHORITIES = b"tls_verifyAuthorities"


class _TLSBox(AmpBox):
    """The box after which TLS begins. What the responder has returned is in it, and stays here."""

    __slots__ = ()

    def __init__(self) -> None:
        if the_ssl() is None:
            raise RemoteAmpError(b"TLS_ERROR", "TLS not available")
        super().__init__()

    @property
    def certificate(self) -> Any:
        """What to show the peer."""
        return self.get(_CERTIFICATE) or _NoCertificate(False)

    @property
    def verify(self) -> Any:
        """Who must have signed what the peer shows; None if that does not matter."""
        return self.get(_AUTHORITIES)

    def _sendTo(self, proto: Any) -> None:
        proto._require_no_tls(self.certificate, self.verify)
        proto.sendBox(AmpBox({key: value for key, value in self.items() if key not in (_CERTIFICATE, _AUTHORITIES)}))
        proto._start_tls(self.certificate, self.verify)


class StartTLS(Command):
    """
    Turn to TLS: ``protocol.callRemote(StartTLS, tls_localCertificate=…, tls_verifyAuthorities=[…])``.

    What is sent meanwhile waits for TLS. Should the command fail, the connection is closed: what was to be kept from
    others must not go out in plain. (Twisted keeps the connection, and never sends anything on it again.)

    The peer's `AMP` agrees, with no certificate in particular. To have it do otherwise, write a responder for this
    command that returns a dictionary with ``tls_localCertificate`` and ``tls_verifyAuthorities``.

    Who opened the connection is the client of TLS, whoever asks; but only that side can ask, since to the other the first
    of TLS comes together with the answer.

    Args:
        tls_localCertificate: A `PrivateCertificate` to show; None for none.
        tls_verifyAuthorities: The peer must show a certificate that one of these `Certificate` has signed; None if it
            may be anybody.
    """

    arguments = [(_CERTIFICATE, _LocalArgument(optional=True)), (_AUTHORITIES, _LocalArgument(optional=True))]
    response = [(_CERTIFICATE, _LocalArgument(optional=True)), (_AUTHORITIES, _LocalArgument(optional=True))]
    responseType = _TLSBox

    def __init__(
        self,
        *,
        tls_localCertificate: Any = None,
        tls_verifyAuthorities: Iterable[Any] | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(**kw)
        self.certificate = tls_localCertificate or _NoCertificate(True)
        self.authorities = tls_verifyAuthorities

    def _doCommand(self, proto: Any) -> Deferred[dict[str, Any]] | None:
        if the_ssl() is None:
            return fail(RuntimeError("TLS not available."))
        proto._require_no_tls(self.certificate, self.authorities)
        answer = super()._doCommand(proto)
        proto._prepare_tls()
        if answer is None:
            return None
        return answer.addCallback(self._start, proto).addErrback(self._close, proto)

    def _start(self, response: _T, proto: Any) -> _T:
        proto._start_tls(self.certificate, self.authorities)
        return response

    def _close(self, failure: Failure, proto: Any) -> Failure:
        if proto.transport is not None:
            proto.transport.loseConnection()
        return failure
