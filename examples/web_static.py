"""
A web server for a folder: files with ranges and conditional requests, indexes, listings, and compressed copies.

    reactorio run examples/web_static.py FOLDER [PORT]

The port is 8080 unless you say another; 0 takes any that is free. `reactorio web --path FOLDER` does the same, and more.
"""

import sys

from twisted.internet import reactor
from twisted.web.server import Site
from twisted.web.static import File


def main() -> None:
    root = File(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080

    # Where page.html.gz lies beside page.html, who takes gzip gets it. Links that lead out of the folder are not followed.
    root.precompressed = {"br": ".br", "gzip": ".gz"}
    root.followSymlinks = False

    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
