"""
Add a user to a file of hashed passwords, or change the user's password::

    python -m reactorio.cred.passwd FILE NAME

The password is asked for twice on a terminal; else it is the first line of the standard input.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reactorio.cred import hashedfile, hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "remove_user", "set_password"]


def set_password(path: str | os.PathLike[str], name: bytes, password: bytes, scheme: str = "scrypt") -> None:
    """
    Write a user's hash to a file, in the place of the old one, or at the end; the file is made if there is none.

    A new file has mode 0600; mode and owner of an old one stay. It is replaced as a whole, so that a server reads the
    old one or the new one. Of two changes at the same time, one is lost.

    Raises:
        ValueError: The name cannot stand in the file, the password is empty or too long, or the file is not well-formed.
        OSError: The file cannot be read or written.
    """
    if not name or len(name) > 1024 or name.startswith(b"#") or name != name.strip() or _breaks_line(name):
        raise ValueError("a name has no colon, no line break, no blank at its ends, and no # at its beginning")
    line = name + b":" + hashes.hash_password(password, scheme) + b"\n"
    _rewrite(Path(path), name, line)


def remove_user(path: str | os.PathLike[str], name: bytes) -> None:
    """
    Remove a user from a file.

    Raises:
        KeyError: The file does not have the user.
        ValueError: The file is not well-formed.
        OSError: The file cannot be read or written.
    """
    if name not in hashedfile.parse(Path(path).read_bytes()):
        raise KeyError(name)
    _rewrite(Path(path), name, b"")


def _breaks_line(name: bytes) -> bool:
    return b":" in name or len(name.splitlines()) != 1 or b"\n" in name or b"\r" in name


def _rewrite(path: Path, name: bytes, line: bytes) -> None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    hashedfile.parse(content)
    lines = content.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    mine = [number for number, old in enumerate(lines) if old.partition(b":")[0] == name]
    if mine:
        lines[mine[0]] = line
    else:
        lines.append(line)
    _replace(path, b"".join(lines))


def _replace(path: Path, content: bytes) -> None:
    target = path.resolve()  # a link stays one
    descriptor, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                old = target.stat()
                os.fchmod(descriptor, old.st_mode & 0o7777)
                os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fsync(descriptor)
        os.replace(scratch, target)
    except BaseException:
        os.unlink(scratch)
        raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m reactorio.cred.passwd", description="Keep a file of names and hashed passwords."
    )
    parser.add_argument("file", help="the file; it is made if there is none")
    parser.add_argument("name", help="the user")
    parser.add_argument("--scheme", choices=sorted(hashes.SCHEMES), default="scrypt", help="the kind of hash")
    parser.add_argument("--remove", action="store_true", help="remove the user")
    options = parser.parse_args(arguments)
    name = os.fsencode(options.name)
    try:
        if options.remove:
            remove_user(options.file, name)
        else:
            set_password(options.file, name, _ask(), options.scheme)
    except KeyError:
        return _complain(f"{options.file} has no user {options.name}")
    except (ValueError, OSError, ImportError) as exc:
        return _complain(str(exc))
    return 0


def _ask() -> bytes:
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().rstrip(b"\r\n")
    password = getpass.getpass()
    if getpass.getpass("Again: ") != password:
        raise ValueError("the two are not the same")
    return password.encode("utf-8", "surrogateescape")


def _complain(text: str) -> int:
    print(f"passwd: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
