"""Questions and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, overload

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred, fail, maybeDeferred
from reactorio.internet.error import ConnectionLost
from reactorio.logger import Logger
from reactorio.protocols._amp.boxes import (
    ANSWER,
    ASK,
    COMMAND,
    ERROR,
    ERROR_CODE,
    ERROR_DESCRIPTION,
    MAX_VALUE_LENGTH,
    AmpBox,
    QuitBox,
)
from reactorio.protocols._amp.errors import (
    PROTOCOL_ERRORS,
    UNHANDLED_ERROR_CODE,
    UNKNOWN_ERROR_CODE,
    MalformedAmpBox,
    NoEmptyBoxes,
    ProtocolSwitched,
    RemoteAmpError,
    UnhandledCommand,
)
from reactorio.protocols._amp.interfaces import IBoxReceiver
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.protocols._amp.commands import Command
    from reactorio.protocols._amp.interfaces import IBoxSender, IResponderLocator

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_log = Logger()


@implementer(IBoxReceiver)
class BoxDispatcher:
    """
    Asks questions and has those of the peer answered.

    A question has a number, by which its answer or its error is known.

    Args:
        locator: Knows who answers.

    Attributes:
        boxSender: Sends boxes, between `startReceivingBoxes` and `stopReceivingBoxes`.
        locator: See above.
    """

    boxSender: IBoxSender | None = None
    locator: IResponderLocator

    _counter = 0
    # Why no question will be answered any more.
    _failAllReason: Failure | None = None
    _outstandingRequests: dict[bytes, Deferred[AmpBox]]

    def __init__(self, locator: IResponderLocator) -> None:
        self._outstandingRequests = {}
        self.locator = locator

    def startReceivingBoxes(self, boxSender: IBoxSender) -> None:
        self.boxSender = boxSender

    def stopReceivingBoxes(self, reason: Failure) -> None:
        """Let all questions fail."""
        self.failAllOutgoing(reason)

    def failAllOutgoing(self, reason: Failure) -> None:
        """Let all questions fail, those to come as well."""
        self._failAllReason = reason
        outstanding, self._outstandingRequests = self._outstandingRequests, {}
        for question in outstanding.values():
            question.errback(reason)

    # ---- asking

    def callRemote(self, commandType: type[Command], *a: Any, **kw: Any) -> Deferred[dict[str, Any]]:
        """
        Have the peer answer a command.

        Args:
            commandType: The command.
            a, kw: What it is made with: its arguments, by identifier.

        Returns:
            A Deferred of the response, a dictionary by identifier. It fails with one of the command's errors, with
            `UnknownRemoteError`, with `UnhandledCommand`, with `InvalidSignature` if an argument is missing, or with
            what ended the connection. Cancelling it forgets the answer; the peer is not told. A command with a false
            ``requiresAnswer`` has None for a Deferred.

            What fails in callbacks that were added before the answer arrived, and is not dealt with, closes the
            connection.

        Raises:
            InvalidSignature: There is an argument too many.
            TooLong: An argument is.
            ProtocolSwitched: Another protocol has the connection.
        """
        try:
            command = commandType(*a, **kw)
        except BaseException:
            return fail()
        # A command without answer is known as such where it is called; to make all others prove theirs helps nobody.
        return cast("Deferred[dict[str, Any]]", command._doCommand(self))

    @overload
    def callRemoteString(self, command: bytes, requiresAnswer: Literal[True] = ..., **kw: Any) -> Deferred[AmpBox]: ...

    @overload
    def callRemoteString(self, command: bytes, requiresAnswer: Literal[False], **kw: Any) -> None: ...

    @overload
    def callRemoteString(self, command: bytes, requiresAnswer: bool, **kw: Any) -> Deferred[AmpBox] | None: ...

    def callRemoteString(self, command: bytes, requiresAnswer: bool = True, **kw: Any) -> Deferred[AmpBox] | None:
        """
        Have the peer answer a command, box for box.

        Args:
            command: Its name.
            requiresAnswer: Return a Deferred of the answer? Otherwise None.
            kw: What is in the box.
        """
        return self._sendBoxCommand(command, AmpBox(kw), requiresAnswer)

    def _sendBoxCommand(self, command: bytes, box: AmpBox, requiresAnswer: bool = True) -> Deferred[AmpBox] | None:
        if self._failAllReason is not None:
            return fail(self._failAllReason) if requiresAnswer else None
        box[COMMAND] = command
        if not requiresAnswer:
            box._sendTo(self.boxSender)
            return None
        tag = box[ASK] = self._nextTag()
        box._sendTo(self.boxSender)
        question: Deferred[AmpBox] = Deferred()
        self._outstandingRequests[tag] = question
        return question

    def _nextTag(self) -> bytes:
        self._counter += 1
        return b"%x" % self._counter

    # ---- what arrives

    def ampBoxReceived(self, box: AmpBox) -> None:
        """
        Take an answer, an error or a question.

        Raises:
            NoEmptyBoxes: It is none of these.
            MalformedAmpBox: It answers what was not asked, or is an error without a code. Unlike Twisted's KeyError.
        """
        if ANSWER in box:
            self._answerReceived(box)
        elif ERROR in box:
            self._errorReceived(box)
        elif COMMAND in box:
            self._commandReceived(box)
        else:
            raise NoEmptyBoxes(box)

    def _asked(self, tag: bytes) -> Deferred[AmpBox]:
        question = self._outstandingRequests.pop(tag, None)
        if question is None:
            raise MalformedAmpBox(f"an answer to {tag!r}, which was not asked")
        if not question.called:
            # The last in line: whoever asked has had the time to deal with errors. Who has cancelled it wants no more.
            question.addErrback(self.unhandledError)
        return question

    def _answerReceived(self, box: AmpBox) -> None:
        self._asked(box[ANSWER]).callback(box)

    def _errorReceived(self, box: AmpBox) -> None:
        if ERROR_CODE not in box or ERROR_DESCRIPTION not in box:
            raise MalformedAmpBox("an error without code or description")
        code, description = box[ERROR_CODE], box[ERROR_DESCRIPTION].decode("utf-8", "replace")
        error = (
            PROTOCOL_ERRORS[code](code, description) if code in PROTOCOL_ERRORS else RemoteAmpError(code, description)
        )
        self._asked(box[ERROR]).errback(Failure(error))

    def _commandReceived(self, box: AmpBox) -> None:
        answer = self.dispatchCommand(box)
        tag = box.get(ASK)
        if tag is not None:
            answer.addCallbacks(self._answer, self._answer_error, (tag,), errbackArgs=(tag,))
        answer.addErrback(self.unhandledError)

    def dispatchCommand(self, box: AmpBox) -> Deferred[Any]:
        """Have a question answered; return a Deferred of the answer's box."""
        command = box[COMMAND]
        responder = self.locator.locateResponder(command)
        if responder is None:
            description = f"Unhandled Command: {command!r}"
            return fail(RemoteAmpError(UNHANDLED_ERROR_CODE, description, False, Failure(UnhandledCommand())))
        return maybeDeferred(responder, box)

    def _answer(self, answer: Any, tag: bytes) -> None:
        answer[ANSWER] = tag
        self._safeEmit(answer)

    def _answer_error(self, failure: Failure, tag: bytes) -> None:
        self._safeEmit(_error_box(failure, tag))

    def _safeEmit(self, aBox: Any) -> None:
        """Send a box if there still is somebody to send it to."""
        try:
            aBox._sendTo(self.boxSender)
        except (ProtocolSwitched, ConnectionLost):
            # Who asked has gone, and has been told that there will be no answer.
            pass

    def unhandledError(self, failure: Failure) -> Any:
        """Leave an error that nobody deals with to the `boxSender`."""
        if self.boxSender is None:
            # Nothing was ever received: there is no connection to close.
            return failure
        return self.boxSender.unhandledError(failure)


def _error_box(failure: Failure, tag: bytes) -> AmpBox:
    """Return the box that tells the peer. What is none of the command's errors is for the log here, and ends it all."""
    error = failure.value
    code: bytes
    description: Any
    if isinstance(error, RemoteAmpError):
        code, description = error.errorCode, error.description
        box = QuitBox() if error.fatal else AmpBox()
    else:
        _log.failure("while receiving response to command", failure)
        code, description = UNKNOWN_ERROR_CODE, "Unknown Error"
        box = QuitBox()
    box[ERROR] = tag
    box[ERROR_CODE] = code
    # In whatever words: a traceback of some length must not be the end of the connection.
    words = description if isinstance(description, bytes) else str(description).encode("utf-8", "backslashreplace")
    box[ERROR_DESCRIPTION] = words[:MAX_VALUE_LENGTH]
    return box
