"""
Klein as it is: routes, a template, a form, handlers that are coroutines, an error handler.

    reactorio run examples/web_klein.py [PORT]

It needs Klein, and nothing of Twisted's: `pip install --no-deps klein tubes`, and `pip install attrs constantly hyperlink
incremental werkzeug`.
"""

import json
import sys

from klein import Klein
from twisted.internet import reactor, task
from twisted.web.server import Site
from twisted.web.template import Element, TagLoader, renderer, tags


class Page(Element):
    """All that has been noted, and a form for more."""

    loader = TagLoader(
        tags.html(
            tags.head(tags.meta(charset="utf-8"), tags.title("Notes")),
            tags.body(
                tags.ul(tags.li(render="note")),
                tags.form(tags.input(name="text"), tags.button("Note"), method="post", action="/notes"),
            ),
        )
    )

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self.notes = notes

    @renderer
    def note(self, request, tag):
        for text in self.notes:
            yield tag.clone()(text)


class Notes:
    """Handlers are methods: each application has its own notes."""

    app = Klein()

    def __init__(self) -> None:
        self.notes: list[str] = []

    @app.route("/")
    def index(self, request):
        return Page(self.notes)

    @app.route("/notes", methods=["POST"])
    def add(self, request):
        text = request.args.get(b"text", [b""])[0].decode()
        if not text:
            raise ValueError("an empty note")
        self.notes.append(text)
        request.redirect(b"/")

    @app.route("/notes/<int:number>")
    async def one(self, request, number):
        # Something that takes a while: other requests are answered meanwhile.
        await task.deferLater(reactor, 0.01)
        request.setHeader("content-type", "application/json")
        return json.dumps({"number": number, "text": self.notes[number]})

    @app.handle_errors(ValueError, IndexError)
    def refuse(self, request, failure):
        request.setResponseCode(400)
        return f"{failure.getErrorMessage()}\n"


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    listening = reactor.listenTCP(port, Site(Notes().app.resource()), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
