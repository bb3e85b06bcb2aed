"""Checkers from the command line."""

from __future__ import annotations

import io
import runpy
import sys

import pytest
from zope.interface.verify import verifyObject

from reactorio.cred import checkers, credentials, strcred
from reactorio.cred.credentials import UsernamePassword
from reactorio.python import usage

from .scrypts import cheap


def result_of(deferred):
    results = []
    deferred.addBoth(results.append)
    return results[0]


def options_of(tw, supported=None):
    class Options(tw("python.usage").Options, tw("cred.strcred").AuthOptionMixin):
        supportedInterfaces = supported

        def __init__(self):
            super().__init__()
            self.authOutput = io.StringIO()

    return Options()


def test_a_description_makes_a_checker(tw):
    names = tw("cred.strcred")
    assert isinstance(names.makeChecker("anonymous"), tw("cred.checkers").AllowAnonymousAccess)
    assert names.makeChecker("memory:alice:one").users["alice"] == "one"
    with pytest.raises(names.InvalidAuthType):
        names.makeChecker("no such:x")
    with pytest.raises(names.InvalidAuthArgumentString, match="U:P"):
        names.makeChecker("memory:alice")
    with pytest.raises(ValueError, match="'file' requires a filename"):
        names.makeChecker("file:")


def test_options_have_the_checkers_in_order_and_by_interface(tw):
    options = options_of(tw)
    options.parseOptions(["--auth", "memory:a:b", "--auth", "anonymous", "--auth=memory"])
    first, anonymous, last = options["credCheckers"]
    by_interface = {interface.__name__: found for interface, found in options["credInterfaces"].items()}
    assert by_interface == {
        "IUsernamePassword": [first, last],
        "IUsernameHashedPassword": [first, last],
        "IAnonymous": [anonymous],
    }


def test_without_auth_the_options_have_none(tw):
    options = options_of(tw)
    options.parseOptions([])
    assert dict(options) == {}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--auth", "nonesuch"], "Auth plugin not recognized: nonesuch"),
        (["--auth", "memory:a"], "Unexpected error: argstring must be in format U:P:..."),
        (["--auth", "file"], "Unexpected error: 'file' requires a filename"),
        (["--help-auth-type", "nonesuch"], "Invalid auth type: nonesuch"),
    ],
)
def test_what_is_wrong_is_a_usage_error(tw, words, complaint):
    with pytest.raises(tw("python.usage").UsageError) as caught:
        options_of(tw).parseOptions(words)
    assert str(caught.value) == complaint


def test_what_the_application_has_no_use_for_is_refused(tw):
    options = options_of(tw, (tw("cred.credentials").IUsernamePassword,))
    with pytest.raises(tw("python.usage").UsageError, match=r"Auth plugin not supported: .*credentials\.IAnonymous"):
        options.parseOptions(["--auth", "anonymous"])


def test_help_lists_what_the_application_can_use(tw):
    options = options_of(tw, (tw("cred.credentials").IUsernamePassword,))
    with pytest.raises(SystemExit):
        options.parseOptions(["--help-auth"])
    lines = options.authOutput.getvalue().splitlines()
    assert lines[:3] == ["Usage: --auth AuthType[:ArgString]", "For detailed help: --help-auth-type AuthType", ""]
    assert "  AuthType\tArgString format" in lines
    assert "  file  \tLocation of a FilePasswordDB-formatted file." in lines
    assert not any("anonymous" in line for line in lines)


def test_help_on_a_type_says_if_it_is_of_no_use(tw):
    options = options_of(tw, (tw("cred.credentials").IUsernamePassword,))
    with pytest.raises(SystemExit):
        options.parseOptions(["--help-auth-type", "anonymous"])
    lines = options.authOutput.getvalue().splitlines()
    assert lines[:3] == ["Usage: --auth anonymous[:ArgString]", "ArgString format: No argstring required.", ""]
    assert f"  {tw('cred.strcred').notSupportedWarning}" in lines


# -- What ours do


def test_every_plugin_has_a_name_a_form_and_a_help_text():
    found = {factory.authType: factory for factory in strcred.findCheckerFactories()}
    assert {"anonymous", "file", "hashed", "ldap", "memory", "pam", "unix"} <= found.keys()
    for name, factory in found.items():
        assert verifyObject(strcred.ICheckerFactory, factory)
        assert ":" not in name
        assert factory.authHelp.strip()
        assert "\n" not in factory.argStringFormat


def test_users_on_the_command_line_are_found_by_the_bytes_that_protocols_have():
    checker = strcred.makeChecker("memory:alice:one")
    assert result_of(checker.requestAvatarId(UsernamePassword(b"alice", b"one"))) == b"alice"
    assert result_of(checker.requestAvatarId(UsernamePassword("alice", "one"))) == "alice"


def test_a_file_that_is_not_there_yet_is_a_warning(tmp_path, monkeypatch):
    from reactorio.plugins import cred_file

    said = io.StringIO()
    monkeypatch.setattr(cred_file.theFileCheckerFactory, "errorOutput", said)
    checker = strcred.makeChecker(f"file:{tmp_path}/none")
    assert isinstance(checker, checkers.FilePasswordDB)
    assert said.getvalue() == f"Warning: not a valid file: {tmp_path}/none\n"


def test_a_file_of_hashes_is_looked_at_at_once(tmp_path):
    path = tmp_path / "passwords"
    for content, complaint in (
        (None, "No such file"),
        (b"alice:secret\n", "line 1 has no hash of a known kind"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(strcred.InvalidAuthArgumentString, match=complaint):
            strcred.makeChecker(f"hashed:{path}")
    with pytest.raises(strcred.InvalidAuthArgumentString, match="requires a filename"):
        strcred.makeChecker("hashed")


def test_a_checker_of_hashes_limits_guessing_and_logs(run, tmp_path, monkeypatch):
    (tmp_path / "passwords").write_bytes(b"alice:%s\n" % cheap(b"one"))
    monkeypatch.chdir(tmp_path)
    checker = strcred.makeChecker("hashed:passwords")
    monkeypatch.chdir("/")  # as a daemon does

    async def main():
        assert await checker.requestAvatarId(UsernamePassword(b"alice", b"one")) == b"alice"
        ends = []
        for _ in range(7):
            await checker.requestAvatarId(UsernamePassword(b"alice", b"x")).addErrback(
                lambda end: ends.append(end.type)
            )
        return [end.__name__ for end in ends]

    assert run(main()) == ["UnauthorizedLogin"] * 5 + ["TooManyAttempts"] * 2


def test_options_know_what_they_support():
    class Options(usage.Options, strcred.AuthOptionMixin):
        supportedInterfaces = (credentials.IAnonymous,)

    options = Options()
    with pytest.raises(strcred.UnsupportedInterfaces):
        options.addChecker(checkers.InMemoryUsernamePasswordDatabaseDontUse())
    assert "credCheckers" not in options
    options.addChecker(checkers.AllowAnonymousAccess())
    assert len(options["credCheckers"]) == 1


def test_keys_are_a_type_where_there_is_what_conch_needs(monkeypatch):
    from reactorio.plugins import cred_sshkeys

    monkeypatch.setitem(sys.modules, "reactorio.conch.checkers", None)
    assert "theSSHKeyCheckerFactory" not in runpy.run_path(cred_sshkeys.__file__)
    monkeypatch.undo()
    conch_checkers = pytest.importorskip("reactorio.conch.checkers")
    there = runpy.run_path(cred_sshkeys.__file__)["theSSHKeyCheckerFactory"]
    assert verifyObject(strcred.ICheckerFactory, there)
    assert there.credentialInterfaces == (credentials.ISSHPrivateKey,)
    assert isinstance(strcred.makeChecker("sshkey"), conch_checkers.SSHPublicKeyChecker)
