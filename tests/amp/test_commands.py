"""Commands, and who answers them, in memory."""

from __future__ import annotations

import pytest

from reactorio.internet.defer import Deferred, fail, succeed
from reactorio.internet.error import ConnectionDone, ConnectionLost
from reactorio.protocols import amp

from .talk import Ask, Grave, Pair, Receiver, Refused, Says, Special, Tell, asked, errors_of, raises


def test_a_command_has_the_name_of_its_class(tw):
    amp = tw("protocols.amp")

    class Base(amp.Command):
        commandName = b"other"

    class Derived(Base):
        pass

    assert (Base.commandName, Derived.commandName) == (b"other", b"Derived")


@pytest.mark.parametrize(
    ("attribute", "value", "what"),
    [
        ("commandName", "x", "Command"),
        ("arguments", [("x", None)], "Argument"),
        ("response", [("x", None)], "Response"),
        ("errors", {ValueError: "x"}, "Error"),
        ("fatalErrors", [(ValueError, "x")], "Fatal error"),
    ],
)
def test_what_is_on_the_wire_has_names_in_bytes(tw, attribute, value, what):
    with pytest.raises(TypeError, match=f"{what} names must be byte strings, got: 'x'"):
        type("Bad", (tw("protocols.amp").Command,), {attribute: value})


def test_the_errors_of_bases_are_those_of_a_command(tw):
    amp = tw("protocols.amp")

    class Base(amp.Command):
        errors = {KeyError: b"KEY"}
        fatalErrors = {OSError: b"OS"}

    class Derived(Base):
        errors = {ValueError: b"VALUE"}

    assert Derived.allErrors == {KeyError: b"KEY", ValueError: b"VALUE", OSError: b"OS"}
    assert Derived.reverseErrors == {b"KEY": KeyError, b"VALUE": ValueError, b"OS": OSError}
    assert Derived.errors == {ValueError: b"VALUE"}


class Fussy(amp.Command):
    arguments = [(b"from", amp.Integer()), (b"to", amp.Integer()), (b"by", amp.Integer(optional=True))]


def test_a_missing_argument_is_told_by_the_deferred_and_one_too_many_at_once():
    with pytest.raises(amp.InvalidSignature, match="forgot From, to for b'Fussy'"):
        Fussy(by=3)
    sender = amp.BoxDispatcher(amp.CommandLocator())
    failure = errors_of(sender.callRemote(Fussy, to=2))
    assert isinstance(failure[0], amp.InvalidSignature)
    with pytest.raises(amp.InvalidSignature, match="more is not a valid argument"):
        sender.callRemote(Fussy, From=1, to=2, more=3)
    with pytest.raises(amp.InvalidSignature, match="from is not a valid argument"):
        Fussy.makeArguments({"from": 1, "to": 2}, None)


def test_a_command_makes_and_reads_its_boxes(tw):
    amp = tw("protocols.amp")

    class Add(amp.Command):
        arguments = [(b"left", amp.Integer()), (b"right", amp.Integer(optional=True))]
        response = [(b"sum", amp.Integer())]

    assert Add.makeArguments({"left": 1}, None) == {b"left": b"1"}
    assert Add.parseArguments({b"left": b"1", b"other": b"x"}, None) == {"left": 1, "right": None}
    assert Add.makeResponse({"sum": 3, "other": 4}, None) == {b"sum": b"3"}
    assert Add.parseResponse({b"sum": b"3", b"_answer": b"1"}, None) == {"sum": 3}


def test_an_answer_comes_back():
    pair, answers, _ = asked(lambda: {"answer": "!"})
    assert pair.ends[0].asked == ["?"]
    assert answers == [{"answer": "!"}]
    assert pair.open


def test_a_responder_may_return_a_deferred():
    later = Deferred()
    pair, answers, _ = asked(lambda: later)
    assert answers == []
    later.callback({"answer": "!"})
    pair.turn()
    assert answers == [{"answer": "!"}]


def test_a_responder_may_be_a_coroutine():
    later = Deferred()

    async def answer():
        return {"answer": await later}

    pair, answers, _ = asked(answer)
    later.callback("!")
    pair.turn()
    assert answers == [{"answer": "!"}]


def test_a_coroutine_may_raise_the_commands_errors():
    async def answer():
        await succeed(None)
        raise Refused("no")

    _, _, errors = asked(answer)
    assert (type(errors[0]), str(errors[0])) == (Refused, "no")


@pytest.mark.parametrize("answer", [raises(Refused("no \N{SNOWMAN}")), lambda: fail(Special("no \N{SNOWMAN}"))])
def test_an_error_of_the_commands_is_the_callers(answer):
    pair, _, errors = asked(answer)
    assert (type(errors[0]), str(errors[0])) == (Refused, "no \N{SNOWMAN}")
    assert pair.open


def test_a_fatal_error_closes_the_connection():
    pair, _, errors = asked(raises(Grave("the end")))
    assert (type(errors[0]), str(errors[0])) == (Grave, "the end")
    assert not pair.open


def test_another_error_is_logged_and_closes_the_connection(logged_errors):
    pair, _, errors = asked(raises(ZeroDivisionError("secret")))
    assert (type(errors[0]), str(errors[0])) == (amp.UnknownRemoteError, "Code<UNKNOWN>: Unknown Error")
    assert not pair.open
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


@pytest.mark.parametrize("answer", [None, {}, {"answer": 3}, "answer"])
def test_what_is_no_response_is_told_to_who_wrote_it(logged_errors, answer):
    pair, _, errors = asked(lambda: answer)
    assert isinstance(errors[0], amp.UnknownRemoteError)
    (error,) = logged_errors.flush(amp.BadLocalReturn)
    assert f"returned {answer!r} and {Ask!r} could not serialize it" in str(error)
    assert not pair.open


def test_an_error_may_be_given_as_the_peer_gets_it():
    _, _, errors = asked(raises(amp.RemoteAmpError(b"REFUSED", "in my words")))
    assert (type(errors[0]), str(errors[0])) == (Refused, "in my words")
    pair, _, errors = asked(raises(amp.RemoteAmpError(b"ELSE", "in my words", fatal=True)))
    assert (type(errors[0]), errors[0].description) == (amp.UnknownRemoteError, "in my words")
    assert not pair.open


def test_a_long_or_strange_description_is_no_end_of_the_connection():
    pair, _, errors = asked(raises(Refused("\ud800" + "x" * 100_000)))
    assert str(errors[0]) == ("\\ud800" + "x" * 100_000)[:65535]
    assert pair.open


def test_a_command_that_nobody_knows_is_told():
    class Unknown(amp.Command):
        pass

    pair = Pair(amp.AMP(), amp.AMP())
    errors = errors_of(pair.ends[1].callRemote(Unknown))
    pair.turn()
    assert (type(errors[0]), errors[0].args) == (
        amp.UnhandledCommand,
        (b"UNHANDLED", "Unhandled Command: b'Unknown'"),
    )
    assert pair.open


def test_a_question_without_answer_gets_none():
    pair = Pair(Says(lambda: {"answer": "!"}), amp.AMP())
    assert pair.ends[1].callRemote(Tell, what="?") is None
    assert pair.ends[1].callRemoteString(b"Ask", False, what=b"??") is None
    pair.turn()
    assert pair.ends[0].asked == ["?", "??"]
    assert pair.open


def test_an_error_that_nobody_asked_about_closes_the_connection(logged_errors):
    pair = Pair(Says(raises(Refused("no"))), amp.AMP())
    pair.ends[1].callRemote(Tell, what="?")
    pair.turn()
    assert not pair.open
    assert len(logged_errors.flush(amp.RemoteAmpError)) == 1


def test_an_error_that_the_caller_leaves_closes_the_connection(logged_errors):
    pair = Pair(Says(lambda: {"answer": "!"}), amp.AMP())
    pair.ends[1].callRemote(Ask, what="?").addCallback(lambda answer: answer["other"])
    pair.turn()
    assert not pair.open
    assert len(logged_errors.flush(KeyError)) == 1


def test_answers_come_in_any_order():
    later = []
    pair = Pair(Says(lambda: later.append(Deferred()) or later[-1]), amp.AMP())
    answers = []
    for number in range(20):
        pair.ends[1].callRemote(Ask, what=str(number)).addCallback(answers.append)
    pair.turn()
    for number, deferred in reversed(list(enumerate(later))):
        deferred.callback({"answer": str(number)})
    pair.turn()
    assert answers == [{"answer": str(number)} for number in reversed(range(20))]


def test_the_end_of_the_connection_is_the_answer_to_all_questions():
    later = Deferred()
    pair, _, errors = asked(lambda: later)
    pair.lose()
    assert isinstance(errors[0], ConnectionDone)
    assert isinstance(errors_of(pair.ends[1].callRemote(Ask, what="?"))[0], ConnectionDone)
    assert pair.ends[1].callRemote(Tell, what="?") is None
    # Nobody is there to get it; nobody minds.
    later.callback({"answer": "!"})
    with pytest.raises(ConnectionLost):
        pair.ends[1].sendBox(amp.Box(a=b"b"))


def test_who_cancels_a_question_has_forgotten_the_answer():
    later = Deferred()
    pair = Pair(Says(lambda: later), amp.AMP())
    question = pair.ends[1].callRemote(Ask, what="?")
    pair.turn()
    question.cancel()
    later.callback({"answer": "!"})
    pair.turn()
    question.addErrback(lambda failure: None)
    assert pair.open


@pytest.mark.parametrize(
    ("box", "error"),
    [
        (amp.Box(), amp.NoEmptyBoxes),
        (amp.Box(nothing=b"known"), amp.NoEmptyBoxes),
        (amp.Box(_ask=b"1"), amp.NoEmptyBoxes),
        (amp.Box(_answer=b"7"), amp.MalformedAmpBox),
        (amp.Box(_error=b"7", _error_code=b"X", _error_description=b"Y"), amp.MalformedAmpBox),
        (amp.Box(_error=b"1"), amp.MalformedAmpBox),
        (amp.Box(_error=b"1", _error_code=b"X"), amp.MalformedAmpBox),
    ],
)
def test_a_box_that_makes_no_sense_is_an_error(box, error):
    pair = Pair(amp.AMP(), amp.AMP())
    errors_of(pair.ends[1].callRemote(Ask, what="?"))
    with pytest.raises(error):
        pair.ends[1].dataReceived(box.serialize())


@pytest.mark.parametrize(
    ("box", "error"),
    [
        (amp.Box(), KeyError),
        (amp.Box(what=b"\xff"), UnicodeDecodeError),
    ],
)
def test_a_question_without_sense_is_answered_and_logged(logged_errors, box, error):
    pair = Pair(Says(lambda: {"answer": "!"}), amp.AMP())
    box.update({b"_command": b"Ask", b"_ask": b"1"})
    pair.ends[0].dataReceived(box.serialize())
    (answer,) = amp.parseString(pair.wires[0].value())
    assert answer == {b"_error": b"1", b"_error_code": b"UNKNOWN", b"_error_description": b"Unknown Error"}
    assert pair.wires[0].disconnecting
    assert len(logged_errors.flush(error)) == 1


@pytest.mark.parametrize("answer", [amp.Box(), amp.Box(answer=b"\xff")])
def test_an_answer_without_sense_is_the_callers(answer):
    pair = Pair(amp.AMP(), amp.AMP())
    errors = errors_of(pair.ends[1].callRemote(Ask, what="?"))
    answer[b"_answer"] = b"1"
    pair.ends[1].dataReceived(answer.serialize())
    assert type(errors[0]) in (KeyError, UnicodeDecodeError)


def test_an_errors_code_and_description_may_be_any_bytes():
    pair = Pair(amp.AMP(), amp.AMP())
    errors = errors_of(pair.ends[1].callRemoteString(b"x"))
    pair.ends[1].dataReceived(amp.Box(_error=b"1", _error_code=b"\xff", _error_description=b"\xffx").serialize())
    assert str(errors[0]) == "Code<\\xff>: \ufffdx"


def test_a_value_too_long_is_the_callers_and_no_question():
    pair = Pair(Says(lambda: {"answer": "!"}), amp.AMP())
    with pytest.raises(amp.TooLong):
        pair.ends[1].callRemote(Ask, what="x" * 65536)
    answers = []
    pair.ends[1].callRemote(Ask, what="x" * 65535).addCallback(answers.append)
    pair.turn()
    assert answers == [{"answer": "!"}]


def test_an_answer_too_long_closes_the_connection(logged_errors):
    _, _, errors = asked(lambda: {"answer": "x" * 65536})
    assert isinstance(errors[0], ConnectionDone)
    assert len(logged_errors.flush(amp.TooLong)) == 1


def test_a_box_that_quits_is_the_last():
    class Bye(amp.Command):
        responseType = amp.QuitBox

    class Leaves(amp.AMP):
        @Bye.responder
        def bye(self):
            return {}

    pair = Pair(Leaves(), amp.AMP())
    answers = []
    pair.ends[1].callRemote(Bye).addCallback(answers.append)
    pair.turn()
    assert answers == [{}]
    assert not pair.open


def test_responders_are_inherited_as_methods_are():
    class First(amp.CommandLocator):
        @Ask.responder
        def first(self, what):
            return {"answer": "first"}

    class Second(First):
        @Ask.responder
        def second(self, what):
            return {"answer": "second"}

    class Plain(First):
        pass

    class Both(Plain, Second):
        pass

    def answer(kind):
        return kind().locateResponder(b"Ask")(amp.Box(what=b"?")).result

    assert [answer(kind)[b"answer"] for kind in (First, Second, Plain, Both)] == [
        b"first",
        b"second",
        b"first",
        b"second",
    ]


def test_a_responder_need_not_have_a_name(tw):
    amp = tw("protocols.amp")

    class Ping(amp.Command):
        response = [(b"pong", amp.Boolean())]

    class Answers(amp.AMP):
        Ping.responder(lambda self: {"pong": True})

    class Other(amp.AMP):
        pass

    pair = Pair(Answers(), Other(), tw)
    answers = []
    pair.ends[1].callRemote(Ping).addCallback(answers.append)
    pair.turn()
    assert answers == [{"pong": True}]
    assert pair.ends[1].locateResponder(b"Ping") is None


def test_methods_with_the_names_of_commands_take_boxes(tw):
    amp = tw("protocols.amp")

    class Old(amp.AMP):
        def amp_ECHO(self, box):
            return amp.Box(said=box[b"say"])

    pair = Pair(Old(), amp.AMP(), tw)
    answers = []
    pair.ends[1].callRemoteString(b"echo", say=b"hello").addCallback(answers.append)
    pair.turn()
    assert answers == [{b"said": b"hello", b"_answer": b"1"}]


@pytest.mark.parametrize("name", [b"\xff", b"", b"a b", b"__class__"])
def test_no_name_of_a_command_reaches_anything_else(name):
    assert amp.AMP().locateResponder(name) is None


def test_boxes_and_responders_may_be_anothers(tw):
    amp = tw("protocols.amp")

    class Ping(amp.Command):
        response = [(b"pong", amp.Boolean())]

    class Locator(amp.CommandLocator):
        @Ping.responder
        def ping(self):
            return {"pong": True}

    receiver = Receiver()
    pair = Pair(amp.AMP(locator=Locator()), amp.AMP(), tw)
    answers = []
    pair.ends[1].callRemote(Ping).addCallback(answers.append)
    pair.turn()
    assert answers == [{"pong": True}]
    pair = Pair(amp.AMP(boxReceiver=receiver), amp.AMP(), tw)
    pair.ends[1].sendBox(amp.Box(a=b"b"))
    pair.turn()
    assert receiver.boxes == [{b"a": b"b"}]
    assert receiver.sender is pair.ends[0]
    pair.lose()
    assert type(receiver.reason).__name__ == "ConnectionDone"


def test_a_subclass_need_not_call_init(tw):
    amp = tw("protocols.amp")

    class Lazy(amp.AMP):
        def __init__(self):
            self.mine = True

        def amp_PING(self, box):
            return amp.Box()

    pair = Pair(Lazy(), Lazy(), tw)
    answers = []
    pair.ends[0].callRemoteString(b"ping").addCallback(answers.append)
    pair.turn()
    assert answers == [{b"_answer": b"1"}]


def test_classes_are_of_the_public_module():
    assert {getattr(amp, name).__module__ for name in amp.__all__ if isinstance(getattr(amp, name), type)} == {
        "reactorio.protocols.amp"
    }
