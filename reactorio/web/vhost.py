"""Several sites on one port, told apart by the names that clients ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.web import _refusals, resource

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = ["NameVirtualHost", "VHostMonsterResource"]


def _key(name: bytes | str) -> bytes:
    """Return a host's name as it is compared: without a port, in lower case (RFC 9110 section 4.2.3)."""
    if isinstance(name, str):
        name = name.encode("idna")
    name = name.strip().lower()
    if name.startswith(b"["):  # an IPv6 address
        return name.partition(b"]")[0] + b"]"
    return name.partition(b":")[0].rstrip(b".")


class NameVirtualHost(resource.Resource):
    """
    Hands each request to the resource of the host that it names.

    `default` is the resource for all other hosts, and for requests that name none; without it they are told that there is
    nothing.
    """

    default: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.hosts: dict[bytes, Any] = {}

    def addHost(self, name: bytes | str, resrc: Any) -> None:
        """Have ``resrc`` answer for a host. Case does not count, nor does a port."""
        self.hosts[_key(name)] = resrc

    def removeHost(self, name: bytes | str) -> None:
        """
        Forget a host.

        Raises:
            KeyError: It was not there.
        """
        del self.hosts[_key(name)]

    def _getResourceForRequest(self, request: Request) -> Any:
        name = request.getHeader(b"host")
        found = None if name is None else self.hosts.get(_key(name))
        return found or self.default or _refusals.not_found("host not in vhost map")

    def render(self, request: Request) -> Any:
        return self._getResourceForRequest(request).render(request)

    def getChild(self, path: bytes, request: Request) -> Any:
        found = self._getResourceForRequest(request)
        if found.isLeaf:
            # The path is the leaf's, to the last segment.
            request.postpath.insert(0, request.prepath.pop(-1))
            return found
        return found.getChildWithDefault(path, request)


class _HostResource(resource.Resource):
    """Takes the host's name off the path, and begins anew at the site's root as if the client had named it."""

    def getChild(self, path: bytes, request: Request) -> Any:
        host, _, port = path.partition(b":")
        if port and not (port.isdigit() and int(port) < 2**16):
            return _refusals.not_found()
        secure = bool(request.isSecure())
        request.setHost(host, int(port) if port else 443 if secure else 80, secure)
        return request.site.resource.getChildWithDefault(*self._next_segment(request))

    @staticmethod
    def _next_segment(request: Request) -> tuple[bytes, Request]:
        segment = request.postpath.pop(0) if request.postpath else b""
        request.prepath.append(segment)
        return segment, request


class VHostMonsterResource(resource.Resource):
    """
    For a site behind a proxy that cannot hand the Host header on: the path says what the client has asked for.

    Where this is the child ``vhost``, the proxy asks for ``/vhost/https/www.example.com:8443/path``, and the site's root is asked for ``/path``
    at that host. Whoever can reach it can pretend to be any host, so let it be reached by the proxy alone.
    """

    def getChild(self, path: bytes, request: Any) -> Any:
        if path in (b"http", b"https"):
            request.isSecure = lambda: path == b"https"
        return _HostResource()
