"""
An FTP server: anybody may read the folder "public", and alice her own.

    reactorio run examples/ftp_server.py FOLDER [PORT]

FOLDER is made, with the two in it, if it is not there. Alice's password is "secret". The port is 2121 unless you say
another; 0 takes any that is free. The client is ftp_client.py; `curl -u alice:secret ftp://127.0.0.1:2121/` is another.
"""

import sys
from pathlib import Path

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.protocols.ftp import FTPFactory, FTPRealm


def main() -> None:
    root = Path(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 2121
    for folder in (root / "public", root / "home" / "alice"):
        folder.mkdir(parents=True, exist_ok=True)

    users = InMemoryUsernamePasswordDatabaseDontUse()
    users.addUser("alice", "secret")
    realm = FTPRealm(str(root / "public"), str(root / "home"))
    factory = FTPFactory(Portal(realm, [users, AllowAnonymousAccess()]))
    factory.welcomeMessage = "Files here."
    factory.connectionLimit = 100

    listening = reactor.listenTCP(port, factory, interface="127.0.0.1")
    print(f"FTP server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
