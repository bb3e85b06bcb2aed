"""The command ``web``: a server of files, resources and WSGI applications."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application import service, strports
from reactorio.internet import interfaces
from reactorio.python import deprecate, reflect, threadpool, usage
from reactorio.python.versions import Version
from reactorio.web import demo, resource, script, server, static, twcgi

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactorio.web.server import Request

__all__ = ["Options", "makeService"]

_DEFAULT_PORT = "tcp:8080"

# What --path serves otherwise than as it is: a directory's programs.
_PROCESSORS: dict[str, Callable[[Any, static.Registry], Any]] = {
    ".cgi": twcgi.CGIScript,
    ".epy": script.PythonScript,
    ".rpy": script.ResourceScript,
}


class Options(usage.Options):
    """Where to listen, and what to serve there."""

    synopsis = "[web options]"
    longdesc = """A web server. Without anything to serve it shows a page that says so.
    What --path serves may be seen by everybody who can connect; its .cgi, .epy and .rpy files are run."""
    optParameters: ClassVar[list[list[Any]]] = [
        ["logfile", "l", None, "The file for the access log, in the combined format. [default: the program's log]"],
        ["certificate", "c", "server.pem", "(DEPRECATED: use --listen) The certificate for --https."],
        ["privkey", "k", "server.pem", "(DEPRECATED: use --listen) Its private key."],
    ]
    optFlags: ClassVar[list[list[Any]]] = [
        ["notracebacks", "n", "(DEPRECATED: they are not shown unless --display-tracebacks is given.)"],
        [
            "display-tracebacks",
            "",
            "Show the tracebacks of exceptions to clients. They tell what clients should not know: not for production.",
        ],
        ["precompressed", "", "Send FILE.br or FILE.gz in the place of FILE to clients that take it. After --path."],
        ["inside", "", "Do not follow symbolic links that lead out of what --path serves. After --path."],
    ]
    compData = usage.Completions(
        optActions={
            "logfile": usage.CompleteFiles("*.log"),
            "certificate": usage.CompleteFiles("*.pem"),
            "privkey": usage.CompleteFiles("*.pem"),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self["indexes"] = []
        self["root"] = None
        self["extraHeaders"] = []
        self["ports"] = []
        self["port"] = None
        self["https"] = None

    # -- Where

    def opt_port(self, port: str) -> None:
        """
        The port to listen on: a number, or an endpoint as for --listen.
        """
        self["port"] = port
        self.opt_listen(port)

    opt_p = opt_port

    def opt_listen(self, port: str) -> None:
        """
        Where to listen, as an endpoint (tcp:8080:interface=127.0.0.1, ssl:443:..., unix:/run/web) or a TCP port; can be
        given several times. [default: tcp:8080]
        """
        self["ports"].append(f"tcp:{port}" if port.isdigit() else port)

    def opt_https(self, port: str) -> None:
        """
        (DEPRECATED: use --listen) The port to listen on for HTTPS.
        """
        if reflect.requireModule("OpenSSL.SSL") is None:
            raise usage.UsageError("SSL support not installed")
        self["https"] = port

    # -- What

    def opt_path(self, path: str) -> None:
        """
        Serve this directory, or this file.
        """
        root = static.File(os.path.abspath(path))
        root.processors = dict(_PROCESSORS)
        root.isLeaf = root.isfile()
        self["root"] = root

    def opt_class(self, className: str) -> None:
        """
        Serve a resource: what this class, a qualified name, makes without arguments.
        """
        try:
            made = reflect.namedAny(className)
        except (reflect.InvalidName, ImportError, AttributeError) as exc:
            raise usage.UsageError(f"No such class: {className!r} ({exc})") from exc
        self["root"] = made()

    def opt_resource_script(self, name: str) -> None:
        """
        Serve the resource that an .rpy file makes.
        """
        self["root"] = script.ResourceScriptWrapper(name)

    def opt_wsgi(self, name: str) -> None:
        """
        Serve a WSGI application, by its qualified name.
        """
        # Imported here so that a server of files needs none of it.
        from reactorio.internet import reactor
        from reactorio.web import wsgi

        try:
            application = reflect.namedAny(name)
        except (AttributeError, ValueError):
            raise usage.UsageError(f"No such WSGI application: {name!r}") from None
        pool = threadpool.ThreadPool()
        core = interfaces.IReactorCore.adapt(reactor)
        core.callWhenRunning(pool.start)
        core.addSystemEventTrigger("after", "shutdown", pool.stop)
        self["root"] = wsgi.WSGIResource(reactor, pool, application)

    # -- How files are served

    def _files(self, option: str) -> static.File:
        root = self["root"]
        if not isinstance(root, static.File):
            raise usage.UsageError(f"You can only use --{option} after --path.")
        return root

    def opt_index(self, indexName: str) -> None:
        """
        The name of a directory's index; can be given several times. [default: index, index.html, index.htm, index.rpy]
        """
        self["indexes"].append(indexName)

    opt_i = opt_index

    def opt_mime_type(self, defaultType: str) -> None:
        """
        The type of files whose name says none. After --path. [default: text/html]
        """
        self._files("mime_type").defaultType = defaultType

    opt_m = opt_mime_type

    def opt_allow_ignore_ext(self) -> None:
        """
        Let URLs leave out any extension: foo is foo.html. After --path.
        """
        self._files("allow_ignore_ext").ignoreExt("*")

    def opt_ignore_ext(self, ext: str) -> None:
        """
        Let URLs leave out this extension; can be given several times. After --path.
        """
        self._files("ignore_ext").ignoreExt(ext)

    def opt_processor(self, proc: str) -> None:
        """
        EXT=CLASS: what ends with EXT is served by what CLASS makes of its path and a registry. After --path.
        """
        root = self._files("processor")
        extension, equals, name = proc.partition("=")
        if not equals:
            raise usage.UsageError(f"--processor: {proc!r} is not EXT=CLASS")
        try:
            made = reflect.namedAny(name)
        except (reflect.InvalidName, ImportError, AttributeError) as exc:
            raise usage.UsageError(f"--processor: there is no {name!r} ({exc})") from exc
        root.processors = {**root.processors, extension: made}

    def opt_add_header(self, header: str) -> None:
        """
        A header, as "Name: value", for all responses; can be given several times.
        """
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise usage.UsageError(f"--add-header: {header!r} is not Name: value")
        self["extraHeaders"].append((name.strip(), value.strip()))

    # -- What is not here

    def opt_user(self) -> None:
        """
        Not supported, nor is --personal: the servers of users (twisted.web.distrib) speak Perspective Broker.
        """
        raise usage.UsageError("--user and --personal are not supported: they need Perspective Broker (twisted.spread)")

    opt_u = opt_user

    def opt_personal(self) -> None:
        """
        Not supported: see --user.
        """
        self.opt_user()

    def postOptions(self) -> None:
        """Apply what depends on several options."""
        for option in ("precompressed", "inside"):
            if self[option]:
                self._files(option)
        root = self["root"]
        if isinstance(root, static.File):
            if self["indexes"]:
                root.indexNames = self["indexes"]
            if self["precompressed"]:
                root.precompressed = {"br": ".br", "gzip": ".gz"}
            root.followSymlinks = not self["inside"]
        if self["https"] is not None:
            self["ports"].append(f"ssl:port={self['https']}:privateKey={self['privkey']}:certKey={self['certificate']}")
        if not self["ports"]:
            self["ports"].append(_DEFAULT_PORT)


class _AddHeadersResource(resource.Resource):
    """Adds headers to the responses of another resource."""

    def __init__(self, originalResource: Any, headers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._originalResource = originalResource
        self._headers = headers

    def getChildWithDefault(self, name: bytes, request: Request) -> Any:
        self._add(request)
        return self._originalResource.getChildWithDefault(name, request)

    def render(self, request: Request) -> Any:
        self._add(request)
        return self._originalResource.render(request)

    def _add(self, request: Request) -> None:
        for name, value in self._headers:
            request.responseHeaders.addRawHeader(name, value)


def makeService(config: Options) -> service.MultiService:
    """Return a service that serves what the options say."""
    root = config["root"] or demo.Test()
    if config["extraHeaders"]:
        root = _AddHeadersResource(root, config["extraHeaders"])
    site = server.Site(root, logPath=config["logfile"] and os.path.abspath(config["logfile"]))
    site.displayTracebacks = bool(config["display-tracebacks"])
    if config["notracebacks"]:
        warning = deprecate._getDeprecationWarningString("--notracebacks", Version("Twisted", 19, 7, 0))
        warnings.warn(warning, category=DeprecationWarning, stacklevel=2)
    made = service.MultiService()
    for port in config["ports"]:
        strports.service(port, site).setServiceParent(made)
    return made
