"""Errors: what they say, what they keep, what the system's become."""

from __future__ import annotations

import errno
import pickle
import socket

import pytest

from reactorio.internet import error


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("AlreadyCalled", (), "Tried to cancel an already-called event."),
        ("AlreadyCancelled", ("twice",), "Tried to cancel an already-cancelled event: twice."),
        ("BadFileError", (), "File used for UNIX socket is no good."),
        ("ConnectBindError", (), "Couldn't bind."),
        ("ConnectError", (), "An error occurred while connecting."),
        ("ConnectError", (5,), "An error occurred while connecting: 5."),
        ("ConnectError", (5, "five"), "An error occurred while connecting: 5: five."),
        ("ConnectError", (None, "five"), "An error occurred while connecting: five."),
        ("ConnectionAborted", ("a", "b"), "Connection was aborted locally using ITCPTransport.abortConnection: a b."),
        ("ConnectionDone", (), "Connection was closed cleanly."),
        ("ConnectionLost", ("x",), "Connection to the other side was lost in a non-clean fashion: x."),
        ("ConnectionRefusedError", (), "Connection was refused by other side."),
        ("ConnectionFdescWentAway", (), "Uh."),
        ("DNSLookupError", ("example.com",), "DNS lookup failed: example.com."),
        ("MessageLengthError", (), "Message is too long to send."),
        ("NoRouteError", (), "No route to host."),
        ("NotConnectingError", (), "The Connector was not connecting when it was asked to stop connecting."),
        ("NotListeningError", (), "The Port was not listening when it was asked to stop listening."),
        ("SSLError", (), "An SSL error occurred."),
        ("ServiceNameUnknownError", (), "Service name given as port is unknown."),
        ("TCPTimedOutError", (), "TCP connection timed out."),
        ("TimeoutError", (), "User timeout caused connection failure."),
        ("UnknownHostError", (), "Hostname couldn't be looked up."),
        ("UserError", (), "User aborted connection."),
        ("ProcessDone", (0,), "A process has ended without apparent errors: process finished with exit code 0."),
        ("ProcessTerminated", (), "A process has ended with a probable error condition: process ended."),
        (
            "ProcessTerminated",
            (1, None, 256),
            "A process has ended with a probable error condition: process ended with exit code 1.",
        ),
        (
            "ProcessTerminated",
            (None, 9, 9),
            "A process has ended with a probable error condition: process ended by signal 9.",
        ),
        ("CannotListenError", ("", 80, "no"), "Couldn't listen on any:80: no."),
        ("CannotListenError", ("::1", 80, "no"), "Couldn't listen on ::1:80: no."),
        ("ReactorNotRunning", (), ""),
    ],
)
def test_the_text_is_that_of_twisted(tw, name, arguments, text):
    assert str(getattr(tw("internet.error"), name)(*arguments)) == text


def test_details_need_not_be_text():
    assert str(error.ConnectionLost(104)) == "Connection to the other side was lost in a non-clean fashion: 104."


@pytest.mark.parametrize(
    ("theirs", "kind", "number"),
    [
        (OSError(errno.ECONNREFUSED, "refused"), "ConnectionRefusedError", errno.ECONNREFUSED),
        (OSError(errno.ENETUNREACH, "no way"), "NoRouteError", errno.ENETUNREACH),
        (OSError(errno.ETIMEDOUT, "late"), "TCPTimedOutError", errno.ETIMEDOUT),
        (OSError(errno.EINVAL, "what"), "ConnectError", errno.EINVAL),
        (socket.gaierror(socket.EAI_NONAME, "who"), "UnknownHostError", socket.EAI_NONAME),
        (OSError("without a number"), "ConnectError", None),
        (ValueError(), "ConnectError", None),
    ],
)
def test_the_systems_errors_become_ours(tw, theirs, kind, number):
    ours = tw("internet.error").getConnectError(theirs)

    assert type(ours).__name__ == kind
    assert ours.osError == number


@pytest.mark.parametrize(
    "one",
    [
        error.ProcessTerminated(None, 15, 15),
        error.ProcessDone(0),
        error.ConnectError(5, "five"),
        error.CannotListenError("", 80, "no"),
        error.ConnectingCancelledError("there"),
        error.InvalidAddressError("there", "no"),
        error.ConnectionLost("x"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_errors_survive_pickling(one):
    copy = pickle.loads(pickle.dumps(one))

    assert (type(copy), str(copy), copy.__dict__) == (type(one), str(one), one.__dict__)


def test_what_catches_what():
    assert issubclass(error.ProcessDone, error.ConnectionDone)
    assert issubclass(error.ProcessTerminated, error.ConnectionLost)
    assert issubclass(error.TimeoutError, error.UserError)
    assert issubclass(error.DNSLookupError, OSError)
    assert not issubclass(error.ConnectionDone, error.ConnectionLost)


def test_the_two_arguments_of_an_oserror_are_understood_as_well():
    result = error.getConnectError((errno.ECONNREFUSED, "no"))
    assert type(result) is error.ConnectionRefusedError
    assert (result.osError, result.args) == (errno.ECONNREFUSED, ("no",))
