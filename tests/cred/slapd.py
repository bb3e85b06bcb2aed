"""A real directory with two users, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0

# Where they are not in a system's usual places, the environment says so.
SLAPD = os.environ.get("SLAPD") or shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin:/usr/libexec")
SCHEMA = Path(os.environ.get("SLAPD_SCHEMA", "/etc/ldap/schema"))
MODULES = os.environ.get("SLAPD_MODULES", "/usr/lib/ldap")

CONFIGURATION = """\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath {modules}
moduleload back_mdb
pidfile {home}/pid
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
directory {home}/data
"""

PEOPLE = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Example
userPassword: one

dn: uid=o\\,neil \\+ co,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: o,neil + co
cn: O'Neil
sn: Example
userPassword: two

dn: uid=nopassword,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: nopassword
cn: No
sn: Password
"""


@contextmanager
def running(home: Path, authority: Path, certificate: Path) -> Iterator[dict[str, int]]:
    """Run a directory on loopback; yield its ports by scheme."""
    assert SLAPD is not None
    (home / "data").mkdir()
    configuration = home / "slapd.conf"
    configuration.write_text(
        CONFIGURATION.format(schema=SCHEMA, modules=MODULES, home=home, authority=authority, certificate=certificate)
    )
    (home / "people.ldif").write_text(PEOPLE)
    add = [SLAPD, "-T", "add", "-f", str(configuration), "-l", str(home / "people.ldif")]
    subprocess.run(add, check=True, capture_output=True, timeout=PATIENCE)
    ports = {scheme: unused_port() for scheme in ("ldap", "ldaps")}
    uris = " ".join(f"{scheme}://127.0.0.1:{port}" for scheme, port in ports.items())
    # With -d it stays in the foreground.
    server = subprocess.Popen([SLAPD, "-f", str(configuration), "-h", uris, "-d", "0"], stderr=subprocess.PIPE)
    try:
        wait_for(server, ports["ldaps"])
        yield ports
    finally:
        server.kill()
        server.communicate()


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert server.poll() is None, server.communicate()[1]
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
