"""
The client of memcached, in its text protocol.

Specification: https://github.com/memcached/memcached/blob/master/doc/protocol.txt. Requests may follow each other without
waiting; the answers come in their order. `_Answer` and its kinds take the lines of an answer and never see a transport.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, TimeoutError, fail
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols.basic import LineReceiver
from reactorio.protocols.policies import TimeoutMixin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.python.failure import Failure

__all__ = ["DEFAULT_PORT", "ClientError", "MemCacheProtocol", "NoSuchCommand", "ServerError"]

DEFAULT_PORT = 11211

_log = Logger()

# What a key must not have in it: it would end there, and the rest be an argument, or a request.
_NOT_IN_KEYS = re.compile(rb"[\x00-\x20\x7f]")


class NoSuchCommand(Exception):
    """The server does not know the request."""


class ClientError(Exception):
    """The request is malformed: the server says so, or it was not even sent."""


class ServerError(Exception):
    """The server could not do it."""


_ERRORS: dict[bytes, type[Exception]] = {b"CLIENT_ERROR": ClientError, b"SERVER_ERROR": ServerError}


# Answers


def _number(text: bytes) -> int:
    # The largest number of theirs, 64 bits of it, has 20 digits.
    if not text.isdigit() or len(text) > 20:
        raise RuntimeError(f"The server sent {text!r} for a number")
    return int(text)


class _Answer:
    """
    The answer to one request: here that of something that was done or not.

    Attributes:
        arrived: The Deferred that the request returned.
        result: What it fires with.
        awaited: How many bytes of data follow, not counting the end of line; None if a line does.
    """

    _words = {
        b"STORED": True,
        b"NOT_STORED": False,
        b"EXISTS": False,
        b"NOT_FOUND": False,
        b"DELETED": True,
        b"OK": True,
    }

    def __init__(self) -> None:
        self.arrived: Deferred[Any] = Deferred()
        self.result: Any = None
        self.awaited: int | None = None

    def take_line(self, word: bytes, rest: bytes) -> bool:
        """
        Take a line, whose first word is ``word``; return whether the answer is complete.

        Raises:
            RuntimeError: It is no answer to the request.
        """
        if rest or word not in self._words:
            raise self._unexpected(word)
        self.result = self._words[word]
        return True

    def take_data(self, data: bytes) -> None:
        """Take the data for which there was a line."""
        raise self._unexpected(data)

    def _unexpected(self, word: bytes) -> RuntimeError:
        return RuntimeError(f"Unexpected answer from the server: {word!r}")


class _NumberAnswer(_Answer):
    """The value that was incremented; False if there is none."""

    def take_line(self, word: bytes, rest: bytes) -> bool:
        # A decremented value keeps its length, with blanks.
        self.result = False if word == b"NOT_FOUND" else _number(word)
        return True


class _VersionAnswer(_Answer):
    def take_line(self, word: bytes, rest: bytes) -> bool:
        if word != b"VERSION" or not rest:
            raise self._unexpected(word)
        self.result = rest
        return True


class _StatisticsAnswer(_Answer):
    def __init__(self) -> None:
        super().__init__()
        self.result: dict[bytes, bytes] = {}

    def take_line(self, word: bytes, rest: bytes) -> bool:
        if word == b"STAT":
            name, _, value = rest.partition(b" ")
            self.result[name] = value
            return False
        # "stats reset" and the like are answered with a word.
        if word not in (b"END", b"RESET", b"OK"):
            raise self._unexpected(word)
        return True


class _ValuesAnswer(_Answer):
    """The values of keys; those that the server does not have stay what they are here."""

    def __init__(self, keys: Iterable[bytes], with_identifier: bool, longest: int) -> None:
        super().__init__()
        missing: tuple[Any, ...] = (0, b"", None) if with_identifier else (0, None)
        self.result: Any = dict.fromkeys(keys, missing)
        self._with_identifier = with_identifier
        self._longest = longest

    def take_line(self, word: bytes, rest: bytes) -> bool:
        if word == b"END":
            return True
        key, *numbers = rest.split(b" ")
        if word != b"VALUE" or len(numbers) not in (2, 3):
            raise self._unexpected(word)
        if key not in self.result:
            raise RuntimeError(f"The server sent a value for {key!r}, which was not asked for")
        self._key, self._flags, self.awaited = key, _number(numbers[0]), _number(numbers[1])
        self._identifier = numbers[2] if len(numbers) == 3 else b""
        if self.awaited > self._longest:
            raise RuntimeError(f"The server sends a value of {self.awaited} bytes")
        return False

    def take_data(self, data: bytes) -> None:
        self.awaited = None
        identifier = (self._identifier,) if self._with_identifier else ()
        self.result[self._key] = (self._flags, *identifier, data)


class _ValueAnswer(_ValuesAnswer):
    """The value of one key."""

    def take_line(self, word: bytes, rest: bytes) -> bool:
        complete = super().take_line(word, rest)
        if complete:
            (self.result,) = self.result.values()
        return complete


# The protocol


class MemCacheProtocol(LineReceiver, TimeoutMixin):
    """
    A connection to memcached.

    Each request returns a Deferred. It fails with `ClientError` when the request cannot be sent or the server refuses
    it, `ServerError` and `NoSuchCommand` when the server says so, `reactorio.internet.defer.TimeoutError` when the oldest
    request is not answered in time, RuntimeError when there is no connection, and with the reason why it is lost.

    Unlike Twisted: keys with blanks or control characters are refused, because they would be further requests; an answer
    to another request than the oldest closes the connection.

    Args:
        timeOut: How many seconds the server has for an answer; None for any number.

    Attributes:
        MAX_KEY_LENGTH: How long a key may be, in bytes.
        MAX_VALUE_LENGTH: How long a value may be that the server sends.
    """

    MAX_KEY_LENGTH = 250
    MAX_VALUE_LENGTH = 128 * 1024 * 1024
    _disconnected = False

    def __init__(self, timeOut: float | None = 60) -> None:
        self._current: deque[_Answer] = deque()
        self._pieces: list[bytes] = []
        self._missing = 0
        self.persistentTimeOut = self.timeOut = timeOut

    # ---- the connection

    def timeoutConnection(self) -> None:
        """There is no answer: fail what waits for one, and close the connection."""
        self._fail_all(TimeoutError("Connection timeout"))
        # Aborted where that is possible: who does not answer does not read either.
        getattr(self.transport, "abortConnection", self.transport.loseConnection)()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._disconnected = True
        self._fail_all(reason)
        self.setTimeout(None)

    def _fail_all(self, reason: Failure | Exception) -> None:
        while self._current:
            self._current.popleft().arrived.errback(reason)

    # ---- answers

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the oldest request's answer."""
        if not self._current:
            raise RuntimeError(f"The server sent {line!r} without a request")
        # Some servers write these two with a blank.
        line = {b"NOT STORED": b"NOT_STORED", b"NOT FOUND": b"NOT_FOUND"}.get(line, line)
        word, _, rest = line.partition(b" ")
        if word == b"ERROR":
            self._done().errback(NoSuchCommand(*([repr(rest)] if rest else [])))
        elif word in _ERRORS:
            self._done().errback(_ERRORS[word](repr(rest)))
        else:
            answer = self._current[0]
            if answer.take_line(word, rest):
                self._done().callback(answer.result)
            elif answer.awaited is not None:
                self._missing = answer.awaited + len(self.delimiter)
                self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        """Take the data of a value, and the end of line after it."""
        self._pieces.append(data[: self._missing])
        rest = data[self._missing :]
        self._missing -= len(self._pieces[-1])
        if self._missing or not self._current:
            return
        value = b"".join(self._pieces)
        self._pieces.clear()
        if not value.endswith(self.delimiter):
            raise RuntimeError("The server sent more data than it said")
        self._current[0].take_data(value[: -len(self.delimiter)])
        self.setLineMode(rest)

    def _done(self) -> Deferred[Any]:
        answer = self._current.popleft()
        self.setTimeout(self.persistentTimeOut if self._current else None)
        return answer.arrived

    # ---- requests

    def _ask(self, answer: _Answer, line: bytes, data: bytes | None = None) -> Deferred[Any]:
        if not self._current:
            self.setTimeout(self.persistentTimeOut)
        self._current.append(answer)
        self.sendLine(line)
        if data is not None:
            self.sendLine(data)
        return answer.arrived

    def _refusal(self, keys: Iterable[object], value: object = b"") -> Deferred[Any] | None:
        """Return what a request that cannot be sent returns; None for one that can."""
        if self._disconnected:
            return fail(RuntimeError("not connected"))
        for key in keys:
            if not isinstance(key, bytes):
                return fail(ClientError(f"Invalid type for key: {type(key)}, expecting bytes"))
            if len(key) > self.MAX_KEY_LENGTH:
                return fail(ClientError("Key too long"))
            if not key or _NOT_IN_KEYS.search(key):
                return fail(ClientError(f"Invalid key: {key!r}"))
        if not isinstance(value, bytes):
            return fail(ClientError(f"Invalid type for value: {type(value)}, expecting bytes"))
        return None

    def increment(self, key: bytes, val: int = 1) -> Deferred[Any]:
        """Add ``val`` to the number that is a key's value; the result is the new one, False if there is no value."""
        return self._incrdecr(b"incr", key, val)

    def decrement(self, key: bytes, val: int = 1) -> Deferred[Any]:
        """Subtract ``val`` likewise; the result is at least 0."""
        return self._incrdecr(b"decr", key, val)

    def _incrdecr(self, cmd: bytes, key: bytes, val: int) -> Deferred[Any]:
        return self._refusal([key]) or self._ask(_NumberAnswer(), b"%b %b %d" % (cmd, key, int(val)))

    def set(self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[Any]:
        """
        Store a value.

        Args:
            key: Its key.
            val: The value.
            flags: A number that is stored with it.
            expireTime: After how many seconds it is forgotten, 0 for never; above 30 days the time since 1970.

        Returns:
            A Deferred of whether it was stored.
        """
        return self._set(b"set", key, val, flags, expireTime, b"")

    def add(self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[Any]:
        """Store a value if there is none; see `set`."""
        return self._set(b"add", key, val, flags, expireTime, b"")

    def replace(self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[Any]:
        """Store a value if there is one; see `set`."""
        return self._set(b"replace", key, val, flags, expireTime, b"")

    def checkAndSet(self, key: bytes, val: bytes, cas: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[Any]:
        """Store a value if the one that is there is still that whose identifier is ``cas``; see `set` and `get`."""
        return self._set(b"cas", key, val, flags, expireTime, cas)

    def append(self, key: bytes, val: bytes) -> Deferred[Any]:
        """Put ``val`` after the value that is there; see `set`."""
        return self._set(b"append", key, val, 0, 0, b"")

    def prepend(self, key: bytes, val: bytes) -> Deferred[Any]:
        """Put ``val`` before the value that is there; see `set`."""
        return self._set(b"prepend", key, val, 0, 0, b"")

    def _set(self, cmd: bytes, key: bytes, val: bytes, flags: int, expireTime: int, cas: bytes) -> Deferred[Any]:
        refusal = self._refusal([key], val)
        if refusal is None and cas and not cas.isdigit():
            refusal = fail(ClientError(f"Invalid identifier: {cas!r}"))
        if refusal is not None:
            return refusal
        line = b"%b %b %d %d %d" % (cmd, key, flags, expireTime, len(val))
        return self._ask(_Answer(), line + b" " + cas if cas else line, val)

    def get(self, key: bytes, withIdentifier: bool = False) -> Deferred[Any]:
        """
        Fetch a value.

        Returns:
            A Deferred of the flags and the value, ``(0, None)`` if there is none; with ``withIdentifier``, what
            `checkAndSet` wants comes between the two.
        """
        answer = _ValueAnswer([key], withIdentifier, self.MAX_VALUE_LENGTH)
        return self._refusal([key]) or self._get([key], withIdentifier, answer)

    def getMultiple(self, keys: Iterable[bytes], withIdentifier: bool = False) -> Deferred[Any]:
        """Fetch several values; the result is a dictionary by key of what `get` returns."""
        keys = list(keys)
        answer = _ValuesAnswer(keys, withIdentifier, self.MAX_VALUE_LENGTH)
        return self._refusal(keys) or self._get(keys, withIdentifier, answer)

    def _get(self, keys: list[bytes], with_identifier: bool, answer: _Answer) -> Deferred[Any]:
        return self._ask(answer, b" ".join([b"gets" if with_identifier else b"get", *keys]))

    def stats(self, arg: bytes | None = None) -> Deferred[Any]:
        """Fetch statistics, of the kind ``arg`` if it is given; the result is a dictionary."""
        # An argument may be several words.
        return self._refusal([] if arg is None else arg.split(b" ")) or self._ask(
            _StatisticsAnswer(), b"stats" if arg is None else b"stats " + arg
        )

    def version(self) -> Deferred[Any]:
        """Fetch the server's version."""
        return self._refusal([]) or self._ask(_VersionAnswer(), b"version")

    def delete(self, key: bytes) -> Deferred[Any]:
        """Delete a value; the result is whether there was one."""
        return self._refusal([key]) or self._ask(_Answer(), b"delete " + key)

    def flushAll(self) -> Deferred[Any]:
        """Delete all values."""
        return self._refusal([]) or self._ask(_Answer(), b"flush_all")
