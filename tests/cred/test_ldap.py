"""
LDAP: names within distinguished names, URLs, and logins at a real directory.

The last need python-ldap and a slapd; where one is not in the usual places, SLAPD, SLAPD_SCHEMA and SLAPD_MODULES say so.
"""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis.strategies import text

from reactorio.cred import error, strcred
from reactorio.cred.credentials import UsernamePassword
from reactorio.cred.ldap import LDAPBindChecker, escape_dn

from . import slapd

PEOPLE = "uid={name},ou=people,dc=example,dc=org"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("alice", "alice"),
        ("", ""),
        ("Lučić", "Lučić"),
        ('James "Jim" Smith, III', "James \\22Jim\\22 Smith\\2c III"),
        ("a,ou=admins", "a\\2cou\\3dadmins"),
        ("a+cn=b", "a\\2bcn\\3db"),
        ("#x", "\\23x"),
        (" x ", "\\20x\\20"),
        (" ", "\\20"),
        ("a\\b;<>", "a\\5cb\\3b\\3c\\3e"),
        ("a\r\n\0", "a\\0d\\0a\\00"),
    ],
)
def test_a_name_stays_one_value(value, escaped):
    """RFC 4514 section 2.4; all that may be escaped in hexadecimal is."""
    assert escape_dn(value) == escaped


@given(text())
def test_no_name_has_a_special_character_left(value):
    escaped = escape_dn(value)
    assert not set(escaped) & set('"+,;<>=\0\n\r')
    assert not escaped.startswith((" ", "#"))
    assert not escaped.endswith(" ")


@pytest.fixture
def no_library(monkeypatch):
    """Enough of python-ldap to make checkers, and no more."""
    monkeypatch.setitem(sys.modules, "ldap", ModuleType("ldap"))


@pytest.mark.parametrize(
    ("url", "uri", "dn", "starttls"),
    [
        (f"ldap://ldap.example.org/{PEOPLE}", "ldap://ldap.example.org", PEOPLE, True),
        (f"ldap://127.0.0.1:3389/{PEOPLE}", "ldap://127.0.0.1:3389", PEOPLE, False),
        (f"ldap://[::1]/{PEOPLE}", "ldap://[::1]", PEOPLE, False),
        (f"ldap://localhost/{PEOPLE}?starttls=no", "ldap://localhost", PEOPLE, False),
        (f"ldaps://ldap.example.org/{PEOPLE}", "ldaps://ldap.example.org", PEOPLE, False),
        ("ldapi://%2Frun%2Fldapi/cn={name}", "ldapi://%2Frun%2Fldapi", "cn={name}", False),
        ("ldaps://ad/{name}@example.org", "ldaps://ad", "{name}@example.org", False),
        ("ldaps://ldap/uid=%7Bname%7D,o=a%20b", "ldaps://ldap", "uid={name},o=a b", False),
    ],
)
def test_a_url_says_where_and_who(no_library, url, uri, dn, starttls):
    checker = LDAPBindChecker.from_url(url)
    assert (checker.uri, checker.dn, checker.starttls) == (uri, dn, starttls)


def test_a_url_may_ask_for_more(no_library):
    checker = LDAPBindChecker.from_url(f"ldaps://ldap/{PEOPLE}?cafile=/etc/ca.pem&timeout=2.5")
    assert (checker.cafile, checker.timeout) == ("/etc/ca.pem", 2.5)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ldap",
        "http://ldap/uid={name}",
        "ldap:///uid={name}",
        "ldap://ldap/uid=alice",
        "ldap://ldap/uid={name},ou={name}",
        "ldap://ldap/uid={name},ou={group}",
        f"ldap://ldap/{PEOPLE}?starttls=perhaps",
        f"ldap://ldap/{PEOPLE}?timeout=soon",
        f"ldap://ldap/{PEOPLE}?nonsense=1",
        f"ldap://ldap/{PEOPLE}?cafile=a&cafile=b",
        "ldap://[::1/uid={name}",
    ],
)
def test_a_url_that_says_something_else_is_refused(no_library, url):
    with pytest.raises(strcred.InvalidAuthArgumentString):
        strcred.makeChecker(f"ldap:{url}")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ldap", None)
    with pytest.raises(ImportError, match=r"pip install 'reactorio\[ldap\]'"):
        LDAPBindChecker("ldap://127.0.0.1", PEOPLE)


# -- A real directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The ports of a running directory, and the file with the authority that its certificate is from."""
    pytest.importorskip("ldap")
    if slapd.SLAPD is None:
        pytest.skip("there is no slapd")
    pytest.importorskip("cryptography")
    from certificates import AUTHORITY, SERVER

    home = tmp_path_factory.mktemp("slapd")
    (home / "ca.pem").write_bytes(AUTHORITY.certificate.dumpPEM())
    (home / "server.pem").write_bytes(SERVER.dumpPEM())  # the key is in it, too
    with slapd.running(home, home / "ca.pem", home / "server.pem") as ports:
        yield ports, str(home / "ca.pem")


async def outcome(checker, name, password):
    try:
        return await checker.requestAvatarId(UsernamePassword(name, password))
    except error.UnauthorizedLogin:
        return None


WAYS = {
    "plain": ("ldap", "starttls=no"),
    "starttls": ("ldap", "starttls=yes&cafile={ca}"),
    "tls": ("ldaps", "cafile={ca}"),
}


def url(directory, way, dn=PEOPLE):
    ports, ca = directory
    scheme, wishes = WAYS[way]
    return f"{scheme}://127.0.0.1:{ports[scheme]}/{dn}?{wishes.format(ca=ca)}"


@pytest.mark.parametrize("way", WAYS)
def test_who_can_bind_is_let_in(run, directory, way):
    async def main():
        checker = strcred.makeChecker(f"ldap:{url(directory, way)}")
        assert await outcome(checker, b"alice", b"one") == b"alice"
        assert await outcome(checker, "Alice", "one") == b"alice"
        assert await outcome(checker, b"o,neil + co", b"two") == b"o,neil + co"
        for offered in (
            (b"alice", b"two"),
            (b"nobody", b"one"),
            (b"nopassword", b"x"),
            (b"\xff", b"one"),
            (b" alice", b"one"),
        ):
            assert await outcome(checker, *offered) is None

    run(main())


def test_a_bind_without_a_password_is_no_login(run, directory):
    """RFC 4513 section 5.1.2: the directory would say yes to it."""
    import ldap

    async def main():
        checker = LDAPBindChecker.from_url(url(directory, "plain"))
        assert await outcome(checker, b"alice", b"") is None

    run(main())
    asked = ldap.initialize(f"ldap://127.0.0.1:{directory[0]['ldap']}")
    asked.simple_bind_s("", "")
    asked.unbind_s()


def test_a_name_cannot_lead_out_of_its_place(run, directory):
    async def main():
        checker = LDAPBindChecker.from_url(url(directory, "plain", "uid={name},ou=nowhere,dc=example,dc=org"))
        assert await outcome(checker, b"alice,ou=people,dc=example,dc=org", b"one") is None
        assert await outcome(checker, b"alice", b"one") is None

    run(main())


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_certificate_of_nobody_known_is_refused(run, directory, scheme):
    import ldap

    ports, _ = directory

    async def main():
        checker = LDAPBindChecker(f"{scheme}://127.0.0.1:{ports[scheme]}", PEOPLE, starttls=scheme == "ldap")
        with pytest.raises((ldap.CONNECT_ERROR, ldap.SERVER_DOWN)):
            await checker.requestAvatarId(UsernamePassword(b"alice", b"one"))

    run(main())


def test_a_directory_that_is_not_there_is_no_wrong_password(run, directory):
    import ldap

    async def main():
        checker = LDAPBindChecker(f"ldap://127.0.0.1:{slapd.unused_port()}", PEOPLE)
        with pytest.raises(ldap.SERVER_DOWN):
            await checker.requestAvatarId(UsernamePassword(b"alice", b"one"))

    run(main())


def test_a_directory_that_does_not_answer_is_given_up(run, directory):
    import socket

    import ldap

    async def main():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            checker = LDAPBindChecker(f"ldap://127.0.0.1:{silent.getsockname()[1]}", PEOPLE, timeout=0.2)
            with pytest.raises(ldap.TIMEOUT):
                await checker.requestAvatarId(UsernamePassword(b"alice", b"one"))

    run(main())
