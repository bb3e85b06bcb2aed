"""Programs that answer requests."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.web import _cgi, static, twcgi

from .hosting import hosting, in_thread, visit

SAY = """\
import json, os, sys
print("Content-Type: application/json")
print()
print(json.dumps({"env": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd(), "stdin": sys.stdin.read()}))
"""


@pytest.fixture
def script(tmp_path):
    """Write a script of Python, and return the resource of it."""

    def script(source, kind=twcgi.CGIScript):
        path = tmp_path / "script.cgi"
        path.write_text(f"#!{sys.executable}\n{source}")
        path.chmod(0o755)
        return kind(str(path))

    return script


def said(run, resource, path="/", **how):
    answer = visit(run, resource, lambda site: site.ask(path, **how))
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_a_script_gets_the_request_as_variables(run, script, tmp_path):
    root = static.File(str(tmp_path))
    root.processors = {".cgi": twcgi.CGIScript}
    script(SAY)
    headers = {"X-Thing": "one", "Content-Type": "text/x", "Cookie": "a=1", "Host": "www.example.org:80"}
    seen = said(run, root, "/script.cgi/more/%C3%BC%2F?a=b&c", method="POST", body=b"the body", headers=headers)
    env = seen["env"]
    assert seen["stdin"] == "the body"
    assert seen["argv"] == []
    assert seen["cwd"] == str(tmp_path)
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/script.cgi/more/%C3%BC%2F?a=b&c",
        "SCRIPT_NAME": "/script.cgi",
        "SCRIPT_FILENAME": str(tmp_path / "script.cgi"),
        "PATH_INFO": "/more/ü/",
        "QUERY_STRING": "a=b&c",
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "8",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "www.example.org",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_THING": "one",
        "HTTP_COOKIE": "a=1",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert env["SERVER_PORT"].isdigit()
    assert env["SERVER_SOFTWARE"]


def test_what_is_not_there_has_no_variable(run, script):
    env = said(run, script(SAY))["env"]
    assert not {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTPS"} & set(env)
    assert (env["QUERY_STRING"], env["SCRIPT_NAME"], env["PATH_INFO"]) == ("", "", "/")


def test_a_body_in_chunks_has_its_length(run, script):
    seen = said(run, script(SAY), method="POST", body=iter([b"one", b"two"]))
    assert (seen["env"]["CONTENT_LENGTH"], seen["stdin"]) == ("6", "onetwo")


def test_what_could_be_taken_for_something_else_is_not_passed_on(run, script, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://ours")
    monkeypatch.setenv("REMOTE_USER", "root")
    monkeypatch.setenv("ORDINARY", "yes")
    headers = {"Proxy": "http://evil", "Authorization": "Basic eA==", "X_Under": "forged", "X-Fine": "1"}
    env = said(run, script(SAY), headers=headers)["env"]
    assert not {"HTTP_PROXY", "HTTP_AUTHORIZATION", "HTTP_X_UNDER", "REMOTE_USER"} & set(env)
    assert (env["HTTP_X_FINE"], env["ORDINARY"]) == ("1", "yes")


def test_words_in_the_query_are_arguments(run, script):
    assert said(run, script(SAY), "/?one+t%77o+%2Dx")["argv"] == ["one", "two", "-x"]
    assert said(run, script(SAY), "/?one=two")["argv"] == []
    assert said(run, script(SAY), "/?one", method="POST", body=b"")["argv"] == []


def test_a_nul_is_refused(run, script):
    assert visit(run, script(SAY), lambda site: site.ask("/a%00b").status) == 400


def test_a_filter_runs_scripts(run, tmp_path):
    (tmp_path / "script").write_text(SAY)

    class Python(twcgi.FilteredScript):
        filter = sys.executable

    assert said(run, Python(str(tmp_path / "script")), "/?a+b")["argv"] == ["a", "b"]


@pytest.mark.parametrize(
    ("output", "status", "headers", "body"),
    [
        (r"Status: 404 Gone fishing\n\nno", 404, {}, b"no"),
        (r"Content-Type: a/b\r\n\r\nyes", 200, {"content-type": "a/b"}, b"yes"),
        (r"Location: http://example.org/\n\n", 302, {"location": "http://example.org/"}, b""),
        (r"Status: 301 Moved\nLocation: /x\n\n", 301, {"location": "/x"}, b""),
        (r"Set-Cookie: a\nSet-Cookie: b\n\n", 200, {"set-cookie": "a, b"}, b""),
        (r"Content-Length: 2\n\nok", 200, {"content-length": "2"}, b"ok"),
        (r"Status: 99\nstrange\nX: y\n\nok", 200, {"x": "y"}, b"ok"),
        (r"Transfer-Encoding: chunked\nX: y\n\nok", 200, {"x": "y"}, b"ok"),
        (r"\n\nok", 200, {}, b"\nok"),
    ],
)
def test_the_output_is_the_response(run, script, output, status, headers, body):
    resource = script(f"import sys; sys.stdout.buffer.write(b'{output}')")
    answer = visit(run, resource, lambda site: site.ask("/"))
    assert (answer.status, answer.body) == (status, body)
    assert {name: answer.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize("source", ["", "print('Content-Type: text/plain')", "raise SystemExit(3)"])
def test_a_script_that_says_nothing_is_an_error(run, script, source, logged_errors):
    assert visit(run, script(source), lambda site: site.ask("/").status) == 500
    logged_errors.clear()


def test_a_script_without_the_right_to_run_is_an_error(run, script, logged_errors):
    resource = script(SAY)
    os.chmod(resource.filename, 0o644)
    assert visit(run, resource, lambda site: site.ask("/").status) == 500
    logged_errors.clear()


def test_a_header_without_end_is_an_error(run, script, logged_errors):
    resource = script("import sys\nwhile True: sys.stdout.write('X: ' + 'y' * 1000 + '\\n')")
    assert visit(run, resource, lambda site: site.ask("/").status) == 500
    logged_errors.clear()


def test_what_a_script_complains_of_is_logged(run, script, logged_errors):
    resource = script("import sys; sys.stderr.write('oh no'); print('X: y\\n')")
    assert visit(run, resource, lambda site: site.ask("/").status) == 200
    [event] = logged_errors
    assert event["errorText"] == b"oh no"
    logged_errors.clear()


def test_a_large_body_goes_through_a_script(run, script):
    resource = script(
        "import sys; sys.stdout.write('X: y\\n\\n'); sys.stdout.flush(); import shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    )
    content = os.urandom(3 << 20)
    answer = visit(run, resource, lambda site: site.ask("/", "POST", content))
    assert answer.body == content


def test_a_script_need_not_read_its_body(run, script):
    resource = script("print('X: y\\n')")
    assert visit(run, resource, lambda site: site.ask("/", "POST", bytes(3 << 20)).status) == 200


def test_a_script_whose_client_goes_is_terminated(run, script, tmp_path):
    resource = script(
        "import os, sys, time\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "print('X: y\\n', flush=True)\n"
        "time.sleep(60)\n"
    )

    async def main():
        async with hosting(resource) as site:

            def work():
                with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    connection.settimeout(5)
                    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                        time.sleep(0.01)
                pid = int((tmp_path / "pid").read_text())
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline:
                    try:
                        os.kill(pid, 0)
                    except ProcessLookupError:
                        return True
                    time.sleep(0.01)
                os.kill(pid, signal.SIGKILL)
                return False

            return await in_thread(work)

    assert run(main())


@given(st.lists(st.binary(max_size=5), max_size=20), st.binary(max_size=20), st.lists(st.integers(1, 30), max_size=5))
def test_cutting_the_output_anywhere_changes_nothing(lines, body, cuts):
    header = b"".join(line.replace(b"\n", b"").replace(b"\r", b"") + b"x\n" for line in lines)
    output = header + b"\n" + body
    whole = _cgi.Headers().receive(output)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(output[at : at + cut])
        at += cut
    pieces.append(output[at:])
    taking, result, rest = _cgi.Headers(), None, b""
    for piece in pieces:
        if result is not None:
            rest += piece
        else:
            result = taking.receive(piece)
    assert whole is not None
    assert result is not None
    assert (result[0], result[1] + rest) == whole
    assert whole[1] == body


def test_directories_of_scripts_are_scripts_at_any_depth(run, script, tmp_path):
    script(SAY)
    (tmp_path / "sub").mkdir()
    os.rename(tmp_path / "script.cgi", tmp_path / "sub" / "script")
    root = twcgi.CGIDirectory(str(tmp_path))

    def work(site):
        return [site.ask(path).status for path in ("/sub/script/x", "/sub/", "/", "/none", "/sub%2fscript")]

    assert visit(run, root, work) == [200, 404, 404, 404, 404]
