"""
A line server with users: whoever logs in has notes, anybody may read the time.

    python -m reactorio.cred.passwd passwords alice
    reactorio run examples/login_server.py --port 8002 --auth hashed:passwords --auth anonymous

Try it with `nc 127.0.0.1 8002`: `login alice SECRET`, or `login` for a guest; then `help`. The password is sent in clear,
which is good for a try on one machine and for nothing else.
"""

import sys
import time

from twisted.cred import credentials, error, portal, strcred
from twisted.internet import protocol, reactor
from twisted.protocols.basic import LineReceiver
from twisted.python import log, usage
from zope.interface import Interface, implementer


class ICommands(Interface):
    """What a user can do here: the avatars of this server provide it."""

    def commands():
        """Return functions by name; each takes the rest of the line and returns the lines of the answer."""


@implementer(ICommands)
class Guest:
    """The avatar of nobody in particular."""

    name = "guest"

    def commands(self):
        return {"time": lambda rest: [time.strftime("%H:%M")]}


@implementer(ICommands)
class User(Guest):
    """The avatar of somebody with a name: it lives as long as the server, across logins."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[str] = []
        self.sessions = 0

    def commands(self):
        return {**super().commands(), "note": self.note, "notes": lambda rest: self.notes}

    def note(self, text: str) -> list[str]:
        self.notes.append(text)
        return [f"noted, {len(self.notes)} by now"]


@implementer(portal.IRealm)
class Realm:
    """The application: who is who here. It knows nothing of passwords."""

    def __init__(self) -> None:
        self.users: dict[bytes, User] = {}

    async def requestAvatar(self, avatarId, mind, *interfaces):
        if ICommands not in interfaces:
            raise NotImplementedError("this realm has line commands only")
        if not avatarId:
            return ICommands, Guest(), lambda: None
        user = self.users.setdefault(avatarId, User(avatarId.decode()))
        user.sessions += 1

        def logout() -> None:
            user.sessions -= 1
            log.msg(f"{user.name} has left, {user.sessions} of their sessions remain")

        return ICommands, user, logout


class Lines(LineReceiver):
    """The protocol: it turns lines into credentials, and then into commands. It knows nothing of users."""

    delimiter = b"\n"
    avatar = None
    logout = None
    busy = None

    def __init__(self, portal: portal.Portal) -> None:
        self.portal = portal

    def lineReceived(self, line: bytes) -> None:
        command, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if self.avatar is None:
            self.login(command, rest)
            return
        commands = self.avatar.commands()
        if command in commands:
            self.say(*commands[command](rest))
        else:
            self.say("there is: " + " ".join(sorted(commands)))

    def login(self, command: str, rest: str) -> None:
        if command != "login":
            self.say("please login")
            return
        name, _, password = rest.partition(" ")
        offered = credentials.UsernamePassword(name.encode(), password.encode()) if name else credentials.Anonymous()
        offered.peer = self.transport.getPeer()  # for the audit log
        # Lines that arrive meanwhile wait: a second login must not overtake the first.
        self.pauseProducing()
        self.busy = self.portal.login(offered, self, ICommands)
        self.busy.addCallbacks(self.loggedIn, self.refused).addErrback(log.err).addBoth(self.loginEnded)

    def loginEnded(self, result) -> None:
        self.busy = None
        if self.connected:
            self.resumeProducing()

    def loggedIn(self, login) -> None:
        _, self.avatar, self.logout = login
        self.say(f"welcome, {self.avatar.name}")

    def refused(self, failure) -> None:
        # A checker that broke is neither: its failure goes to the log.
        if failure.check(error.UnauthorizedLogin):
            self.say("no")
        elif failure.check(error.UnhandledCredentials):
            self.say("not without a name")
        else:
            self.say("not now")
            log.err(failure, "a login could not be checked")

    def connectionLost(self, reason) -> None:
        if self.busy is not None:
            self.busy.cancel()
        if self.logout is not None:
            self.logout()

    def say(self, *lines: str) -> None:
        if self.connected:
            self.sendLine("\n".join(lines or ["nothing"]).encode())


class Server(protocol.Factory):
    def __init__(self, portal: portal.Portal) -> None:
        self.portal = portal

    def buildProtocol(self, addr):
        return Lines(self.portal)


class Options(usage.Options, strcred.AuthOptionMixin):
    supportedInterfaces = (credentials.IUsernamePassword, credentials.IAnonymous)
    optParameters = [["port", "p", 8002, "Where to listen; 0 takes any that is free.", usage.portCoerce]]


def main() -> None:
    options = Options()
    try:
        options.parseOptions()
    except usage.UsageError as wrong:
        raise SystemExit(f"{sys.argv[0]}: {wrong}") from None
    log.startLogging(sys.stdout)
    door = portal.Portal(Realm(), options.get("credCheckers", []))
    listening = reactor.listenTCP(options["port"], Server(door))
    log.msg(f"login server on port {listening.getHost().port}")
    reactor.run()


if __name__ == "__main__":
    main()
