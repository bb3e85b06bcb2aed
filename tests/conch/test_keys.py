"""Keys: what is read, what is refused, and that nothing else happens."""

from __future__ import annotations

import base64
import os
import stat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("reactorio.conch.ssh.keys")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from reactorio.conch.ssh import keys, sexpy
from reactorio.conch.ssh._keys import openssh
from reactorio.conch.ssh.common import MP, NS, ffs, getMP, getNS
from reactorio.python.filepath import FilePath

Key = keys.Key

RSA = Key(rsa.generate_private_key(65537, 2048))
DSA = Key(dsa.generate_private_key(1024))
EC = Key(ec.generate_private_key(ec.SECP384R1()))
ED = Key(ed25519.Ed25519PrivateKey.generate())
ALL = pytest.mark.parametrize("key", [RSA, DSA, EC, ED], ids=["RSA", "DSA", "EC", "Ed25519"])

REFUSED = (keys.BadKeyError, keys.EncryptedKeyError)


def every_form(key):
    """Yield the texts that a key is read from, and the key that is read."""
    yield key.public().toString("openssh", comment=b"\xff\xfe me"), key.public()
    yield key.blob(), key.public()
    yield key.toString("openssh", subtype="v1", comment="me"), key
    if key is not ED:
        yield key.toString("openssh", subtype="PEM"), key
    if key in (RSA, DSA):
        yield key.toString("lsh"), key
        yield key.public().toString("lsh"), key.public()
        yield key.toString("agentv3"), key
    pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    yield key._keyObject.private_bytes(*pkcs8), key


@ALL
def test_every_form_is_told_from_the_others_and_read(key, tmp_path):
    for text, expected in every_form(key):
        assert Key.fromString(text) == expected
        assert Key.fromString(text).isPublic() == expected.isPublic()
        (tmp_path / "key").write_bytes(text)
        assert Key.fromFile(FilePath(str(tmp_path / "key"))) == expected
    assert Key.fromString(key.privateBlob(), type="private_blob") == key


@ALL
def test_a_key_that_is_cut_off_is_none(key):
    for text, _ in every_form(key):
        for cut in {0, 1, 4, 12, len(text) // 3, len(text) // 2, len(text) - 40}:
            with pytest.raises(keys.BadKeyError):
                Key.fromString(text[:cut])


SAMPLES = [text for key in (RSA, DSA, EC, ED) for text, _ in every_form(key)]


@given(st.sampled_from(SAMPLES), st.data())
def test_what_is_damaged_is_a_key_or_refused(sample, data):
    position = data.draw(st.integers(0, len(sample) - 1))
    count = data.draw(st.integers(0, 8))
    damaged = sample[:position] + data.draw(st.binary(max_size=8)) + sample[position + count :]
    refusal = refusal_of(damaged)
    # Whatever a log gets to see of it, it is not the key.
    assert refusal is None or len(refusal) < 100


def refusal_of(text):
    try:
        Key.fromString(text)
    except REFUSED as error:
        return str(error)


@given(st.binary(max_size=200), st.sampled_from(["blob", "private_blob", "agentv3", "public_lsh", "private_lsh"]))
@example(b"", "blob")
@example(NS(b"ssh-rsa") + b"\0\0\0\5abc", "blob")
@example(b"()", "private_lsh")
@example(b"(1:a(1:b))", "private_lsh")
@example(b"{}", "public_lsh")
def test_what_is_no_key_is_refused(content, type):
    with pytest.raises(keys.BadKeyError):
        Key.fromString(content, type=type)


@pytest.mark.parametrize(
    "text",
    [
        b"ssh-rsa",
        b"ssh-rsa !!!!",
        b"ssh-rsa AAAA",
        b"ssh-dss " + RSA.public().toString("openssh").split()[1],
        b"ssh-ed25519-cert-v01@openssh.com AAAA",
        b"-----BEGIN FOO PRIVATE KEY-----\nAAAA\n-----END FOO PRIVATE KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n",
        RSA.blob() + b"x",
    ],
)
def test_what_only_looks_like_a_key_is_refused(text):
    with pytest.raises(keys.BadKeyError):
        Key.fromString(text)


@pytest.mark.parametrize(
    "foreign", [ec.generate_private_key(ec.SECP256K1()), ed448.Ed448PrivateKey.generate()], ids=["secp256k1", "Ed448"]
)
def test_kinds_that_ssh_does_not_have_are_refused(foreign):
    pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(keys.BadKeyError, match="of this kind"):
        Key.fromString(foreign.private_bytes(*pkcs8))


def test_a_key_has_limits():
    with pytest.raises(keys.BadKeyError, match="too long"):
        Key.fromString(b"ssh-rsa " + b"A" * 70_000)
    with pytest.raises(keys.BadKeyError, match="too large"):
        Key.fromString(NS(b"ssh-rsa") + MP(65537) + MP(1 << 16_400))
    with pytest.raises(keys.BadKeyError, match="negative"):
        Key.fromString(NS(b"ssh-rsa") + MP(65537) + NS(b"\xff" * 256))


def container(options, *, cipher=b"aes256-ctr", derivation=b"bcrypt", count=1):
    content = b"openssh-key-v1\0" + NS(cipher) + NS(derivation) + NS(options) + count.to_bytes(4, "big")
    content += NS(ED.blob()) + NS(b"\0" * 64)
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n%b-----END OPENSSH PRIVATE KEY-----\n" % base64.encodebytes(content)


@pytest.mark.parametrize(
    ("options", "others", "reason"),
    [
        (NS(b"salt" * 4) + (5000).to_bytes(4, "big"), {}, "rounds"),
        (NS(b"salt" * 4) + (0).to_bytes(4, "big"), {}, "rounds"),
        (NS(b"") + (16).to_bytes(4, "big"), {}, "rounds"),
        (b"", {"derivation": b"other"}, "KDF"),
        (b"", {"cipher": b"none"}, "KDF"),
        (b"", {"cipher": b"rot13"}, "rot13"),
        (b"", {"count": 2}, "single"),
        (b"", {"cipher": b"none", "derivation": b"none"}, "early|unknown"),
    ],
)
def test_a_container_that_asks_for_too_much_is_refused(options, others, reason):
    with pytest.raises(keys.BadKeyError, match=reason):
        Key.fromString(container(options, **others), passphrase="secret")


def test_private_parts_that_are_not_those_of_the_public_ones_are_refused():
    other = Key(ed25519.Ed25519PrivateKey.generate())
    public, private = ED.data()["a"], other.data()["k"]
    with pytest.raises(keys.BadKeyError):
        Key.fromString(NS(b"ssh-ed25519") + NS(public) + NS(private + public), type="private_blob")
    mixed = base64.b64decode(b"".join(ED.toString("openssh").splitlines()[1:-1])).replace(ED.blob(), other.blob(), 1)
    text = b"-----BEGIN OPENSSH PRIVATE KEY-----\n%b-----END OPENSSH PRIVATE KEY-----\n" % base64.encodebytes(mixed)
    with pytest.raises(keys.BadKeyError, match="public one"):
        Key.fromString(text)


def test_the_inverse_in_an_rsa_key_is_not_believed():
    numbers = RSA.data()
    wrong = NS(b"ssh-rsa") + b"".join(MP(numbers[name]) for name in "ned") + MP(5)
    wrong += MP(numbers["p"]) + MP(numbers["q"])

    key = Key.fromString(wrong, type="private_blob")

    assert key == RSA
    assert key.privateBlob() == RSA.privateBlob()


def test_a_passphrase_is_wanted_when_it_is_needed_and_else_does_not_count():
    for subtype in ("v1", "PEM"):
        encrypted = RSA.toString("openssh", subtype=subtype, passphrase="secret")
        assert Key.fromString(encrypted, passphrase=b"secret") == RSA
        with pytest.raises(keys.EncryptedKeyError):
            Key.fromString(encrypted)
        with pytest.raises(keys.BadKeyError, match="Bad Passphrase"):
            Key.fromString(encrypted, passphrase="other")
        assert Key.fromString(RSA.toString("openssh", subtype=subtype), passphrase="secret") == RSA
    with pytest.raises(keys.BadKeyError, match="not encrypted"):
        Key.fromString(RSA.public().toString("openssh"), passphrase="secret")


def test_a_passphrase_is_not_dropped_by_a_format_without_encryption():
    for type in ("lsh", "agentv3"):
        with pytest.raises(ValueError, match="no encryption"):
            RSA.toString(type, passphrase="secret")


def test_formats_without_a_kind_of_key_say_so():
    for type in ("lsh", "agentv3"):
        with pytest.raises(keys.BadKeyError):
            ED.toString(type)
    with pytest.raises(ValueError, match="v1"):
        ED.toString("openssh", subtype="PEM")
    with pytest.raises(ValueError, match="unknown subtype"):
        ED.toString("openssh", subtype="v2")
    with pytest.raises(ValueError, match="one line"):
        ED.public().toString("openssh", comment=b"a\nssh-rsa AAAA")


def test_extra_is_the_comment_or_the_passphrase():
    with pytest.deprecated_call():
        assert RSA.public().toString("openssh", extra="me").endswith(b" me")
    with pytest.deprecated_call():
        assert b"ENCRYPTED" in RSA.toString("openssh", extra="secret")


@ALL
def test_what_is_no_signature_is_none_by_this_key(key):
    data = b"data"
    good = key.sign(data)
    name, content, _ = getNS(good, 2)
    assert key.verify(good, data)
    assert key.public().verify(good, data)
    for other in (RSA, DSA, EC, ED):
        assert other is key or not other.verify(good, data)
    for bad in (
        b"",
        b"x",
        name,
        NS(name),
        NS(name) + NS(b""),
        NS(name) + NS(b"\0" * len(content)),
        NS(name) + NS(content + b"\0"),
        NS(name) + NS(content[:-1]),
        NS(b"rot13") + NS(content),
        good + b"\0",
        good[:-1],
    ):
        assert not key.verify(bad, data)


@given(st.binary(max_size=120))
def test_bytes_are_no_signature(signature):
    assert not any(key.verify(signature, b"data") for key in (RSA, DSA, EC, ED))


def test_rsa_signatures_may_lack_leading_zeros():
    for attempt in range(3000):
        data = b"%d" % attempt
        signature = getNS(RSA.sign(data, b"rsa-sha2-256"), 2)[1]
        if signature.startswith(b"\0"):
            break
    assert RSA.verify(NS(b"rsa-sha2-256") + NS(signature.lstrip(b"\0")), data)


def test_what_needs_the_private_key_says_so():
    for key in (RSA.public(), ED.public()):
        with pytest.raises(RuntimeError):
            key.sign(b"data")
        with pytest.raises(RuntimeError):
            key.privateBlob()
    with pytest.raises(keys.BadSignatureAlgorithmError, match="rsa-sha2-256 is not defined for Ed25519"):
        ED.sign(b"data", b"rsa-sha2-256")


def test_a_persistent_key_is_its_owners_only(tmp_path):
    location = FilePath(str(tmp_path)).child("new").child("key")
    made = keys._getPersistentRSAKey(location, 1024)
    assert stat.S_IMODE(os.stat(location.path).st_mode) == 0o600
    assert keys._getPersistentRSAKey(location) == made


# -- What keys are made of.


@given(st.lists(st.binary(max_size=20)), st.binary(max_size=3))
def test_strings_come_back(strings, rest):
    assert getNS(b"".join(map(NS, strings)) + rest, len(strings)) == (*strings, rest)


@given(st.lists(st.integers(min_value=0)))
def test_numbers_come_back(numbers):
    wire = b"".join(map(MP, numbers))
    assert getMP(wire, len(numbers)) == (*numbers, b"")
    # RFC 4251 section 5: no byte more than it needs, the sign included.
    assert all(not part.startswith(b"\0") or part[1] >= 0x80 for part in getNS(wire, len(numbers))[:-1] if part)


def test_the_first_that_both_have_is_taken():
    assert ffs([1, 2, 3], [3, 2]) == 2
    assert ffs([1], [2]) is None


NESTED = st.recursive(st.binary(max_size=5), lambda parts: st.lists(parts, max_size=3), max_leaves=8)


@given(st.lists(NESTED, max_size=3))
def test_expressions_come_back(expression):
    depth = 1
    layer = expression
    while any(isinstance(part, list) for part in layer):
        layer = [inner for part in layer if isinstance(part, list) for inner in part]
        depth += 1
    if depth < 16:
        assert sexpy.parse(sexpy.pack([expression])) == expression


@pytest.mark.parametrize(
    "text", [b"", b"1:a", b"(", b"(1:a", b")", b"(1:a)x", b"()()", b"(5:a)", b"(:a)", b"(x)", b"(1234567:a)", b"(" * 99]
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # of many texts
        sexpy.parse(text)


def test_blocks_are_filled_as_openssh_does():
    for comment in (b"", b"a", b"abcdefg", b"abcdefgh"):
        content = openssh.write_private(ED._keyObject, comment, None)
        secret = getNS(base64.b64decode(b"".join(content.splitlines()[1:-1]))[15:], 3)[3][4:]
        secret = getNS(secret, 2)[1]
        assert len(secret) % 8 == 0
        assert Key.fromString(content) == ED
