"""Logging in over HTTP."""

from __future__ import annotations

import socket
import time
import urllib.request

import httpx
import pytest

from reactorio.cred import checkers, portal
from reactorio.internet.defer import Deferred
from reactorio.web import guard, resource, server, static

from .hosting import hosting, in_thread, visit


class Realm:
    """Everybody has a page of their own, and what is below it."""

    def __init__(self):
        self.left = []
        self.slow = False

    def requestAvatar(self, avatarId, mind, *interfaces):
        name = avatarId if isinstance(avatarId, bytes) else b"nobody"
        page = static.Data(b"the page of " + name, "text/plain")
        page.putChild(b"below", static.Data(b"below " + name, "text/plain"))
        return resource.IResource, page, lambda: self.left.append(name)


@pytest.fixture
def realm():
    return Realm()


def guarded(realm, *factories, anonymous=False):
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse()
    users.addUser(b"bob", b"a secret")
    users.addUser("zoë".encode(), "pässword".encode())
    admitted = portal.Portal(realm, [users, *([checkers.AllowAnonymousAccess()] if anonymous else [])])
    root = resource.Resource()
    root.putChild(b"in", guard.HTTPAuthSessionWrapper(admitted, list(factories)))
    return root


BASIC = guard.BasicCredentialFactory(b'the "realm"')


def test_basic_lets_in_who_knows_the_password(run, realm):
    def work(site):
        with httpx.Client(trust_env=False) as client:
            url = site.url("/in")
            return [
                client.get(url),
                client.get(url, auth=("bob", "a secret")),
                client.get(url, auth=("bob", "wrong")),
                client.get(url, auth=("zoë", "pässword")),
                client.get(url + "/below", auth=("bob", "a secret")),
                client.get(url + "/none", auth=("bob", "a secret")),
            ]

    refused, entered, wrong, foreign, below, nothing = visit(run, guarded(realm, BASIC), work)
    assert (refused.status_code, refused.text) == (401, "Unauthorized")
    assert refused.headers["www-authenticate"] == r'basic realm="the \"realm\""'
    assert (entered.status_code, entered.text) == (200, "the page of bob")
    assert wrong.status_code == 401
    assert foreign.content == "the page of zoë".encode()
    assert below.text == "below bob"
    assert nothing.status_code == 404
    assert realm.left == [b"bob", "zoë".encode(), b"bob", b"bob"]


@pytest.mark.parametrize("algorithm", [b"md5", b"md5-sess", b"sha-256", b"sha-256-sess"])
def test_httpx_logs_in_by_digest(run, realm, algorithm):
    def work(site):
        with httpx.Client(trust_env=False) as client:
            url = site.url("/in/below?x=1")
            return [
                client.get(url, auth=httpx.DigestAuth("bob", password)).status_code
                for password in ("a secret", "wrong")
            ]

    digest = guard.DigestCredentialFactory(algorithm, b"the realm")
    assert visit(run, guarded(realm, digest), work) == [200, 401]


def test_curl_and_urllib_log_in_by_digest(run, realm):
    def work(site):
        handler = urllib.request.HTTPDigestAuthHandler()
        handler.add_password("the realm", site.url("/"), "bob", "a secret")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        with opener.open(site.url("/in")) as answer:
            by_urllib = answer.read()
        return (
            by_urllib,
            site.curl("/in", "--digest", "-u", "bob:a secret"),
            site.curl("/in", "--anyauth", "-u", "bob:a secret"),
        )

    # urllib takes the name in capitals alone.
    root = guarded(realm, guard.DigestCredentialFactory(b"MD5", b"the realm"), BASIC)
    assert visit(run, root, work) == (b"the page of bob",) * 3


def test_an_answer_to_another_method_is_refused(run, realm):
    def work(site):
        with httpx.Client(trust_env=False) as client:
            first = client.get(site.url("/in"), auth=httpx.DigestAuth("bob", "a secret"))
            header = first.request.headers["authorization"]
            return [
                client.request(method, site.url("/in"), headers={"Authorization": header}).status_code
                for method in ("GET", "HEAD")
            ]

    digest = guard.DigestCredentialFactory(b"md5", b"the realm")
    assert visit(run, guarded(realm, digest), work) == [200, 401]


def test_who_says_nothing_is_anonymous_where_that_is_allowed(run, realm):
    root = guarded(realm, BASIC, anonymous=True)
    assert visit(run, root, lambda site: site.ask("/in").body) == b"the page of nobody"


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic eA",
        "basic",
        "Bearer x",
        "Digest",
        "Digest username",
        "Digest " + "a=b," * 9999,
        " ",
    ],
)
def test_nonsense_is_refused(run, realm, header):
    root = guarded(realm, BASIC, guard.DigestCredentialFactory(b"md5", b"r"))
    answer = visit(run, root, lambda site: site.ask("/in", headers={"Authorization": header}))
    assert answer.status in (401, 400, 431)


def test_an_avatar_is_logged_out_when_its_request_is_over(run, realm):
    class Slow(resource.Resource):
        isLeaf = True

        def render(self, request):
            assert realm.left == []
            request.write(b"part")
            request.loseConnection()
            return server.NOT_DONE_YET

    realm.requestAvatar = lambda name, mind, *interfaces: (resource.IResource, Slow(), lambda: realm.left.append(name))

    def work(site):
        return site.raw(b"GET /in HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Ym9iOmEgc2VjcmV0\r\n\r\n")

    assert b"part" in visit(run, guarded(realm, BASIC), work)
    assert realm.left == [b"bob"]


def test_an_avatar_whose_client_has_gone_meanwhile_is_logged_out(run, realm):
    asked = []

    def later(name, mind, *interfaces):
        asked.append(Deferred())
        return asked[0]

    realm.requestAvatar = later

    async def main():
        async with hosting(guarded(realm, BASIC)) as site:

            def work():
                with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
                    connection.sendall(b"GET /in HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Ym9iOmEgc2VjcmV0\r\n\r\n")
                    while not asked:
                        time.sleep(0.001)

            await in_thread(work)
        # By now, no connection is left.
        asked[0].callback((resource.IResource, static.Data(b"", "a/b"), lambda: realm.left.append(b"bob")))

    run(main())
    assert realm.left == [b"bob"]
