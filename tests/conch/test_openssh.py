"""Keys between reactorio and OpenSSH, both ways: files, fingerprints, signatures, the agent."""

from __future__ import annotations

import hashlib

import pytest

pytest.importorskip("reactorio.conch.ssh.keys")

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from reactorio.conch.ssh import keys
from reactorio.conch.ssh.common import MP, NS

from . import openssh

pytestmark = openssh.installed

Key = keys.Key


def first_words(line: bytes) -> bytes:
    return b" ".join(line.split()[:2])


@pytest.mark.parametrize("passphrase", ["", "secret äöü"])
@pytest.mark.parametrize("format", ["RFC4716", "PEM", "PKCS8"])
@pytest.mark.parametrize("kind", openssh.KINDS)
def test_what_openssh_made_is_read(tmp_path, kind, format, passphrase):
    path = openssh.generate(tmp_path, kind, "-a", "4", "-m", format, passphrase=passphrase)
    public = (tmp_path / f"{path.name}.pub").read_bytes()

    key = Key.fromFile(path, passphrase=passphrase)

    assert not key.isPublic()
    assert key.public() == Key.fromString(public)
    assert Key.fromString(public).toString("openssh", comment=b"me@here") + b"\n" == public
    if passphrase:
        with pytest.raises(keys.EncryptedKeyError):
            Key.fromFile(path)
        with pytest.raises(keys.BadKeyError):
            Key.fromFile(path, passphrase="wrong")


@pytest.mark.parametrize(
    "cipher", ["aes128-cbc", "aes256-ctr", "aes192-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]
)
def test_keys_in_all_of_aes_are_read(tmp_path, cipher):
    path = openssh.generate(tmp_path, "ed25519", "-a", "4", "-Z", cipher, passphrase="secret")

    assert Key.fromFile(path, passphrase="secret").public() == Key.fromFile(f"{path}.pub")
    with pytest.raises(keys.BadKeyError, match="Bad Passphrase"):
        Key.fromFile(path, passphrase="wrong")


def test_a_cipher_that_is_not_known_is_named(tmp_path):
    path = openssh.generate(tmp_path, "ed25519", "-a", "4", "-Z", "chacha20-poly1305@openssh.com", passphrase="secret")
    with pytest.raises(keys.BadKeyError, match="chacha20-poly1305"):
        Key.fromFile(path, passphrase="secret")


@pytest.mark.parametrize("passphrase", ["", "secret"])
@pytest.mark.parametrize("subtype", ["v1", "PEM"])
@pytest.mark.parametrize("kind", openssh.KINDS)
def test_openssh_reads_what_we_write(tmp_path, kind, subtype, passphrase):
    if kind == "ed25519" and subtype == "PEM":
        pytest.skip("there is no such format")
    path = openssh.generate(tmp_path, kind)
    key = Key.fromFile(path)

    written = key.toString("openssh", subtype=subtype, comment=b"c", passphrase=passphrase or None)

    assert openssh.public_line(written, tmp_path, passphrase) == key.public().toString("openssh")
    assert Key.fromString(written, passphrase=passphrase) == key


@pytest.mark.parametrize("kind", openssh.KINDS)
def test_fingerprints_are_those_of_openssh(tmp_path, kind):
    path = openssh.generate(tmp_path, kind)
    key = Key.fromFile(path)
    for format, hash, expected in (
        (keys.FingerprintFormats.MD5_HEX, "md5", "MD5:"),
        (keys.FingerprintFormats.SHA256_BASE64, "sha256", "SHA256:"),
    ):
        shown = openssh.call("ssh-keygen", "-l", "-E", hash, "-f", str(path)).split()[:2]
        assert shown == [b"%d" % key.size(), (expected + key.fingerprint(format).rstrip("=")).encode()]


@pytest.mark.parametrize("kind", openssh.KINDS)
def test_signatures_hold_both_ways(tmp_path, kind):
    path = openssh.generate(tmp_path, kind)
    key = Key.fromFile(path)
    data = openssh.signed_data(b"a message")

    theirs = openssh.sign(path, b"a message")
    assert key.public().verify(theirs, data)
    assert not key.public().verify(theirs, data + b"x")

    best = key.supportedSignatureAlgorithms()[0]
    ours = key.sign(data, best)
    assert openssh.accepts(key.blob(), ours, b"a message", tmp_path)
    assert not openssh.accepts(key.blob(), ours, b"another message", tmp_path)


def security_key(kind):
    """Return a security key's public blob, and what signs with it, as a device does."""
    if kind == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
        name, part = b"sk-ssh-ed25519@openssh.com", NS(private.public_key().public_bytes_raw())
    else:
        private = ec.generate_private_key(ec.SECP256R1())
        point = keys.Key(private).blob()[-65:]
        name, part = b"sk-ecdsa-sha2-nistp256@openssh.com", NS(b"nistp256") + NS(point)

    def sign(data, flags):
        trailer = bytes([flags]) + (7).to_bytes(4, "big")
        hashed = hashlib.sha256(b"ssh:").digest() + trailer + hashlib.sha256(data).digest()
        if kind == "ed25519":
            signature = private.sign(hashed)
        else:
            r, s = utils.decode_dss_signature(private.sign(hashed, ec.ECDSA(hashes.SHA256())))
            signature = MP(r) + MP(s)
        return NS(name) + NS(signature) + trailer

    return NS(name) + part + NS(b"ssh:"), sign


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_security_key_signs_when_it_is_touched(tmp_path, kind):
    blob, sign = security_key(kind)
    key = Key.fromString(blob)
    data = openssh.signed_data(b"a message")

    assert key.isSecurityKey()
    assert key.application == b"ssh:"
    assert key.blob() == blob
    assert Key.fromString(key.toString("openssh")) == key
    for flags in (1, 5):
        signature = sign(data, flags)
        assert openssh.accepts(blob, signature, b"a message", tmp_path)
        assert key.verify(signature, data)
        assert not key.verify(signature, data + b"x")
        assert not key.verify(signature[:-5], data)
    assert not key.verify(sign(data, 0), data)
    with pytest.raises(RuntimeError):
        key.sign(data)


@pytest.mark.parametrize("kind", openssh.KINDS)
def test_the_agent_takes_our_keys_and_signs_with_them(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    key = Key.fromFile(openssh.generate(tmp_path, kind))
    with openssh.agent(tmp_path) as agent:
        agent.add(key.privateBlob())
        for flags, algorithm in (
            ((2, b"rsa-sha2-256"), (4, b"rsa-sha2-512")) if kind == "rsa" else ((0, key.sshType()),)
        ):
            signature = agent.sign(key.blob(), b"data", flags)
            assert signature.startswith(NS(algorithm))
            assert key.verify(signature, b"data")
