"""A child process as an endpoint: its standard input and output are the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._upgrading import start_tls
from reactorio.internet.address import _ProcessAddress
from reactorio.internet.defer import Deferred, execute
from reactorio.internet.error import ConnectionDone, NoProtocol, ProcessDone
from reactorio.internet.interfaces import IConsumer, IProcessTransport, IPushProducer, IStreamClientEndpoint
from reactorio.internet.protocol import ProcessProtocol
from reactorio.logger import Logger
from reactorio.logger._constants import NamedConstant, Names
from reactorio.python import log
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reactorio.internet.interfaces import (
        IAddress,
        IProtocol,
        IProtocolFactory,
        IPullProducer,
        IReactorProcess,
    )

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.internet.endpoints")


class StandardErrorBehavior(Names):
    """
    What becomes of the lines that a child writes to its standard error.

    Attributes:
        LOG: They are logged.
        DROP: They are dropped.
    """

    LOG = NamedConstant()
    DROP = NamedConstant()


@implementer(IProcessTransport, IConsumer, IPushProducer)
class _ProcessEndpointTransport:
    """A child process, whose input and output are a connection."""

    disconnecting = False
    _registered: tuple[Any, bool] | None = None

    def __init__(self, original: IProcessTransport, wrapper: _WrapIProtocol | None = None) -> None:
        self._process: Any = original
        self._wrapper = wrapper

    @property
    def protocol(self) -> IProtocol | None:
        """Who has this transport; setting it hands the connection over."""
        return None if self._wrapper is None else self._wrapper.protocol

    @protocol.setter
    def protocol(self, protocol: IProtocol) -> None:
        if self._wrapper is not None:
            self._wrapper.protocol = protocol

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        Speak TLS from here on; what was written before goes out as it is.

        Args:
            contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
            normal: Are we, who have started the child, the client of TLS?

        Raises:
            Exception: What ``contextFactory`` raised.
        """
        registered = self._registered
        beneath = _ProcessEndpointTransport(self._process, self._wrapper)
        wrapper, reactor = self._wrapper, getattr(self._process, "reactor", None)
        tls = start_tls(self, beneath, contextFactory, normal, reactor)
        if wrapper is not None:
            wrapper.protocol, wrapper.transport = tls, beneath
        if registered is not None:
            beneath.unregisterProducer()
            tls.registerProducer(*registered)

    def write(self, data: bytes) -> None:
        self._process.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._process.writeSequence(data)

    def loseConnection(self) -> None:
        self.disconnecting = True
        self._process.loseConnection()

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        self._process.registerProducer(producer, streaming)
        self._registered = (producer, streaming)

    def unregisterProducer(self) -> None:
        self._registered = None
        self._process.unregisterProducer()

    def pauseProducing(self) -> None:
        self._process.pauseProducing()

    def resumeProducing(self) -> None:
        self._process.resumeProducing()

    def stopProducing(self) -> None:
        self._process.stopProducing()

    # ---- of the process

    @property
    def pid(self) -> int | None:
        """The process's id, None once it has been reaped."""
        pid: int | None = self._process.pid
        return pid

    def closeStdin(self) -> None:
        self._process.closeStdin()

    def closeStdout(self) -> None:
        self._process.closeStdout()

    def closeStderr(self) -> None:
        self._process.closeStderr()

    def closeChildFD(self, descriptor: int) -> None:
        self._process.closeChildFD(descriptor)

    def writeToChild(self, childFD: int, data: bytes) -> None:
        self._process.writeToChild(childFD, data)

    def signalProcess(self, signalID: str | int) -> None:
        self._process.signalProcess(signalID)

    def getHost(self) -> IAddress:
        host: IAddress = self._process.getHost()
        return host

    def getPeer(self) -> IAddress:
        peer: IAddress = self._process.getPeer()
        return peer


class _WrapIProtocol(ProcessProtocol):
    """
    Lets a protocol talk with a child.

    Unlike Twisted: what the protocol raises ends its connection, as it does on every other stream.

    Args:
        proto: The protocol.
        executable: What is run, for the log.
        errFlag: What becomes of its error output.
    """

    _lost = False

    def __init__(self, proto: IProtocol, executable: str | bytes, errFlag: NamedConstant) -> None:
        self.protocol = proto
        self.executable = executable
        self.errFlag = errFlag

    def makeConnection(self, transport: Any) -> None:
        """The child runs: connect the protocol."""
        self.transport = _ProcessEndpointTransport(transport, self)
        self._guarded(self.protocol.makeConnection, self.transport)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        if childFD == 1:
            self._guarded(self.protocol.dataReceived, data)
        elif childFD == 2 and self.errFlag is StandardErrorBehavior.LOG:
            log.msg(
                format="Process %(executable)r wrote stderr unhandled by %(protocol)s: %(data)s",
                executable=self.executable,
                protocol=self.protocol,
                data=data,
            )

    def processEnded(self, reason: Failure) -> None:
        """The connection is done if the child ended well, and lost if not, which `ProcessTerminated` says already."""
        ended: Any = reason.value
        well = isinstance(ended, ProcessDone) and ended.status == 0
        self._lose(Failure(ConnectionDone()) if well else reason)

    def _guarded(self, call: Any, *args: Any) -> None:
        if self._lost:
            return
        try:
            call(*args)
        except Exception:
            failure = Failure()
            _log.failure("Unhandled error in {protocol}", failure=failure, protocol=self.protocol)
            self._lose(failure)
            self.transport.loseConnection()

    def _lose(self, reason: Failure) -> None:
        if not self._lost:
            self._lost = True
            self.protocol.connectionLost(reason)


@implementer(IStreamClientEndpoint)
class ProcessEndpoint:
    """
    Connects to a program that is started for it: what is written it reads from its standard input, what it writes to
    its standard output is received.

    Args:
        reactor: Who starts it.
        executable: As for `spawnProcess`, like those that follow.
        errFlag: What becomes of its error output.
    """

    def __init__(
        self,
        reactor: IReactorProcess,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[Any, Any] | None = {},  # never changed; the contract
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | tuple[int, int, str] = False,
        childFDs: Mapping[int, int | str] | None = None,
        errFlag: NamedConstant = StandardErrorBehavior.LOG,
    ) -> None:
        self._reactor = reactor
        self._executable = executable
        self._args = args
        self._env = env
        self._path = path
        self._uid = uid
        self._gid = gid
        self._usePTY = usePTY
        self._childFDs = childFDs
        self._errFlag = errFlag
        self._spawnProcess = reactor.spawnProcess

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Start the program; returns a Deferred of the protocol."""
        return execute(self._start, protocolFactory)

    def _start(self, factory: IProtocolFactory) -> IProtocol:
        protocol = factory.buildProtocol(_ProcessAddress())
        if protocol is None:
            raise NoProtocol()
        self._spawnProcess(
            _WrapIProtocol(protocol, self._executable, self._errFlag),
            self._executable,
            self._args,
            self._env,
            self._path,
            self._uid,
            self._gid,
            self._usePTY,
            self._childFDs,
        )
        return protocol
