"""OpenSSH's tools, as judges."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reactorio.conch.ssh.common import NS, getNS

if TYPE_CHECKING:
    from pathlib import Path

installed = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="OpenSSH is not installed")

KINDS = {
    "rsa": ["-t", "rsa", "-b", "2048"],
    "ecdsa256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa521": ["-t", "ecdsa", "-b", "521"],
    "ed25519": ["-t", "ed25519"],
}


def call(*command: str, **options) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, timeout=50, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def generate(folder: Path, kind: str, *options: str, passphrase: str = "", comment: str = "me@here") -> Path:
    """Return the path of a new private key; that of the public one has ``.pub`` at its end."""
    path = folder / f"{kind}-{len(list(folder.iterdir()))}"
    call("ssh-keygen", "-q", *KINDS[kind], "-N", passphrase, "-C", comment, "-f", str(path), *options)
    return path


def public_line(private: bytes, folder: Path, passphrase: str = "") -> bytes:
    """Return the public key that ssh-keygen finds in a private one: type and key, without the comment."""
    path = folder / "written"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(private)
    return b" ".join(call("ssh-keygen", "-y", "-P", passphrase, "-f", str(path)).split()[:2])


# -- Signatures of files (OpenSSH's PROTOCOL.sshsig).

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"


def signed_data(message: bytes, namespace: bytes = b"file") -> bytes:
    """Return what is signed for a message."""
    return b"SSHSIG" + NS(namespace) + NS(b"") + NS(b"sha512") + NS(hashlib.sha512(message).digest())


def sign(private: Path, message: bytes) -> bytes:
    """Return ssh-keygen's signature of `signed_data`."""
    armored = call("ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(private), input=message)
    assert armored.startswith(_BEGIN)
    content = base64.b64decode(armored[len(_BEGIN) : -len(_END)])
    return getNS(content[len(b"SSHSIG") + 4 :], 5)[4]


def accepts(blob: bytes, signature: bytes, message: bytes, folder: Path) -> bool:
    """Does ssh-keygen take this signature of `signed_data` by the key of this public blob?"""
    content = b"SSHSIG" + (1).to_bytes(4, "big") + NS(blob) + NS(b"file") + NS(b"") + NS(b"sha512") + NS(signature)
    path = folder / "signature"
    path.write_bytes(_BEGIN + base64.encodebytes(content) + _END)
    done = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "check-novalidate", "-n", "file", "-s", str(path)],
        input=message,
        capture_output=True,
        check=False,
        timeout=50,
    )
    return done.returncode == 0


# -- The agent (RFC 9987).


class Agent:
    """A connection to an agent, which has keys and signs with them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def sign(self, blob: bytes, data: bytes, flags: int = 0) -> bytes:
        """Return the signature; flags 2 and 4 ask for RSA with SHA-256 and SHA-512."""
        answer = self._ask(b"\x0d" + NS(blob) + NS(data) + flags.to_bytes(4, "big"))
        assert answer[:1] == b"\x0e"
        return getNS(answer[1:])[0]

    def add(self, private_blob: bytes, comment: bytes = b"") -> None:
        assert self._ask(b"\x11" + private_blob + NS(comment)) == b"\x06"

    def _ask(self, message: bytes) -> bytes:
        self._connection.sendall(NS(message))
        return self._take(int.from_bytes(self._take(4), "big"))

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            part = self._connection.recv(count - len(taken))
            assert part
            taken += part
        return taken


@contextmanager
def agent(folder: Path):
    """Run an agent without keys."""
    path = os.path.relpath(folder / "agent")  # the name of a socket is short
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()  # it listens
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                yield Agent(connection)
        finally:
            process.kill()
