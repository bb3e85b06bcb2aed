"""Credentials: what proves a password, and what does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis.strategies import binary, one_of, text
from zope.interface.verify import verifyObject

from reactorio.cred import credentials
from reactorio.cred._secrets import same_secret


@pytest.mark.parametrize(
    ("held", "offered", "equal"),
    [
        (b"secret", b"secret", True),
        ("secret", "secret", True),
        ("geheimnis äöü", "geheimnis äöü", True),
        (b"secret", b"secre", False),
        (b"", b"", True),
        (b"secret", "secret", False),
        (b"secret", None, False),
    ],
)
def test_a_password_is_compared_by_type_and_value(tw, held, offered, equal):
    assert tw("cred.credentials").UsernamePassword(b"bob", held).checkPassword(offered) is equal


@given(one_of(binary(), text()), one_of(binary(), text()))
def test_secrets_are_equal_when_they_are(first, second):
    assert same_secret(first, second) is (type(first) is type(second) and first == second)
    assert same_secret(first, first)


def test_cram_md5_knows_the_answer_of_its_rfc(tw):
    """RFC 2195 section 2."""
    offered = tw("cred.credentials").CramMD5Credentials()
    offered.challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    offered.setResponse(b"tim b913a602c7eda7a495b4e6e7334d3890")
    assert offered.username == b"tim"
    assert offered.checkPassword(b"tanstaaftanstaaf")
    assert not offered.checkPassword(b"tanstaaftanstaa")
    assert not offered.moreChallenges()


def test_cram_md5_challenges_with_the_name_of_the_host(tw):
    offered = tw("cred.credentials").CramMD5Credentials("mail.example.org")
    challenge = offered.getChallenge()
    assert re.fullmatch(rb"<\d+\.\d+@mail\.example\.org>", challenge)
    assert offered.getChallenge() == challenge
    assert tw("cred.credentials").CramMD5Credentials(b"mail.example.org").getChallenge() != challenge


@pytest.mark.parametrize("answer", [b"", b"tim", b"   "])
def test_cram_md5_refuses_an_answer_without_a_digest(tw, answer):
    with pytest.raises(ValueError):  # noqa: PT011  # the message of the original is what Python says
        tw("cred.credentials").CramMD5Credentials().setResponse(answer)


def test_apop_knows_the_answer_of_its_rfc():
    """RFC 1939 section 7."""
    magic = b"<1896.697170952@dbc.mtview.ca.us>"
    offered = credentials.APOPCredentials(magic, b"mrose", b"c4c9334bac560ecc979e58001b3e22fb")
    assert offered.checkPassword(b"tanstaaf")
    assert not offered.checkPassword(b"tanstaaf ")
    assert offered.username == b"mrose"


def test_keys_are_carried_as_they_are(tw):
    offered = tw("cred.credentials").SSHPrivateKey(b"bob", b"ssh-ed25519", b"blob", b"data", b"signature")
    assert vars(offered) == {
        "username": b"bob",
        "algName": b"ssh-ed25519",
        "blob": b"blob",
        "sigData": b"data",
        "signature": b"signature",
    }


def test_every_kind_provides_what_it_says(tw):
    names = tw("cred.credentials")
    for interface, offered in (
        (names.IUsernamePassword, names.UsernamePassword(b"bob", b"x")),
        (names.IUsernameHashedPassword, names.CramMD5Credentials()),
        (names.IUsernameHashedPassword, names.DigestedCredentials(b"bob", b"GET", b"here", {})),
        (names.IUsernameDigestHash, names.DigestedCredentials(b"bob", b"GET", b"here", {})),
        (names.IAnonymous, names.Anonymous()),
        (names.ISSHPrivateKey, names.SSHPrivateKey(b"bob", b"a", b"b", None, None)),
    ):
        assert verifyObject(interface, offered)
        assert names.ICredentials.providedBy(offered)
        assert interface.__module__.endswith("cred.credentials")


def test_usernamehashedpassword_is_deprecated(tw):
    with pytest.warns(DeprecationWarning, match="Use .*UsernamePassword instead"):
        kind = tw("cred.credentials").UsernameHashedPassword
    assert kind(b"bob", b"x").checkPassword(b"x")


def test_credentials_do_not_show_their_secrets(tw):
    names = tw("cred.credentials")
    for offered in (names.UsernamePassword(b"bob", b"hunter2"), names.SSHPrivateKey(b"b", b"", b"", b"", b"hunter2")):
        assert "hunter2" not in repr(offered)


def test_every_public_class_says_where_it_is_public():
    for name in credentials.__all__:
        if name[0].isupper() and name != "UsernameHashedPassword":
            assert getattr(credentials, name).__module__ == "reactorio.cred.credentials"
