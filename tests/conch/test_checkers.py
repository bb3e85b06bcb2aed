"""Logins by key: what is signed, by whom, with which of the keys in which files."""

from __future__ import annotations

import asyncio
import io
import os
import pwd
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("reactorio.conch.checkers")

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from reactorio.conch import _authorizedkeys, checkers
from reactorio.conch.error import NotEnoughAuthentication, ValidPublicKey
from reactorio.conch.ssh import keys
from reactorio.conch.ssh.common import NS
from reactorio.cred import _crypt, error, portal, strcred
from reactorio.cred.credentials import ISSHPrivateKey, SSHPrivateKey, UsernamePassword
from reactorio.internet.defer import succeed
from reactorio.logger import capturedLogs, formatEvent
from reactorio.python.fakepwd import ShadowDatabase, UserDatabase

from . import openssh

ALICES = keys.Key(ed25519.Ed25519PrivateKey.generate())
OTHERS = keys.Key(ec.generate_private_key(ec.SECP256R1()))
LINE = ALICES.public().toString("openssh")


def outcome(deferred):
    """Return the result, or the class of the failure."""
    results = []
    deferred.addCallbacks(results.append, lambda failure: results.append(failure.type))
    return results[0]


def signed(name, key, sign=None):
    """Return what a user offers who has signed the request to log in (RFC 4252 section 7)."""
    blob, algorithm = key.blob(), key.supportedSignatureAlgorithms()[0]
    data = NS(b"session id") + b"\x32" + NS(name) + NS(b"ssh-connection") + NS(b"publickey") + b"\1"
    data += NS(algorithm) + NS(blob)
    return SSHPrivateKey(name, algorithm, blob, data, sign(data) if sign else key.sign(data, algorithm))


# -- The checker.


def memory_of(*authorized):
    return checkers.InMemorySSHKeyDB({b"alice": [key.public() for key in authorized]})


def test_who_has_signed_with_an_authorized_key_is_let_in():
    checker = checkers.SSHPublicKeyChecker(memory_of(OTHERS, ALICES))
    assert outcome(checker.requestAvatarId(signed(b"alice", ALICES))) == b"alice"
    assert outcome(checker.requestAvatarId(signed(b"bob", ALICES))) is error.UnauthorizedLogin
    checker = checkers.SSHPublicKeyChecker(memory_of(OTHERS))
    assert outcome(checker.requestAvatarId(signed(b"alice", ALICES))) is error.UnauthorizedLogin


def test_a_signature_of_something_else_lets_nobody_in():
    checker = checkers.SSHPublicKeyChecker(memory_of(ALICES))
    for signature in (b"x", NS(b"ssh-ed25519") + NS(b"x"), ALICES.sign(b"other"), OTHERS.sign(b"other")):
        offered = signed(b"alice", ALICES, lambda data, signature=signature: signature)
        assert outcome(checker.requestAvatarId(offered)) is error.UnauthorizedLogin


@pytest.mark.parametrize("key", [ALICES, OTHERS])
def test_without_a_signature_nobody_learns_whose_keys_are_authorized(key):
    checker = checkers.SSHPublicKeyChecker(memory_of(ALICES))
    offered = signed(b"alice", key)
    offered.signature = None
    assert outcome(checker.requestAvatarId(offered)) is ValidPublicKey


def test_what_is_no_key_is_a_bad_one():
    checker = checkers.SSHPublicKeyChecker(memory_of(ALICES))
    assert outcome(checker.requestAvatarId(SSHPrivateKey(b"alice", b"", b"zz", b"", b"z"))) is keys.BadKeyError


def test_keys_may_come_later(run):
    async def in_a_coroutine(username):
        await asyncio.sleep(0)
        return [ALICES.public()]

    class Later:
        def __init__(self, find):
            self.getAuthorizedKeys = find

    async def main():
        found = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(found.set_result, [ALICES.public()])
        ways = (in_a_coroutine, lambda name: succeed([ALICES.public()]), lambda name: found)
        return [
            await checkers.SSHPublicKeyChecker(Later(find)).requestAvatarId(signed(b"alice", ALICES)) for find in ways
        ]

    assert run(main()) == [b"alice"] * 3


# -- Lines.


def read(content, parse=keys.Key.fromString):
    return list(checkers.readAuthorizedKeyFile(io.BytesIO(content), parse))


@pytest.fixture
def captured():
    with capturedLogs() as events:
        yield lambda: [formatEvent(event) for event in events]


def test_lines_may_have_comments_blanks_carriage_returns_and_any_bytes():
    lines = [
        b"# a comment, \xff",
        b"",
        b"  \t ",
        LINE,
        LINE + b" alice@\xff\xfe\xe4 with blanks\r",
        b"\t " + LINE.replace(b" ", b"  ") + b"  ",
        b"   # another " + LINE,
    ]
    assert read(b"\n".join(lines)) == [ALICES.public()] * 3
    assert read(b"\r\n".join(lines)) == [ALICES.public()] * 3


@pytest.mark.parametrize(
    "options",
    [
        b"pty",
        b"PTY,port-forwarding",
        b"agent-forwarding,X11-forwarding,user-rc",
        b'expiry-time="29990101"',
        b'pty,expiry-time="299901012359Z"\t',
        b'expiry-time="29990101235959"',
    ],
)
def test_options_that_can_be_kept_do_not_matter(options):
    assert read(options + b" " + LINE) == [ALICES.public()]


@pytest.mark.parametrize(
    "options",
    [
        b"restrict",
        b"no-pty",
        b"pty,no-port-forwarding",
        b'command="ls"',
        b'command="echo \\"a, ssh-rsa b\\"",pty',
        b'from="10.0.0.0/8"',
        b"cert-authority",
        b'principals="bob"',
        b"verify-required",
        b"no-touch-required",
        b'environment="A=b"',
        b'tunnel="0"',
        b"what-will-come",
        b'pty="x"',
        b"expiry-time",
        b'expiry-time="soon"',
        b'expiry-time="20200230"',
        b'expiry-time="20200101"',
        b'expiry-time="20200101120000Z"',
        b'command="unfinished',
        b"pty,",
        b',="',
    ],
)
def test_a_key_whose_options_cannot_be_kept_is_not_used(options, captured):
    assert read(options + b" " + LINE + b"\n" + LINE) == [ALICES.public()]
    [logged] = captured()
    assert logged.startswith("Unable to use line 1 of a file of authorized keys: ")
    assert LINE.split()[1].decode() not in logged


def test_a_key_works_up_to_the_second_in_which_it_expires(monkeypatch):
    monkeypatch.setenv("TZ", "UTC-3")
    time.tzset()
    try:
        for text, offset in ((b"20300102030405Z", 0), (b"20300102060405", 0), (b"203001020304Z", -5)):
            moment = 1893553445 + offset  # date -u -d '2030-01-02 03:04:05' +%s
            for now, expected in ((moment - 1, [ALICES.public()]), (moment, [])):
                monkeypatch.setattr(time, "time", lambda now=now: now)
                assert read(b'expiry-time="' + text + b'" ' + LINE) == expected
                monkeypatch.undo()
                monkeypatch.setenv("TZ", "UTC-3")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_parser_is_given_whole_lines():
    assert read(b'command="x" ssh-rsa AAAA me\nalice ssh-rsa x=\r\n', bytes.upper) == [
        b'COMMAND="X" SSH-RSA AAAA ME',
        b"ALICE SSH-RSA X=",
    ]


def test_a_line_that_is_too_long_is_left_out(captured):
    longest = LINE + b" " + b"c" * (_authorizedkeys.MAX_LINE - len(LINE) - 1)
    for end in (b"\n", b"\r\n"):
        assert read(longest + end + LINE) == [ALICES.public()] * 2
        assert captured() == []
    assert read(longest + b"c\n" + LINE) == [ALICES.public()]
    assert read(longest + b"c" * 100_000 + b"\n" + LINE) == [ALICES.public()]
    assert read(LINE + b"\n" + longest + b"c") == [ALICES.public()]
    assert len(captured()) == 3


def test_a_file_ends_where_it_is_too_long(captured):
    assert read((LINE + b"\n") * 3 + b"#\n" * (_authorizedkeys.MAX_LINES - 3) + LINE) == [ALICES.public()] * 3
    assert read(LINE + b"\n" + (b"#" * 9_999 + b"\n") * 419 + LINE) == [ALICES.public()] * 2
    assert read(LINE + b"\n" + (b"#" * 9_999 + b"\n") * 420 + LINE) == [ALICES.public()]
    assert read(LINE + b"\n" + b"#" * _authorizedkeys.MAX_FILE + b"\n" + LINE) == [ALICES.public()]
    assert len(captured()) == 3


@given(st.binary())
@example(b'="" ssh-')
@example(b'a="\\" ssh-rsa \n')
@example(b"\0 ssh-rsa AAAA")
def test_whatever_a_file_has_it_has_no_key(content):
    assert read(content) == []


# -- Files.


@pytest.fixture
def home(tmp_path):
    """The home of alice, who is whoever runs the tests, and what is authorized there."""

    class Home:
        path = tmp_path / "alice"
        folder = path / ".ssh"
        file = folder / "authorized_keys"
        users = UserDatabase()

        def keys(self, **options):
            return list(checkers.UNIXAuthorizedKeysFiles(self.users, **options).getAuthorizedKeys(b"alice"))

    home = Home()
    home.folder.mkdir(parents=True, mode=0o700)
    home.path.chmod(0o700)
    home.file.write_bytes(LINE + b"\n")
    home.file.chmod(0o600)
    home.users.addUser("alice", "", os.geteuid(), os.getegid(), "", str(home.path), "/bin/sh")
    return home


def test_both_files_count(home):
    (home.folder / "authorized_keys2").write_bytes(OTHERS.public().toString("openssh"))
    assert home.keys() == [ALICES.public(), OTHERS.public()]


@pytest.mark.parametrize("name", [b"nobody", b"a\0b", b"\xff", b"", "alice\ud800"])
def test_who_is_no_user_has_no_keys(name):
    assert list(checkers.UNIXAuthorizedKeysFiles().getAuthorizedKeys(name)) == []


def test_a_name_need_not_be_utf8(home):
    home.users.addUser("al\udcffce", "", 1, 1, "", str(home.path), "/bin/sh")
    assert list(checkers.UNIXAuthorizedKeysFiles(home.users).getAuthorizedKeys(b"al\xffce")) == [ALICES.public()]


def test_what_is_no_file_is_not_waited_for(home, captured):
    home.file.unlink()
    os.mkfifo(home.file)
    assert home.keys() == []
    home.file.unlink()
    home.file.symlink_to("/dev/zero")
    assert home.keys() == []
    assert [line.rpartition(" ")[2] for line in captured()] == ["file"] * 2


def test_strict_modes_take_what_only_the_user_can_change(home, captured):
    assert home.keys(strict_modes=True) == [ALICES.public()]
    assert captured() == []
    for path in (home.path, home.folder, home.file):
        mode = path.stat().st_mode
        for others in (0o020, 0o002):
            path.chmod(mode | others)
            assert home.keys() == [ALICES.public()]
            assert home.keys(strict_modes=True) == []
            assert captured()[-1].endswith(f"others can change {path}")
        path.chmod(mode)
    assert home.keys(strict_modes=True) == [ALICES.public()]


def test_strict_modes_follow_links(home, tmp_path, captured):
    shared = tmp_path / "shared"
    shared.mkdir()
    home.file.rename(shared / "keys")
    home.file.symlink_to(shared / "keys")
    shared.chmod(0o777)
    assert home.keys(strict_modes=True) == []
    assert captured()[-1].endswith(f"others can change {shared}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_strict_modes_want_the_users_own_files_or_roots(home):
    home.users.addUser("bob", "", 12345, 12345, "", str(home.path), "/bin/sh")
    bobs = checkers.UNIXAuthorizedKeysFiles(home.users, strict_modes=True)
    assert list(bobs.getAuthorizedKeys(b"bob")) == [ALICES.public()]  # they are root's
    os.chown(home.file, 12345, 12345)
    assert list(bobs.getAuthorizedKeys(b"bob")) == [ALICES.public()]
    os.chown(home.file, 12346, 12345)
    assert list(bobs.getAuthorizedKeys(b"bob")) == []


# -- Logins, from the command line's `--auth sshkey` to the avatar.


class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        return interfaces[0], avatarId, lambda: None


def log_in(credentials):
    front = portal.Portal(Realm(), [strcred.makeChecker("sshkey")])
    found = outcome(front.login(credentials, None, ISSHPrivateKey))
    return found[1] if isinstance(found, tuple) else found


@openssh.installed
@pytest.mark.parametrize("kind", openssh.KINDS)
def test_who_is_authorized_logs_in_with_what_the_agent_has_signed(kind, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pwd, "getpwnam", home.users.getpwnam)
    path = openssh.generate(tmp_path, kind, comment="Zo\u00eb")
    key = keys.Key.fromFile(path)
    with openssh.agent(tmp_path) as agent:
        agent.add(key.privateBlob())
        request = signed(b"alice", key, lambda data: agent.sign(key.blob(), data, 4))

        assert log_in(request) is error.UnauthorizedLogin
        home.file.write_bytes(LINE + b"\r\n" + path.with_suffix(".pub").read_bytes())
        assert log_in(request) == b"alice"
        request.sigData += b"x"
        assert log_in(request) is error.UnauthorizedLogin
        request.signature = None
        assert log_in(request) is ValidPublicKey
        home.file.chmod(0o666)
        assert log_in(signed(b"alice", key)) is error.UnauthorizedLogin


# -- The deprecated checker.


@pytest.fixture
def database(home):
    with pytest.deprecated_call():
        kind = checkers.SSHPublicKeyDatabase

    class Database(kind):
        _userdb = home.users

    return Database()


def test_the_deprecated_checker_reads_the_same_lines(home, database, logged_errors):
    home.file.write_bytes(b'command="x" ' + OTHERS.public().toString("openssh") + b"\nzz\nssh-rsa !\n" + LINE)
    assert outcome(database.requestAvatarId(signed(b"alice", ALICES))) == b"alice"
    assert outcome(database.requestAvatarId(signed(b"alice", OTHERS))) is error.UnauthorizedLogin
    assert outcome(database.requestAvatarId(signed(b"nobody", ALICES))) is error.UnauthorizedLogin
    assert [formatEvent(event) for event in logged_errors] == ["Unauthorized login due to internal error: 'nobody'"]
    logged_errors.clear()


def test_a_subclass_says_which_keys_count(database):
    database.checkKey = lambda credentials: succeed(credentials.username == b"bob")
    assert outcome(database.requestAvatarId(signed(b"bob", OTHERS))) == b"bob"
    assert outcome(database.requestAvatarId(signed(b"alice", ALICES))) is error.UnauthorizedLogin


# -- Several proofs.


def test_a_user_may_have_to_bring_more_than_one_proof():
    class Both(checkers.SSHProtocolChecker):
        def areDone(self, avatarId):
            return len({type(proof) for proof in self.successfulCredentials[avatarId]}) == 2

    passwords = strcred.makeChecker("memory:alice:secret")
    both = Both()
    both.registerChecker(passwords)
    both.registerChecker(checkers.SSHPublicKeyChecker(memory_of(ALICES)))
    for _ in range(100):
        assert outcome(both.requestAvatarId(signed(b"alice", ALICES))) is NotEnoughAuthentication
    assert len(both.successfulCredentials[b"alice"]) == 32
    assert outcome(both.requestAvatarId(UsernamePassword(b"alice", b"wrong"))) is error.UnauthorizedLogin
    passwords.addUser(b"alice", b"secret")
    assert outcome(both.requestAvatarId(UsernamePassword(b"alice", b"secret"))) == b"alice"
    assert both.successfulCredentials == {}


def test_proofs_that_nobody_checks_are_not_handled():
    nobody = checkers.SSHProtocolChecker()
    assert outcome(nobody.requestAvatarId(UsernamePassword(b"a", b"b"))) is error.UnhandledCredentials


# -- Passwords.

with_crypt = pytest.mark.skipif(not _crypt.is_available(), reason="this system has no crypt_r")


@with_crypt
def test_passwords_of_the_system_are_checked(monkeypatch):
    hashed = _crypt.crypt("geheim äöü".encode(), b"$6$rounds=1000$saltsalt$").decode()
    users, shadow = UserDatabase(), ShadowDatabase()
    users.addUser("alice", hashed)
    users.addUser("bob", "x")
    users.addUser("carol", "*")
    shadow.addUser("bob", hashed, 1, 2, 3, 4, 5, 6, 7)
    shadow.addUser("carol", "!" + hashed, 1, 2, 3, 4, 5, 6, 7)
    monkeypatch.setattr(checkers, "pwd", users)
    monkeypatch.setattr(checkers, "spwd", shadow)
    monkeypatch.setattr(checkers, "runAsEffectiveUser", lambda uid, gid, function, *args: function(*args))
    checker = checkers.UNIXPasswordDatabase()

    def login(name, password):
        return outcome(checker.requestAvatarId(UsernamePassword(name, password)))

    right = "geheim äöü".encode()
    assert login(b"alice", right) == b"alice"
    assert login("bob", right.decode()) == "bob"
    for name, password in (
        (b"alice", b"wrong"),
        (b"alice", b""),
        (b"alice", right * 1000),
        (b"carol", right),
        (b"nobody", right),
        (b"a\0b", right),
        (b"\xff", b"\xff"),
    ):
        assert login(name, password) is error.UnauthorizedLogin


@with_crypt
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read the real one")
def test_the_real_databases_are_asked():
    checker = checkers.UNIXPasswordDatabase()
    assert outcome(checker.requestAvatarId(UsernamePassword(b"root", b"surely not"))) is error.UnauthorizedLogin
