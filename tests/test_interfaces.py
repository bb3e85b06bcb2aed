"""Interfaces at run time: zope's, under their public names."""

from __future__ import annotations

import pickle

import pytest
from zope.interface.verify import verifyClass, verifyObject

from reactorio.internet import address, interfaces, protocol
from reactorio.internet.testing import StringTransport
from reactorio.protocols import basic, loopback, wire

ALL = [getattr(interfaces, name) for name in interfaces.__all__]


@pytest.mark.parametrize("interface", ALL, ids=interfaces.__all__)
def test_each_is_known_by_the_public_module(interface):
    assert interface.__module__ == "reactorio.internet.interfaces"
    assert interface.__identifier__ == f"reactorio.internet.interfaces.{interface.__name__}"
    assert pickle.loads(pickle.dumps(interface)) is interface


@pytest.mark.parametrize("interface", ALL, ids=interfaces.__all__)
def test_each_says_what_it_is_for(interface):
    assert interface.getDoc()


@pytest.mark.parametrize(
    ("interface", "kind"),
    [
        (interfaces.IAddress, address.IPv4Address),
        (interfaces.IAddress, address.UNIXAddress),
        (interfaces.IProtocol, protocol.Protocol),
        (interfaces.ILoggingContext, protocol.Protocol),
        (interfaces.IProtocolFactory, protocol.Factory),
        (interfaces.IProcessProtocol, protocol.ProcessProtocol),
        (interfaces.ITransport, protocol.FileWrapper),
        (interfaces.IPullProducer, basic.FileSender),
        (interfaces.IPullProducer, wire.Chargen),
        (interfaces.ITransport, loopback.LoopbackRelay),
    ],
)
def test_classes_have_the_members_that_they_promise(interface, kind):
    assert verifyClass(interface, kind)


def test_a_sub_interface_is_provided_with_what_it_extends():
    transport = StringTransport()

    assert verifyObject(interfaces.IPushProducer, transport)
    assert interfaces.IProducer.providedBy(transport)
    assert not interfaces.ITCPTransport.providedBy(transport)


def test_signatures_are_those_of_twisted(tw):
    ours = tw("internet.interfaces")

    assert ours.IReactorTCP["listenTCP"].getSignatureString() == "(port, factory, backlog=50, interface='')"
    assert ours.IReactorTime["callLater"].getSignatureString() == "(delay, callable, *args, **kwargs)"
    assert set(ours.IConsumer.names()) == {"registerProducer", "unregisterProducer", "write"}
    assert ours.ITLSTransport.extends(ours.ITransport)
    assert ours.INegotiated.extends(ours.ISSLTransport)
