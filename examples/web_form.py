"""
A form, and what comes of it: a guest book.

    reactorio run examples/web_form.py [PORT]
"""

import sys
from html import escape

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Guest book</title></head>
<body>
<h1>Guest book</h1>
<ul>
{entries}
</ul>
<form method="post" accept-charset="utf-8">
<p><label>Name <input name="name" required maxlength="40"></label></p>
<p><label>Says <input name="text" required maxlength="200"></label></p>
<p><button>Write</button></p>
</form>
</body>
</html>
"""


class GuestBook(Resource):
    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[str, str]] = []

    def render_GET(self, request) -> bytes:
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        entries = "\n".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in self.entries)
        return PAGE.format(entries=entries).encode()

    def render_POST(self, request) -> bytes:
        # Fields come as lists of bytes: a form can have two of one name, and a client can send anything.
        name, text = (
            request.args.get(field, [b""])[0].decode("utf-8", "replace").strip() for field in (b"name", b"text")
        )
        if not name or not text:
            request.setResponseCode(400)
            return b"A name and a text, please.\n"
        self.entries.append((name[:40], text[:200]))
        # Who reloads the page does not write again.
        request.setResponseCode(303)
        request.setHeader(b"location", request.uri)
        return b""


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    listening = reactor.listenTCP(port, Site(GuestBook()), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
