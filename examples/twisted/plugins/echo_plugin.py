"""
The echo server as a plugin: a command that the launcher finds in `twisted/plugins` anywhere on sys.path.

    cd examples
    reactorio -n echo --port=8000
"""

from twisted.application import internet
from twisted.application.service import IService, IServiceMaker
from twisted.internet import protocol
from twisted.plugin import IPlugin
from twisted.python import usage
from zope.interface import implementer


class Echo(protocol.Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class EchoFactory(protocol.ServerFactory):
    protocol = Echo


class Options(usage.Options):
    optParameters = [["port", "p", 8000, "The port to listen on; 0 takes any that is free.", int]]


@implementer(IServiceMaker, IPlugin)
class EchoServiceMaker:
    tapname = "echo"
    description = "A server that sends back what it gets."
    options = Options

    def makeService(self, options: Options) -> IService:
        return internet.TCPServer(options["port"], EchoFactory())


# The launcher collects what the module has by any name.
echo = EchoServiceMaker()
