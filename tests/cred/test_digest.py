"""Digest authentication: challenges, answers, and those who change either."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis.strategies import binary, dictionaries, sampled_from

from reactorio.cred import credentials as names
from reactorio.cred.credentials import DigestCredentialFactory, calcHA1, calcHA2, calcResponse
from reactorio.cred.error import LoginFailed

USER, PASSWORD, REALM, URI = b"Mufasa", b"Circle of Life", b"http-auth@example.org", b"/dir/index.html"
NONCE = b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CLIENT_NONCE = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "answer"),
    [
        (b"md5", b"8ca523f5e9506fed4657c9700eebdbec"),
        (b"sha-256", b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answers_are_those_of_the_rfc(algorithm, answer):
    """RFC 7616 section 3.9.1."""
    who = calcHA1(algorithm, USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)
    what = calcHA2(algorithm, b"GET", URI, b"auth", None)
    assert calcResponse(who, what, algorithm, NONCE, b"00000001", CLIENT_NONCE, b"auth") == answer


def test_sessions_digest_the_digest(tw):
    names = tw("cred.credentials")
    plain = names.calcHA1(b"md5", USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)
    session = names.calcHA1(b"md5-sess", USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)
    assert session != plain
    assert names.calcHA1(b"md5", None, None, None, NONCE, CLIENT_NONCE, preHA1=plain) == plain


def test_a_session_may_start_from_the_digest_that_is_kept():
    kept = calcHA1(b"md5", USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)
    session = calcHA1(b"md5-sess", USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)
    assert calcHA1(b"md5-sess", None, None, None, NONCE, CLIENT_NONCE, preHA1=kept) == session


def test_an_unknown_algorithm_is_a_keyerror(tw):
    with pytest.raises(KeyError):
        tw("cred.credentials").calcHA1(b"md4", USER, REALM, PASSWORD, NONCE, CLIENT_NONCE)


def header(**fields):
    return b", ".join(b'%s="%s"' % (name.encode(), value) for name, value in fields.items())


def answer(factory, names, *, password=PASSWORD, host="192.0.2.1", algorithm=b"md5", method=b"GET", **changes):
    challenge = factory.getChallenge(host)
    who = names.calcHA1(algorithm, USER, challenge["realm"], password, challenge["nonce"], CLIENT_NONCE)
    response = names.calcResponse(
        who,
        names.calcHA2(algorithm, method, URI, b"auth", None),
        algorithm,
        challenge["nonce"],
        b"00000001",
        CLIENT_NONCE,
        b"auth",
    )
    fields = {
        "username": USER,
        "realm": challenge["realm"],
        "nonce": challenge["nonce"],
        "opaque": challenge["opaque"],
        "uri": URI,
        "algorithm": algorithm,
        "qop": b"auth",
        "nc": b"00000001",
        "cnonce": CLIENT_NONCE,
        "response": response,
        **changes,
    }
    return header(**{name: value for name, value in fields.items() if value is not None})


@pytest.mark.parametrize("algorithm", [b"md5", b"MD5", b"md5-sess", b"sha"])
def test_the_right_password_answers_the_challenge(tw, algorithm):
    names = tw("cred.credentials")
    factory = names.DigestCredentialFactory(algorithm, REALM)
    offered = factory.decode(answer(factory, names, algorithm=algorithm.lower()), b"GET", "192.0.2.1")
    assert offered.checkPassword(PASSWORD)
    assert not offered.checkPassword(b"wrong")
    kept = names.calcHA1(b"sha" if algorithm == b"sha" else b"md5", USER, REALM, PASSWORD, b"", b"")
    assert offered.checkHash(kept)


@pytest.mark.parametrize("algorithm", [b"sha-256", b"sha-256-sess"])
def test_sha_256_does_too(algorithm):
    factory = DigestCredentialFactory(algorithm, REALM)
    offered = factory.decode(answer(factory, names, algorithm=algorithm), b"GET", "192.0.2.1")
    assert offered.checkPassword(PASSWORD)
    assert not offered.checkPassword(b"wrong")


def test_an_answer_is_to_one_request_alone(tw):
    names = tw("cred.credentials")
    factory = names.DigestCredentialFactory(b"md5", REALM)
    assert not factory.decode(answer(factory, names), b"DELETE", "192.0.2.1").checkPassword(PASSWORD)
    moved = answer(factory, names, uri=b"/another")
    assert not factory.decode(moved, b"GET", "192.0.2.1").checkPassword(PASSWORD)


def refusal(tw, text, host="192.0.2.1", factory=None):
    factory = factory or tw("cred.credentials").DigestCredentialFactory(b"md5", REALM)
    with pytest.raises(tw("cred.error").LoginFailed) as caught:
        factory.decode(text, b"GET", host)
    return str(caught.value)


def test_what_is_missing_is_named(tw):
    assert refusal(tw, b"") == "Invalid response, no username given."
    assert refusal(tw, b'username=""') == "Invalid response, no username given."
    assert refusal(tw, b'username="a", nonce="x"') == "Invalid response, no opaque given."
    assert refusal(tw, b'username="a", opaque="x"') == "Invalid response, no nonce given."
    assert refusal(tw, b'username="a", opaque="x", nonce="y"') == "Invalid response, invalid opaque value"


def test_an_answer_from_another_host_is_refused(tw):
    names = tw("cred.credentials")
    factory = names.DigestCredentialFactory(b"md5", REALM)
    given_to_one = answer(factory, names, host="192.0.2.1")
    assert "incompatible" in refusal(tw, given_to_one, "192.0.2.2", factory)
    assert "incompatible" in refusal(tw, given_to_one, None, factory)


def test_a_challenge_of_another_server_is_refused(tw):
    names = tw("cred.credentials")
    ours, theirs = (names.DigestCredentialFactory(b"md5", REALM) for _ in range(2))
    assert refusal(tw, answer(theirs, names), factory=ours) == "Invalid response, invalid opaque value"


def test_a_nonce_is_the_one_in_the_challenge(tw):
    names = tw("cred.credentials")
    factory = names.DigestCredentialFactory(b"md5", REALM)
    changed = answer(factory, names, nonce=b"mine")
    assert refusal(tw, changed, factory=factory) == "Invalid response, incompatible opaque/nonce values"


def test_a_challenge_ends(tw):
    names = tw("cred.credentials")
    factory = names.DigestCredentialFactory(b"md5", REALM)
    factory._getTime = lambda: time.time() - factory.CHALLENGE_LIFETIME_SECS - 1
    late = answer(factory, names)
    del factory._getTime
    refusal(tw, late, factory=factory)


def test_an_opaque_value_cannot_be_changed():
    factory = DigestCredentialFactory(b"md5", REALM)
    challenge = factory.getChallenge("192.0.2.1")
    seal, _, content = challenge["opaque"].partition(b"-")
    longer = base64.b64encode(base64.b64decode(content) + b"0")
    changed = answer(factory, names, nonce=challenge["nonce"], opaque=seal + b"-" + longer)
    with pytest.raises(LoginFailed, match="invalid opaque value"):
        factory.decode(changed, b"GET", "192.0.2.1")


@pytest.mark.parametrize("missing", ["uri", "response", "cnonce", "nc"])
def test_an_answer_without_a_field_is_no_proof(missing):
    factory = DigestCredentialFactory(b"md5", REALM)
    offered = factory.decode(answer(factory, names, **{missing: None}), b"GET", "192.0.2.1")
    assert not offered.checkPassword(PASSWORD)


@pytest.mark.parametrize(
    ("field", "claimed"),
    [
        (b'algorithm="md5"', b'algorithm="md4"'),
        (b'qop="auth"', b'qop="auth-int"'),
        (b'algorithm="md5"', b'algorithm="sha"'),
    ],
)
def test_what_is_computed_in_another_way_is_no_proof(field, claimed):
    factory = DigestCredentialFactory(b"md5", REALM)
    text = answer(factory, names)
    assert field in text
    assert not factory.decode(text.replace(field, claimed), b"GET", "192.0.2.1").checkPassword(PASSWORD)


def test_a_session_without_the_clients_nonce_is_no_proof():
    factory = DigestCredentialFactory(b"md5-sess", REALM)
    text = answer(factory, names, algorithm=b"md5-sess", cnonce=None)
    assert not factory.decode(text, b"GET", "192.0.2.1").checkPassword(PASSWORD)


def test_values_may_be_quoted_with_commas_and_escapes_or_not_at_all():
    factory = DigestCredentialFactory(b"md5", REALM)
    challenge = factory.getChallenge(None)
    text = rb'username="M\"uf\\asa", uri="/a,b", nc=00000001 ,qop = auth, , response=, ' + header(
        nonce=challenge["nonce"], opaque=challenge["opaque"]
    )
    fields = factory.decode(text, b"GET", None).fields
    assert fields["username"] == b'M"uf\\asa'
    assert (fields["uri"], fields["nc"], fields["qop"], fields["response"]) == (b"/a,b", b"00000001", b"auth", b"")


def test_a_field_that_is_there_twice_is_refused():
    factory = DigestCredentialFactory(b"md5", REALM)
    with pytest.raises(LoginFailed, match="twice"):
        factory.decode(b'username="a", username="b"', b"GET", None)


def test_an_endless_answer_is_refused_unread():
    factory = DigestCredentialFactory(b"md5", REALM)
    with pytest.raises(LoginFailed, match="too long"):
        factory.decode(b"a" * 16385, b"GET", None)


@pytest.mark.parametrize("piece", [b"a", b"a=", b'a="', b"=", b"\\", b' "', b"a ", b",", b"a=b ", b'a="\\"'])
def test_nonsense_takes_no_time(piece):
    factory = DigestCredentialFactory(b"md5", REALM)
    began = time.process_time()
    with pytest.raises(LoginFailed):
        factory.decode((piece * 16384)[:16384], b"GET", None)
    assert time.process_time() - began < 0.5


@given(binary(max_size=200))
def test_any_bytes_are_refused_as_documented(text):
    with pytest.raises(LoginFailed):
        DigestCredentialFactory(b"md5", REALM).decode(text, b"GET", "192.0.2.1")


@given(
    dictionaries(sampled_from(["uri", "response", "cnonce", "nc", "qop", "algorithm", "realm"]), binary(max_size=20))
)
def test_any_other_fields_are_no_proof(fields):
    factory = DigestCredentialFactory(b"md5", REALM)
    challenge = factory.getChallenge(None)
    clean = {name: value.translate(None, b'"\\\r\n\v\f\x1c\x1d\x1e\x85') for name, value in fields.items()}
    text = header(username=USER, nonce=challenge["nonce"], opaque=challenge["opaque"], **clean)
    offered = factory.decode(text, b"GET", None)
    assert not offered.checkPassword(PASSWORD)
    assert not offered.checkHash(b"0" * 32)
