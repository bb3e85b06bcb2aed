"""
Endpoints from strings.

The grammar: a type, then arguments, all cut at colons; an argument with an equals sign is a keyword argument. A
backslash takes away the meaning of what follows it::

    tcp:80                          tcp:example.com:80:timeout=15
    tcp:80:interface=127.0.0.1      unix:/run/app.sock:mode=660
    tcp6:443:interface=\\:\\:1        unix:path=/run/app.sock

Types other than these come from plugins. What arguments a type takes is what the parser functions below say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._endpoints.tcp import TCP4ClientEndpoint, TCP4ServerEndpoint, TCP6ServerEndpoint
from reactorio.internet._endpoints.tls import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    parse_ssl_client,
    parse_ssl_server,
)
from reactorio.internet._endpoints.unix import UNIXClientEndpoint, UNIXServerEndpoint
from reactorio.internet.interfaces import (
    IStreamClientEndpoint,
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)
from reactorio.plugin import IPlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring


# The grammar


def _pieces(description: str) -> Iterator[tuple[bool, str]]:
    """Yield the string in pieces, each with whether it is a colon or equals sign that means something."""
    characters = iter(description)
    text = ""
    for character in characters:
        if character in ":=":
            yield False, text
            yield True, character
            text = ""
        elif character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise ValueError(f"the backslash at the end of {description!r} has nothing to escape")
            text += escaped
        else:
            text += character
    yield False, text


def _parse(description: str) -> tuple[list[str], dict[str, str]]:
    """Return the positional and the keyword arguments, the type among the first."""
    args: list[str] = []
    kwargs: dict[str, str] = {}
    key: str | None = None
    text = ""

    def end_of_argument() -> None:
        if key is None:
            args.append(text)
        else:
            kwargs[key] = text

    for is_sign, piece in _pieces(description):
        if not is_sign:
            text += piece
        elif piece == ":":
            end_of_argument()
            key, text = None, ""
        elif key is None:
            key, text = text, ""
        else:
            # A further equals sign is part of the value.
            text += piece
    end_of_argument()
    return args, kwargs


def quoteStringArgument(argument: str) -> str:
    """Return ``argument`` such that within an endpoint's string it stands for itself."""
    return argument.replace("\\", "\\\\").replace(":", "\\:")


# The types


def _parse_tcp_server(factory: Any, port: str, interface: str = "", backlog: str | int = 50) -> Any:
    return (int(port), factory), {"interface": interface, "backlog": int(backlog)}


def _parse_unix_server(
    factory: Any, address: str, mode: str = "666", backlog: str | int = 50, lockfile: str | bool = True
) -> Any:
    return (address, factory), {"mode": int(mode, 8), "backlog": int(backlog), "wantPID": bool(int(lockfile))}


_SERVER_PARSERS: dict[str, Callable[..., Any]] = {
    "ssl": parse_ssl_server,
    "tcp": _parse_tcp_server,
    "unix": _parse_unix_server,
}
_SERVER_ENDPOINTS: dict[str, Callable[..., Any]] = {
    "SSL": SSL4ServerEndpoint,
    "TCP": TCP4ServerEndpoint,
    "UNIX": UNIXServerEndpoint,
}


def _parse_tcp_client(*args: str, **kwargs: Any) -> dict[str, Any]:
    """``host`` and ``port``, either of which may be positional, ``timeout`` and ``bindAddress``."""
    if len(args) == 2:
        kwargs["host"], kwargs["port"] = args
    elif len(args) == 1:
        kwargs.setdefault("port" if "host" in kwargs else "host", args[0])
    elif args:
        raise TypeError(f"tcp takes a host and a port, not {args!r}")
    if "port" in kwargs:
        kwargs["port"] = int(kwargs["port"])
    if "timeout" in kwargs:
        kwargs["timeout"] = int(kwargs["timeout"])
    return kwargs


def _parse_unix_client(*args: str, **kwargs: Any) -> dict[str, Any]:
    """``path``, which may be positional, ``lockfile`` and ``timeout``."""
    if len(args) == 1:
        kwargs["path"] = args[0]
    elif args:
        raise TypeError(f"unix takes a path, not {args!r}")
    if "lockfile" in kwargs:
        kwargs["checkPID"] = bool(int(kwargs.pop("lockfile")))
    if "timeout" in kwargs:
        kwargs["timeout"] = int(kwargs["timeout"])
    return kwargs


_CLIENT_TYPES: dict[str, tuple[Callable[..., dict[str, Any]], Callable[..., Any]]] = {
    "ssl": (parse_ssl_client, SSL4ClientEndpoint),
    "tcp": (_parse_tcp_client, TCP4ClientEndpoint),
    "unix": (_parse_unix_client, UNIXClientEndpoint),
}


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _TCP6ServerParser:
    """The type ``tcp6``: as ``tcp``, on IPv6."""

    prefix = "tcp6"

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> TCP6ServerEndpoint:
        return self._endpoint(reactor, *args, **kwargs)

    def _endpoint(self, reactor: Any, port: str, backlog: str | int = 50, interface: str = "::") -> TCP6ServerEndpoint:
        return TCP6ServerEndpoint(reactor, int(port), int(backlog), interface)


def _plugin_for(interface: Any, prefix: str) -> Any:
    # Through the public module: tests of applications put a getPlugins of their own there.
    from reactorio.internet import endpoints

    for plugin in endpoints.getPlugins(interface):
        if plugin.prefix.lower() == prefix.lower():
            return plugin
    raise ValueError(f"Unknown endpoint type: '{prefix}'")


# The doors


def _parseServer(description: str, factory: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Return the type in capitals, or the plugin for it, and the arguments for the endpoint."""
    args, kwargs = _parse(description)
    name, *rest = args
    parser = _SERVER_PARSERS.get(name)
    if parser is None:
        return _plugin_for(IStreamServerEndpointStringParser, name), tuple(rest), kwargs
    return name.upper(), *parser(factory, *rest, **kwargs)


def serverFromString(reactor: Any, description: str) -> IStreamServerEndpoint:
    """
    Make a server endpoint.

    Args:
        reactor: What listens.
        description: For instance ``tcp:80``, ``tcp:80:interface=127.0.0.1:backlog=100`` or
            ``unix:/run/app.sock:mode=660:lockfile=0``; plugins know more.

    Raises:
        ValueError: Nobody knows the type, or a number is none.
        TypeError: The type does not take these arguments.
    """
    name, args, kwargs = _parseServer(description, None)
    if not isinstance(name, str):
        endpoint: IStreamServerEndpoint = name.parseStreamServer(reactor, *args, **kwargs)
        return endpoint
    where, _, *rest = args
    made: IStreamServerEndpoint = _SERVER_ENDPOINTS[name](reactor, where, *rest, **kwargs)
    return made


def clientFromString(reactor: Any, description: str | bytes) -> IStreamClientEndpoint:
    """
    Make a client endpoint.

    Args:
        reactor: What connects.
        description: For instance ``tcp:example.com:80``, ``tcp:host=example.com:port=80:timeout=15`` or
            ``unix:/run/app.sock``; plugins know more.

    Raises:
        ValueError: Nobody knows the type, or a number is none.
        TypeError: The type does not take these arguments.
    """
    args, kwargs = _parse(description.decode("utf-8") if isinstance(description, bytes) else description)
    name, *rest = args
    made: IStreamClientEndpoint
    if name in _CLIENT_TYPES:
        parser, endpoint = _CLIENT_TYPES[name]
        made = endpoint(reactor, **parser(*rest, **kwargs))
    else:
        plugin = _plugin_for(IStreamClientEndpointStringParserWithReactor, name)
        made = plugin.parseStreamClient(reactor, *rest, **kwargs)
    return made
