"""Addresses, and the header that says where a request has been."""

from __future__ import annotations

import re
import warnings
from typing import Any

__name__ = "reactorio.protocols.sip"  # the public path: see the package's docstring

PORT = 5060

_ABSENT = object()

# A host, in brackets if it is an IPv6 address, and perhaps a port.
_HOST_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
# A parameter, whose value may be in quotes with semicolons within.
_PARAMETER = re.compile(r'((?:[^;"]|"(?:[^"\\]|\\.)*")*)(?:;|$)')
_QUOTED_NAME = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*')


def unq(s: str) -> str:
    """Return ``s`` without the quotes around it, if there are any."""
    return s[1:-1] if len(s) > 1 and s[0] == s[-1] == '"' else s


def _host_port(text: str) -> tuple[str, int | None]:
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        raise ValueError(f"no host and port: {text!r}")
    host, port = found.groups()
    return host, None if port is None else int(port)


def _parameters(text: str) -> list[tuple[str, str | None]]:
    """Return the names and values in ``a=b;c``, without blanks around them; a parameter without a value has None."""
    found = []
    for parameter in (match[1].strip() for match in _PARAMETER.finditer(text)):
        if parameter:
            name, equals, value = parameter.partition("=")
            found.append((name.strip(), value.strip() if equals else None))
    return found


class Via:
    """
    Where a request has been: one Via header (section 20.42).

    Args:
        host: The host.
        port: Its port.
        transport: By which protocol it was sent on from there.
        ttl: The TTL of a multicast.
        hidden: Is the header encrypted? (RFC 2543)
        received: Where it really came from.
        rport: From which port it really came; None asks the next one to say (RFC 3581).
        branch: The identifier of the transaction.
        maddr: The address of a multicast.
        kw: Other parameters; the value of one that has none is None.

    Attributes:
        rportRequested: Is the next one to say from which port it came?
        rportValue: What that said.
        otherParams: The other parameters.
    """

    def __init__(
        self,
        host: str,
        port: int = PORT,
        transport: str = "UDP",
        ttl: int | None = None,
        hidden: bool = False,
        received: str | None = None,
        rport: Any = _ABSENT,
        branch: str | None = None,
        maddr: str | None = None,
        **kw: str | None,
    ) -> None:
        self.transport = transport
        self.host = host
        self.port = port
        self.ttl = ttl
        self.hidden = hidden
        self.received = received
        self.rportValue: int | None = None
        self.rportRequested = rport is None or rport is True
        if rport is True:
            warnings.warn("rport=True is deprecated since Twisted 9.0.", DeprecationWarning, stacklevel=2)
        elif rport is not _ABSENT and rport is not None:
            self.rportValue = rport
        self.branch = branch
        self.maddr = maddr
        self.otherParams = kw

    @property
    def rport(self) -> Any:
        """``rportValue``, or True if that is asked for."""
        return True if self.rportRequested else self.rportValue

    @rport.setter
    def rport(self, newRPort: int | None) -> None:
        self.rportValue = newRPort
        self.rportRequested = False

    def toString(self) -> str:
        """Return the header's value."""
        parameters = ["hidden"] if self.hidden else []
        known = ((name, getattr(self, name)) for name in ("ttl", "branch", "maddr", "received"))
        parameters += [f"{name}={value}" for name, value in known if value is not None]
        if self.rportRequested:
            parameters.append("rport")
        elif self.rportValue is not None:
            parameters.append(f"rport={self.rportValue}")
        parameters += [name if value is None else f"{name}={value}" for name, value in self.otherParams.items()]
        return ";".join([f"SIP/2.0/{self.transport} {self.host}:{self.port}", *parameters])


def parseViaHeader(value: str) -> Via:
    """
    Return what a Via header says, a comment at its end left out.

    Raises:
        ValueError: It is none.
    """
    value = re.sub(r"\s*\([^()]*\)\s*$", "", value)
    first, _, rest = value.partition(";")
    sent_protocol, _, sent_by = first.strip().partition(" ")
    protocol, slash, transport = sent_protocol.rpartition("/")
    if not slash or protocol.upper() != "SIP/2.0" or not sent_by.strip():
        raise ValueError(f"no Via header: {value!r}")
    host, port = _host_port(sent_by.strip())
    via = Via(host, PORT if port is None else port, transport)
    for name, parameter in _parameters(rest):
        if name == "hidden":
            via.hidden = True
        elif name == "rport":
            via.rportRequested = parameter is None
            via.rportValue = None if parameter is None else int(parameter)
        elif name == "ttl":
            via.ttl = int(parameter or "")
        elif name in ("received", "branch", "maddr"):
            setattr(via, name, parameter)
        else:
            via.otherParams[name] = parameter
    return via


class URL:
    """
    A SIP URI (section 19.1).

    Args:
        host: The host.
        username, password: The user.
        port: The port; None for the usual one.
        transport: By which protocol.
        usertype: What kind of name the user's is.
        method: The method of the request to make.
        ttl, maddr: The TTL and the address of a multicast.
        tag: The dialog's end (RFC 2543).
        other: Other parameters, as they stand.
        headers: The headers of the request to make.
    """

    def __init__(
        self,
        host: str,
        username: str | None = None,
        password: str | None = None,
        port: int | None = None,
        transport: str | None = None,
        usertype: str | None = None,
        method: str | None = None,
        ttl: int | None = None,
        maddr: str | None = None,
        tag: str | None = None,
        other: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.username = username
        self.host = host
        self.password = password
        self.port = port
        self.transport = transport
        self.usertype = usertype
        self.method = method
        self.tag = tag
        self.ttl = ttl
        self.maddr = maddr
        self.other = [] if other is None else other
        self.headers = {} if headers is None else headers

    def toString(self) -> str:
        """Return the URI."""
        user = "" if self.username is None else f"{self.username}@"
        if self.username is not None and self.password is not None:
            user = f"{self.username}:{self.password}@"
        port = "" if self.port is None else f":{self.port}"
        named = [("user", self.usertype), *((name, getattr(self, name)) for name in _OF_URL)]
        parameters = [f"{name}={value}" for name, value in named if value is not None]
        headers = "&".join(f"{name}={value}" for name, value in self.headers.items())
        return ";".join([f"sip:{user}{self.host}{port}", *parameters, *self.other]) + (f"?{headers}" if headers else "")

    __str__ = toString

    def __repr__(self) -> str:
        return f"<URL {self.toString()}>"


_OF_URL = ("transport", "ttl", "maddr", "method", "tag")


def parseURL(url: str, host: str | None = None, port: int | None = None) -> URL:
    """
    Return what a SIP URI says.

    Args:
        url: The URI.
        host, port: What to say in place of its host and port.

    Raises:
        ValueError: It is none.
    """
    scheme, colon, rest = url.partition(":")
    if scheme != "sip" or not colon:
        raise ValueError(f"unsupported scheme: {url[:4]}")
    before_headers, _, headers = rest.partition("?")
    address, _, parameters = before_headers.partition(";")
    user, at, host_port = address.rpartition("@")
    its_host, its_port = _host_port(host_port)
    made = URL(its_host if host is None else host, port=its_port if port is None else port)
    if at:
        made.username, colon, password = user.partition(":")
        made.password = password if colon else None
    for header in headers.split("&") if headers else ():
        name, equals, value = header.partition("=")
        if not equals:
            raise ValueError(f"no header of a URI: {header!r}")
        made.headers[name] = value
    for name, parameter in _parameters(parameters):
        if name == "user":
            made.usertype = parameter
        elif name == "ttl":
            made.ttl = int(parameter or "")
        elif name in _OF_URL:
            setattr(made, name, parameter)
        else:
            made.other.append(name if parameter is None else f"{name}={parameter}")
    return made


def cleanRequestURL(url: URL) -> None:
    """Take out of ``url`` what does not belong to the address (section 16.5)."""
    url.transport = None
    url.maddr = None
    url.ttl = None
    url.headers = {}


def parseAddress(
    address: str, host: str | None = None, port: int | None = None, clean: int | bool = 0
) -> tuple[str, URL, dict[str, str | None]]:
    """
    Return the name, the URI and the parameters in a header like To.

    Args:
        address: The header's value: ``"A name" <sip:somebody@example.com>;tag=1``, or the URI alone.
        host, port: See `parseURL`.
        clean: Do what `cleanRequestURL` does.

    Raises:
        ValueError: It is none.
    """
    address = address.strip()
    name, parameters = "", ""
    uri = address
    if not address.startswith("sip:"):
        quoted = _QUOTED_NAME.match(address)
        name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else address.partition("<")[0].strip()
        opening, less, rest = address[quoted.end() if quoted else 0 :].partition("<")
        uri, greater, parameters = rest.partition(">")
        if not less or not greater or (quoted and opening):
            raise ValueError(f"no address: {address!r}")
    url = parseURL(uri, host=host, port=port)
    if clean:
        cleanRequestURL(url)
    return name, url, {key: value if value is None else unq(value) for key, value in _parameters(parameters)}
