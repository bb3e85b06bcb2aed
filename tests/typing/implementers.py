"""
Each class against each interface that it says it implements: read by type checkers, never run.
"""

from reactorio._threads import IExclusiveWorker, IWorker
from reactorio._threads._memory import MemoryWorker
from reactorio._threads._team import Team
from reactorio._threads._threadworker import LockWorker, ThreadWorker
from reactorio.aio.base import PluggableResolver
from reactorio.aio.connecting import BaseConnector
from reactorio.aio.datagrams import BasePort as BaseDatagramPort
from reactorio.aio.listening import Port
from reactorio.aio.multicast import MulticastPort
from reactorio.aio.reactor import Reactor
from reactorio.aio.starttls import _WithTLS
from reactorio.aio.streams import Connection
from reactorio.aio.udp import Port as UDPPort
from reactorio.aio.unix import _CarriesDescriptors
from reactorio.aio.unixdatagrams import ConnectedDatagramPort, DatagramPort
from reactorio.application._operations.worker import Worker
from reactorio.application.reactors import IReactorInstaller
from reactorio.application.reactors import Reactor as InstallableReactor
from reactorio.application.runner._pidfile import IPIDFile, NonePIDFile, PIDFile
from reactorio.application.service import (
    IProcess,
    IService,
    IServiceCollection,
    IServiceMaker,
    MultiService,
    Process,
    Service,
    ServiceMaker,
)
from reactorio.conch.checkers import (
    IAuthorizedKeysDB,
    InMemorySSHKeyDB,
    SSHProtocolChecker,
    SSHPublicKeyChecker,
    SSHPublicKeyDatabase,
    UNIXAuthorizedKeysFiles,
    UNIXPasswordDatabase,
)
from reactorio.cred._digestauth import DigestedCredentials
from reactorio.cred._inthreads import ChecksInThreads
from reactorio.cred.audit import AuditedChecker
from reactorio.cred.checkers import (
    AllowAnonymousAccess,
    FilePasswordDB,
    ICredentialsChecker,
    InMemoryUsernamePasswordDatabaseDontUse,
)
from reactorio.cred.credentials import (
    Anonymous,
    APOPCredentials,
    CramMD5Credentials,
    IAnonymous,
    ISSHPrivateKey,
    IUsernameDigestHash,
    IUsernameHashedPassword,
    IUsernamePassword,
    SSHPrivateKey,
    UsernameHashedPassword,
    UsernamePassword,
)
from reactorio.cred.hashedfile import HashedPasswordFile
from reactorio.cred.ldap import LDAPBindChecker
from reactorio.cred.pam import PluggableAuthenticationModulesChecker
from reactorio.cred.portal import IRealm
from reactorio.cred.strcred import ICheckerFactory
from reactorio.cred.throttling import ThrottledChecker
from reactorio.internet._baseprocess import _Exit
from reactorio.internet._delayedcall import DelayedCall
from reactorio.internet._endpoints.hostname import HostnameEndpoint, _Race, _SimpleHostnameResolver
from reactorio.internet._endpoints.inherited import (
    AdoptedStreamServerEndpoint,
    StandardIOEndpoint,
    _StandardIOParser,
    _SystemdParser,
)
from reactorio.internet._endpoints.layers import _WrapperEndpoint, _WrapperServerEndpoint
from reactorio.internet._endpoints.process import ProcessEndpoint, _ProcessEndpointTransport
from reactorio.internet._endpoints.strings import _TCP6ServerParser
from reactorio.internet._endpoints.tcp import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
)
from reactorio.internet._endpoints.tls import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    _TLSClientEndpointParser,
    _TLSServerEndpoint,
    _TLSServerEndpointParser,
)
from reactorio.internet._endpoints.unix import UNIXClientEndpoint, UNIXServerEndpoint
from reactorio.internet._protocol.adapters import ConsumerToProtocolAdapter, FileWrapper, ProtocolToConsumerAdapter
from reactorio.internet._protocol.datagrams import DatagramProtocol
from reactorio.internet._protocol.factories import Factory
from reactorio.internet._protocol.processes import ProcessProtocol
from reactorio.internet._protocol.streams import Protocol
from reactorio.internet._resolver import (
    ComplexResolverSimplifier,
    FirstOneWins,
    GAIResolver,
    HostResolution,
    SimpleResolverComplexifier,
)
from reactorio.internet._ssl.ciphers import OpenSSLAcceptableCiphers, OpenSSLCipher
from reactorio.internet._ssl.client import ClientTLSOptions
from reactorio.internet._ssl.factories import ClientContextFactory, ContextFactory
from reactorio.internet._ssl.options import OpenSSLCertificateOptions
from reactorio.internet._ssl.trust import IOpenSSLTrustRoot, OpenSSLCertificateAuthorities, OpenSSLDefaultPaths
from reactorio.internet._testing.observers import EventLoggingObserver
from reactorio.internet._testing.reactors import (
    MemoryReactor,
    RaisingMemoryReactor,
    SynchronousResolver,
    _SynchronousResolution,
)
from reactorio.internet._testing.transports import FakeDatagramTransport, StringTransport, _FakeConnector, _FakePort
from reactorio.internet._upgrading import WithTLS
from reactorio.internet.abstract import FileDescriptor
from reactorio.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress, _ProcessAddress
from reactorio.internet.base import BlockingResolver, ThreadedResolver
from reactorio.internet.interfaces import (
    IAcceptableCiphers,
    IAddress,
    ICipher,
    IConnector,
    IConsumer,
    IDelayedCall,
    IFileDescriptorReceiver,
    IHalfCloseableDescriptor,
    IHandshakeListener,
    IHostnameResolver,
    IHostResolution,
    IListeningPort,
    ILoggingContext,
    IMulticastTransport,
    INegotiated,
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProcessProtocol,
    IProcessTransport,
    IProducer,
    IProtocol,
    IProtocolFactory,
    IProtocolNegotiationFactory,
    IPullProducer,
    IPushProducer,
    IReactorCore,
    IReactorFDSet,
    IReactorMulticast,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IReactorProcess,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    IReactorUDP,
    IReactorUNIX,
    IReactorUNIXDatagram,
    IReadDescriptor,
    IReadWriteDescriptor,
    IResolutionReceiver,
    IResolverSimple,
    IStreamClientEndpoint,
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
    ISystemHandle,
    ITCPTransport,
    ITLSTransport,
    ITransport,
    IUDPTransport,
    IUNIXDatagramConnectedTransport,
    IUNIXDatagramTransport,
    IUNIXTransport,
    _ISupportsExitSignalCapturing,
)
from reactorio.internet.process import Process as ChildProcess
from reactorio.internet.process import PTYProcess
from reactorio.internet.stdio import PipeAddress, StandardIO
from reactorio.internet.task import Clock
from reactorio.logger import ILogObserver
from reactorio.logger._buffer import LimitedHistoryLogObserver
from reactorio.logger._file import FileLogObserver
from reactorio.logger._filter import FilteringLogObserver, ILogFilterPredicate, LogLevelFilterPredicate
from reactorio.logger._journal import JournalObserver
from reactorio.logger._legacy import LegacyLogObserverWrapper
from reactorio.logger._observer import LogPublisher, _Guarded
from reactorio.logger._stdlib import STDLibLogObserver
from reactorio.persisted.sob import IPersistable, Persistent
from reactorio.plugin import IPlugin
from reactorio.plugins.cred_anonymous import AnonymousCheckerFactory
from reactorio.plugins.cred_file import FileCheckerFactory
from reactorio.plugins.cred_hashed import HashedFileCheckerFactory
from reactorio.plugins.cred_ldap import LDAPCheckerFactory
from reactorio.plugins.cred_memory import InMemoryCheckerFactory
from reactorio.plugins.cred_pam import PAMCheckerFactory
from reactorio.plugins.cred_sshkeys import SSHKeyCheckerFactory
from reactorio.plugins.cred_unix import UNIXChecker, UNIXCheckerFactory
from reactorio.protocols._amp.descriptors import _DescriptorExchanger
from reactorio.protocols._basic.files import FileSender
from reactorio.protocols._ftp.dtp import DTP
from reactorio.protocols._ftp.files import FileConsumer, _FileReader, _FileWriter
from reactorio.protocols._ftp.interfaces import IFinishableConsumer, IFTPShell, IReadFile, IWriteFile
from reactorio.protocols._ftp.listing import LinesProducer
from reactorio.protocols._ftp.moving import SenderProtocol
from reactorio.protocols._ftp.realms import BaseFTPRealm
from reactorio.protocols._ftp.shells import FTPAnonymousShell
from reactorio.protocols._sip.registry import ILocator, InMemoryRegistry, IRegistry
from reactorio.protocols._sni import SNIConnectionCreator
from reactorio.protocols._tls.connection import TLSMemoryBIOProtocol
from reactorio.protocols._tls.factory import _ContextFactoryToConnectionFactory
from reactorio.protocols._tls.producers import _ProducerMembrane, _PullToPush
from reactorio.protocols.amp import (
    AMP,
    Argument,
    BinaryBoxProtocol,
    BoxDispatcher,
    CommandLocator,
    IArgumentType,
    IBoxReceiver,
    IBoxSender,
    IResponderLocator,
    SimpleStringLocator,
)
from reactorio.protocols.haproxy._info import ProxyInfo
from reactorio.protocols.haproxy._interfaces import IProxyInfo, IProxyParser
from reactorio.protocols.haproxy._parser import HAProxyServerParser
from reactorio.protocols.haproxy._v1parser import V1Parser
from reactorio.protocols.haproxy._v2parser import V2Parser
from reactorio.protocols.htb import HierarchicalBucketFilter, IBucketFilter, _Puller
from reactorio.protocols.loopback import LoopbackRelay, _LoopbackAddress, _LoopbackTransport
from reactorio.protocols.pcp import BasicProducerConsumerProxy
from reactorio.protocols.wire import Chargen
from reactorio.python.filepath import FilePath, IFilePath
from reactorio.python.zippath import ZipPath
from reactorio.test.iosim import FakeTransport
from reactorio.trial._asyncrunner import TestDecorator
from reactorio.trial._results import TestResult
from reactorio.trial.itrial import IReporter, IReporterWithDurations, ITestCase
from reactorio.trial.reporter import SubunitReporter, TestResultDecorator
from reactorio.trial.runner import TestHolder
from reactorio.web._asgi.events import Gate

# reactorio.application.reactors
from reactorio.web._auth.basic import BasicCredentialFactory
from reactorio.web._auth.digest import DigestCredentialFactory
from reactorio.web._auth.wrapper import HTTPAuthSessionWrapper, UnauthorizedResource, _UntilLoggedOut
from reactorio.web._client.agent import Agent, _StandardEndpointFactory
from reactorio.web._client.cookies import CookieAgent
from reactorio.web._client.decoding import ContentDecoderAgent
from reactorio.web._client.http2stream import Stream
from reactorio.web._client.negotiating import Negotiating, NegotiatingFactory
from reactorio.web._client.policies import (
    BrowserLikePolicyForHTTPS,
    HostnameCachingHTTPSPolicy,
    _ContextFactoryWithContext,
    _DeprecatedToCurrentPolicyForHTTPS,
)
from reactorio.web._client.proxies import ProxyAgent
from reactorio.web._client.reading import FileBodyProducer
from reactorio.web._client.redirects import RedirectAgent
from reactorio.web._client.request import ChunkedEncoder
from reactorio.web._client.request import Request as ClientRequest
from reactorio.web._client.response import Response, TransportProxyProducer
from reactorio.web._element import Element
from reactorio.web._h2.connection import H2Connection
from reactorio.web._h2.stream import H2Stream
from reactorio.web._http.channel import HTTPChannel
from reactorio.web._http.generic import _GenericHTTPChannelProtocol
from reactorio.web._http.interfaces import _IDeprecatedHTTPChannelToRequestInterface
from reactorio.web._http.logs import _XForwardedForAddress
from reactorio.web._http.request import Request as HTTPRequest
from reactorio.web._server.encoding import GzipEncoderFactory, _GzipEncoder
from reactorio.web._server.request import Request
from reactorio.web._server.site import Site
from reactorio.web._static.producers import StaticProducer
from reactorio.web._template.loaders import TagLoader, XMLFile, XMLString
from reactorio.web._websocket.connection import Connection as WebSocketConnection
from reactorio.web.iweb import (
    IAgent,
    IAgentEndpointFactory,
    IBodyProducer,
    IClientRequest,
    ICredentialFactory,
    IPolicyForHTTPS,
    IRenderable,
    IRequest,
    IResponse,
    ITemplateLoader,
    _IRequestEncoder,
    _IRequestEncoderFactory,
)
from reactorio.web.resource import EncodingResourceWrapper, IResource, Resource, _IEncodingResource
from reactorio.web.test.requesthelper import NullAddress
from reactorio.web.wsgi import WSGIResource, _WSGIResponse

_IReactorInstaller: list[type[IReactorInstaller]] = [InstallableReactor]

# reactorio.application.service

_IProcess: list[type[IProcess]] = [Process]
_IService: list[type[IService]] = [Service]
_IServiceCollection: list[type[IServiceCollection]] = [MultiService]
_IServiceMaker: list[type[IServiceMaker]] = [ServiceMaker]  # type: ignore[list-item]  # options: a property here, settable there

# reactorio.internet.interfaces

_IAddress: list[type[IAddress]] = [
    NullAddress,
    _XForwardedForAddress,
    IPv4Address,
    IPv6Address,
    HostnameAddress,
    UNIXAddress,
    _ProcessAddress,
    _LoopbackAddress,
    PipeAddress,
]
_IConnector: list[type[IConnector]] = [BaseConnector, _FakeConnector]
_IConsumer: list[type[IConsumer]] = [
    Stream,
    FakeTransport,
    HTTPRequest,
    HTTPChannel,
    H2Stream,
    ChunkedEncoder,
    WithTLS,
    DTP,
    FileConsumer,
    BasicProducerConsumerProxy,
    _ProcessEndpointTransport,
    Connection,
    ProtocolToConsumerAdapter,
    StringTransport,
    FileDescriptor,
    _LoopbackTransport,
    LoopbackRelay,
    ChildProcess,
    StandardIO,
]
_IDelayedCall: list[type[IDelayedCall]] = [DelayedCall]
_IHalfCloseableDescriptor: list[type[IHalfCloseableDescriptor]] = [FileDescriptor, StandardIO]
_IHostResolution: list[type[IHostResolution]] = [HostResolution, _SynchronousResolution]
_IHostnameResolver: list[type[IHostnameResolver]] = [
    _SimpleHostnameResolver,
    GAIResolver,
    SimpleResolverComplexifier,
    SynchronousResolver,
]
_IListeningPort: list[type[IListeningPort]] = [Port, BaseDatagramPort, _FakePort]
_ILoggingContext: list[type[ILoggingContext]] = [
    Port,
    BaseDatagramPort,
    Connection,
    DatagramProtocol,
    Factory,
    Protocol,
    FileDescriptor,
]
_IMulticastTransport: list[type[IMulticastTransport]] = [MulticastPort]  # type: ignore[list-item]  # Twisted's classes name the parameters otherwise than its interfaces
_IProcessProtocol: list[type[IProcessProtocol]] = [ProcessProtocol]
_IProcessTransport: list[type[IProcessTransport]] = [_ProcessEndpointTransport, ChildProcess, PTYProcess]  # type: ignore[list-item]  # pid: a property of the endpoint's
_IProtocol: list[type[IProtocol]] = [
    _GenericHTTPChannelProtocol,
    H2Connection,
    WebSocketConnection,
    ConsumerToProtocolAdapter,
    Protocol,
]
_IProtocolFactory: list[type[IProtocolFactory]] = [Factory]
_IPullProducer: list[type[IPullProducer]] = [StaticProducer, _Puller, FileSender, Chargen, LinesProducer]
_IPushProducer: list[type[IPushProducer]] = [
    TransportProxyProducer,
    HTTPChannel,
    H2Stream,
    H2Connection,
    Gate,
    StaticProducer,
    _WSGIResponse,
    WithTLS,
    _ProcessEndpointTransport,
    _PullToPush,
    _ProducerMembrane,
    BaseDatagramPort,
    Connection,
    StringTransport,
    FileDescriptor,
    StandardIO,
]
_IReactorCore: list[type[IReactorCore]] = [Reactor, MemoryReactor]  # pyright: ignore[reportAssignmentType]  # running: a property
_IReactorFDSet: list[type[IReactorFDSet]] = [Reactor, MemoryReactor]
_IReactorMulticast: list[type[IReactorMulticast]] = [Reactor]
_IReactorPluggableNameResolver: list[type[IReactorPluggableNameResolver]] = [
    PluggableResolver,
    Reactor,
    MemoryReactor,
    RaisingMemoryReactor,
]
_IReactorPluggableResolver: list[type[IReactorPluggableResolver]] = [PluggableResolver, Reactor]
_IReactorProcess: list[type[IReactorProcess]] = [Reactor]
_IReactorSSL: list[type[IReactorSSL]] = [Reactor, MemoryReactor, RaisingMemoryReactor]
_IReactorSocket: list[type[IReactorSocket]] = [Reactor, MemoryReactor, RaisingMemoryReactor]
_IReactorTCP: list[type[IReactorTCP]] = [Reactor, MemoryReactor, RaisingMemoryReactor]
_IReactorThreads: list[type[IReactorThreads]] = [Reactor]
_IReactorTime: list[type[IReactorTime]] = [Reactor, Clock]
_IReactorUDP: list[type[IReactorUDP]] = [Reactor]
_IReactorUNIX: list[type[IReactorUNIX]] = [Reactor, MemoryReactor, RaisingMemoryReactor]
_IReactorUNIXDatagram: list[type[IReactorUNIXDatagram]] = [Reactor]
_IReadDescriptor: list[type[IReadDescriptor]] = [_Exit, Worker]
_IReadWriteDescriptor: list[type[IReadWriteDescriptor]] = [FileDescriptor]
_IResolutionReceiver: list[type[IResolutionReceiver]] = [_Race, FirstOneWins]
_IResolverSimple: list[type[IResolverSimple]] = [ComplexResolverSimplifier, BlockingResolver, ThreadedResolver]
_IStreamClientEndpoint: list[type[IStreamClientEndpoint]] = [
    HostnameEndpoint,
    ProcessEndpoint,
    SSL4ClientEndpoint,
    _WrapperEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
]
_IStreamServerEndpoint: list[type[IStreamServerEndpoint]] = [
    AdoptedStreamServerEndpoint,
    SSL4ServerEndpoint,
    StandardIOEndpoint,
    _TLSServerEndpoint,
    _WrapperServerEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXServerEndpoint,
]
_IStreamServerEndpointStringParser: list[type[IStreamServerEndpointStringParser]] = [
    HAProxyServerParser,
    _StandardIOParser,
    _SystemdParser,
    _TCP6ServerParser,
    _TLSServerEndpointParser,
]
_IStreamClientEndpointStringParserWithReactor: list[type[IStreamClientEndpointStringParserWithReactor]] = [
    _TLSClientEndpointParser
]
_ISystemHandle: list[type[ISystemHandle]] = [WithTLS, TLSMemoryBIOProtocol, BaseDatagramPort, Connection]
_ITCPTransport: list[type[ITCPTransport]] = [Connection, FakeTransport]
_ITransport: list[type[ITransport]] = [
    HTTPChannel,
    H2Stream,
    WithTLS,
    FileWrapper,
    StringTransport,
    FileDescriptor,
    _LoopbackTransport,
    LoopbackRelay,
    StandardIO,
]
_IUDPTransport: list[type[IUDPTransport]] = [UDPPort, FakeDatagramTransport]  # type: ignore[list-item]  # Twisted's classes name the parameters otherwise than its interfaces
_IUNIXDatagramConnectedTransport: list[type[IUNIXDatagramConnectedTransport]] = [ConnectedDatagramPort]  # type: ignore[list-item]  # Twisted's classes name the parameters otherwise than its interfaces
_IUNIXDatagramTransport: list[type[IUNIXDatagramTransport]] = [DatagramPort]  # type: ignore[list-item]  # Twisted's classes name the parameters otherwise than its interfaces
_IUNIXTransport: list[type[IUNIXTransport]] = [_CarriesDescriptors]
_IExitSignalCapturing: list[type[_ISupportsExitSignalCapturing]] = [Reactor]  # pyright: ignore[reportAssignmentType]  # it looks at the last assignment

# reactorio.logger

_ILogObserver: list[type[ILogObserver]] = [
    EventLoggingObserver,
    LimitedHistoryLogObserver,
    FileLogObserver,
    FilteringLogObserver,
    JournalObserver,
    LegacyLogObserverWrapper,
    LogPublisher,
    _Guarded,
    STDLibLogObserver,
]
_ILogFilterPredicate: list[type[ILogFilterPredicate]] = [LogLevelFilterPredicate]

# reactorio.persisted.sob

_IPersistable: list[type[IPersistable]] = [Persistent]

# reactorio.plugin

_IPlugin: list[type[IPlugin]] = [
    UNIXCheckerFactory,
    SSHKeyCheckerFactory,
    PAMCheckerFactory,
    LDAPCheckerFactory,
    InMemoryCheckerFactory,
    HashedFileCheckerFactory,
    FileCheckerFactory,
    AnonymousCheckerFactory,
    HAProxyServerParser,
    InstallableReactor,
    ServiceMaker,
    _TCP6ServerParser,
    _TLSClientEndpointParser,
    _TLSServerEndpointParser,
    _StandardIOParser,
    _SystemdParser,
]

# reactorio.python.filepath

_IFilePath: list[type[IFilePath]] = [FilePath, ZipPath]  # type: ignore[list-item]  # sep: a property here, settable there

# reactorio.trial.itrial

_IReporter: list[type[IReporter]] = [SubunitReporter]  # pyright: ignore[reportAssignmentType]  # shouldStop: a property
_IReporterWithDurations: list[type[IReporterWithDurations]] = [TestResult, TestResultDecorator]  # pyright: ignore[reportAssignmentType]  # a base that is made at run time
_ITestCase: list[type[ITestCase]] = [TestDecorator, TestHolder]  # type: ignore[list-item]  # skip: a property here, settable there
_IAcceptableCiphers: list[type[IAcceptableCiphers]] = [OpenSSLAcceptableCiphers]
_ICipher: list[type[ICipher]] = [OpenSSLCipher]
_INegotiated: list[type[INegotiated]] = [WithTLS, _WithTLS, TLSMemoryBIOProtocol]  # type: ignore[list-item]  # read-only: nobody else says what was agreed on
_IOpenSSLClientConnectionCreator: list[type[IOpenSSLClientConnectionCreator]] = [
    _ContextFactoryWithContext,
    _ContextFactoryToConnectionFactory,
    OpenSSLCertificateOptions,
    ClientTLSOptions,
]
_IOpenSSLContextFactory: list[type[IOpenSSLContextFactory]] = [
    OpenSSLCertificateOptions,
    ContextFactory,
    ClientContextFactory,
]
_IOpenSSLServerConnectionCreator: list[type[IOpenSSLServerConnectionCreator]] = [
    _ContextFactoryToConnectionFactory,
    OpenSSLCertificateOptions,
    SNIConnectionCreator,
]
_IOpenSSLTrustRoot: list[type[IOpenSSLTrustRoot]] = [OpenSSLDefaultPaths, OpenSSLCertificateAuthorities]
_ITLSTransport: list[type[ITLSTransport]] = [Connection]
_IExclusiveWorker: list[type[IExclusiveWorker]] = [ThreadWorker, MemoryWorker, LockWorker]
_IWorker: list[type[IWorker]] = [Team]
_IProxyInfo: list[type[IProxyInfo]] = [ProxyInfo]
_IProxyParser: list[type[IProxyParser]] = [V2Parser, V1Parser]

# reactorio.protocols.amp

_IArgumentType: list[type[IArgumentType]] = [Argument]
_IBoxSender: list[type[IBoxSender]] = [BinaryBoxProtocol, AMP]
_IBoxReceiver: list[type[IBoxReceiver]] = [BoxDispatcher]
_IResponderLocator: list[type[IResponderLocator]] = [CommandLocator, SimpleStringLocator]
_IFileDescriptorReceiver: list[type[IFileDescriptorReceiver]] = [_DescriptorExchanger]
_IProducer: list[type[IProducer]] = [BasicProducerConsumerProxy]
_IBucketFilter: list[type[IBucketFilter]] = [HierarchicalBucketFilter]
_IRegistry: list[type[IRegistry]] = [InMemoryRegistry]
_ILocator: list[type[ILocator]] = [InMemoryRegistry]
_IAnonymous: list[type[IAnonymous]] = [Anonymous]
_ICheckerFactory: list[type[ICheckerFactory]] = [
    UNIXCheckerFactory,
    SSHKeyCheckerFactory,
    PAMCheckerFactory,
    LDAPCheckerFactory,
    InMemoryCheckerFactory,
    HashedFileCheckerFactory,
    FileCheckerFactory,
    AnonymousCheckerFactory,
]
_ICredentialsChecker: list[type[ICredentialsChecker]] = [
    SSHProtocolChecker,
    SSHPublicKeyChecker,
    SSHPublicKeyDatabase,
    UNIXPasswordDatabase,
    UNIXChecker,
    ThrottledChecker,
    PluggableAuthenticationModulesChecker,
    LDAPBindChecker,
    InMemoryUsernamePasswordDatabaseDontUse,
    HashedPasswordFile,
    FilePasswordDB,
    ChecksInThreads,
    AuditedChecker,
    AllowAnonymousAccess,
]
_ISSHPrivateKey: list[type[ISSHPrivateKey]] = [SSHPrivateKey]
_IUsernameDigestHash: list[type[IUsernameDigestHash]] = [DigestedCredentials]
_IUsernameHashedPassword: list[type[IUsernameHashedPassword]] = [
    UsernameHashedPassword,
    DigestedCredentials,
    CramMD5Credentials,
    APOPCredentials,
]
_IUsernamePassword: list[type[IUsernamePassword]] = [UsernamePassword]
_IPIDFile: list[type[IPIDFile]] = [PIDFile, NonePIDFile]
_IAuthorizedKeysDB: list[type[IAuthorizedKeysDB]] = [InMemorySSHKeyDB, UNIXAuthorizedKeysFiles]

# reactorio.protocols.ftp
_IFTPShell: list[type[IFTPShell]] = [FTPAnonymousShell]
_IReadFile: list[type[IReadFile]] = [_FileReader]
_IWriteFile: list[type[IWriteFile]] = [_FileWriter]
_IFinishableConsumer: list[type[IFinishableConsumer]] = [SenderProtocol]
_IRealm: list[type[IRealm]] = [BaseFTPRealm]
_IRenderable: list[type[IRenderable]] = [Element]
_IResource: list[type[IResource]] = [
    Resource,
    EncodingResourceWrapper,  # pyright: ignore[reportAssignmentType]  # `path` is Twisted's name there
    WSGIResource,
    HTTPAuthSessionWrapper,
    UnauthorizedResource,
    _UntilLoggedOut,
]
_ITemplateLoader: list[type[ITemplateLoader]] = [TagLoader, XMLFile, XMLString]
_ICredentialFactory: list[type[ICredentialFactory]] = [BasicCredentialFactory, DigestCredentialFactory]
_IAgent: list[type[IAgent]] = [RedirectAgent, ProxyAgent, CookieAgent, ContentDecoderAgent, Agent]
_IAgentEndpointFactory: list[type[IAgentEndpointFactory]] = [_StandardEndpointFactory]
_IBodyProducer: list[type[IBodyProducer]] = [FileBodyProducer]
_IClientRequest: list[type[IClientRequest]] = [ClientRequest]  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType]  # absoluteURI is computed
_IPolicyForHTTPS: list[type[IPolicyForHTTPS]] = [
    _DeprecatedToCurrentPolicyForHTTPS,
    HostnameCachingHTTPSPolicy,
    BrowserLikePolicyForHTTPS,
]
_IHandshakeListener: list[type[IHandshakeListener]] = [Negotiating]
_IProtocolNegotiationFactory: list[type[IProtocolNegotiationFactory]] = [NegotiatingFactory, Site]
_IRequest: list[type[IRequest]] = [Request]  # pyright: ignore[reportAssignmentType]  # headers are made when asked for
_IResponse: list[type[IResponse]] = [Response]  # pyright: ignore[reportAssignmentType]  # headers are made when asked for
__IDeprecatedHTTPChannelToRequestInterface: list[type[_IDeprecatedHTTPChannelToRequestInterface]] = [HTTPRequest]  # pyright: ignore[reportAssignmentType]  # headers are made when asked for
__IEncodingResource: list[type[_IEncodingResource]] = [EncodingResourceWrapper]
__IRequestEncoder: list[type[_IRequestEncoder]] = [_GzipEncoder]
__IRequestEncoderFactory: list[type[_IRequestEncoderFactory]] = [GzipEncoderFactory]
