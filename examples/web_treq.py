"""
treq as it is: forms, redirects, JSON, answers that come in parts, errors.

    reactorio run examples/web_treq.py URL

It needs treq, and nothing of Twisted's: `pip install --no-deps treq`, and `pip install attrs hyperlink incremental
multipart pyopenssl service_identity`. URL is that of examples/web_klein.py.
"""

import sys

import treq
from twisted.internet import defer, task


async def main(reactor, url: str) -> None:
    answer = await treq.post(f"{url}/notes", data={"text": "buy milk"}, browser_like_redirects=True, timeout=10)
    sizes: list[int] = []
    await treq.collect(answer, lambda part: sizes.append(len(part)))
    print(f"noted: {answer.code}, asked {len(answer.history()) + 1} times, a page of {sum(sizes)} bytes", flush=True)

    answer = await treq.get(f"{url}/notes/0", headers={"Accept": "application/json"}, timeout=10)
    print(f"told: {await answer.json()}", flush=True)

    answer = await treq.get(f"{url}/notes/100", timeout=10)
    print(f"refused: {answer.code} {(await answer.text()).strip()}", flush=True)


if __name__ == "__main__":
    task.react(lambda reactor, url: defer.ensureDeferred(main(reactor, url)), sys.argv[1:])
