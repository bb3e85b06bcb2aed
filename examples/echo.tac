"""
The echo server as an application, for a launcher to run, log and turn into a daemon.

    reactorio -n -y examples/echo.tac       in the foreground
    reactorio -y examples/echo.tac          as a daemon: see twistd.log, stop with kill $(cat twistd.pid)

The port is 8000 unless the environment variable ECHO_PORT says another; 0 takes any that is free.
"""

import os

from twisted.application import internet, service
from twisted.internet import protocol


class Echo(protocol.Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class EchoFactory(protocol.ServerFactory):
    protocol = Echo


# The launcher looks for this name.
application = service.Application("echo")
internet.TCPServer(int(os.environ.get("ECHO_PORT", "8000")), EchoFactory()).setServiceParent(application)
