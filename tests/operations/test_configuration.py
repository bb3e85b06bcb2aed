"""A TOML file, read and checked: what it says, with overrides and secrets; what is wrong with it, with its line."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import ROOT

from reactorio.application._config.layout import LAYOUT
from reactorio.application._config.limits import size
from reactorio.application._config.places import places
from reactorio.application._config.reading import ConfigurationError, Secret, read

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# ---- lines

DOCUMENT = '''\
a = 1  # a comment with b = 2
"quoted key" . x = """
[not.a.head]
c = 3 """

[table] # a comment
'literal \\' = [
    1, # one = 1
    "two = 2", [
        3,
    ],
    { four = 4, five.six = { seven = [] } },
]
date = 1979-05-27T07:32:00Z

[table . "sub table"]
d.e = """a\\"""b"""
d.f = \'\'\'it's\'\'\'

[[array]]
g = 1
[[array]]
g = {}
[array.inner]
h = -inf
[[array.more]]
i = true
[empty]'''


def test_each_key_has_the_line_that_it_stands_in():
    assert places(DOCUMENT, tomllib.loads) == {
        ("a",): 1,
        ("quoted key",): 2,
        ("quoted key", "x"): 2,
        ("table",): 6,
        ("table", "literal \\"): 7,
        ("table", "literal \\", 0): 8,
        ("table", "literal \\", 1): 9,
        ("table", "literal \\", 2): 9,
        ("table", "literal \\", 2, 0): 10,
        ("table", "literal \\", 3): 12,
        ("table", "literal \\", 3, "four"): 12,
        ("table", "literal \\", 3, "five"): 12,
        ("table", "literal \\", 3, "five", "six"): 12,
        ("table", "literal \\", 3, "five", "six", "seven"): 12,
        ("table", "date"): 14,
        ("table", "sub table"): 16,
        ("table", "sub table", "d"): 17,
        ("table", "sub table", "d", "e"): 17,
        ("table", "sub table", "d", "f"): 18,
        ("array", 0): 20,
        ("array", 0, "g"): 21,
        ("array", 1): 22,
        ("array", 1, "g"): 23,
        ("array", 1, "inner"): 24,
        ("array", 1, "inner", "h"): 25,
        ("array", 1, "more", 0): 26,
        ("array", 1, "more", 0, "i"): 27,
        ("empty",): 28,
    }


def paths_in(value, path=()):
    """Yield the paths of all keys and elements."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in members:
        yield (*path, key)
        yield from paths_in(one, (*path, key))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.booleans() | st.integers(-99, 99) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def written(value):
    """Return a value as TOML has it, arrays over several lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[\n" + "".join(f"  {written(one)}, # ]\n" for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(one)}" for key, one in value.items()) + "}"
    return str(value)


def quoted(text):
    return '"' + "".join(f"\\U{ord(c):08x}" if c in '"\\' or not c.isprintable() else c for c in text) + '"'


@given(st.dictionaries(TEXT, st.dictionaries(TEXT, VALUES, max_size=3), max_size=3))
def test_whatever_stands_in_a_document_is_found_and_nothing_else(tables):
    document = "".join(
        f"[{quoted(name)}]\n" + "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    found = places(document, tomllib.loads)
    assert set(found) == set(paths_in(tomllib.loads(document)))
    lines = document.split("\n")
    assert all(quoted(str(path[-1])) in lines[line - 1] for path, line in found.items() if isinstance(path[-1], str))


# ---- what is wrong


def complaints(tmp_path, text, **environ):
    """Return what is wrong with a file."""
    (tmp_path / "app.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read(str(tmp_path / "app.toml"), "app.toml", environ)
    return caught.value.lines


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[servces]", "app.toml:1: servces is no key here: there are application, log, limits, cred, services"),
        ("[application]\n\nnam = 1", "app.toml:3: application.nam is no key here: there are name, reactor,"),
        ("[application]\ngrace = 'x'", "app.toml:2: application.grace has to be a number, and is 'x'"),
        ("[application]\ngrace = -1", "app.toml:2: application.grace has to be at least 0, and is -1"),
        ("[application]\ngrace = inf", "app.toml:2: application.grace has to be at least 0, and is inf"),
        ("[application]\nworkers = 'many'", 'app.toml:2: application.workers has to be "auto" or an integer, and is'),
        (
            "[application]\nworkers = true",
            'app.toml:2: application.workers has to be "auto" or an integer, and is true',
        ),
        (
            "[application]\nreactor = 'x'",
            'app.toml:2: application.reactor has to be "asyncio" or "uvloop", and is \'x\'',
        ),
        ("[application]\nadmin = ['unix:a',\n'x']", "app.toml:3: application.admin.1 'x' is neither unix:PATH nor"),
        ("[application]\nadmin = 'unix:a'", "app.toml:2: application.admin has to be an array, and is 'unix:a'"),
        ("[application]\nuid = 'nobody-here'", "app.toml:2: application.uid there is no user 'nobody-here'"),
        ("[application]\numask = '9'", "app.toml:2: application.umask '9' is no octal number"),
        ("[log]\nlevels = { x = 'loud' }", "app.toml:2: log.levels.x 'loud' is no level: there are debug, info,"),
        ("[limits]\nmemory = '1X'", "app.toml:2: limits.memory '1X' is no number of bytes: 512M is"),
        ("[limits]\nthreads = 1.5", "app.toml:2: limits.threads has to be a whole number, and is 1.5"),
        ("application = 1", "app.toml:1: application has to be a table, and is 1"),
        ("[services]\nx = 1", "app.toml:2: services.x has to be a table, and is 1"),
        ("[services.x]", "app.toml:1: services.x needs one of factory, plugin, service, and has none"),
        (
            "[services.x]\nfactory = 'a b'",
            "app.toml:2: services.x.factory 'a b' does not name anything: module:name does",
        ),
        ("[services.x]\nfactory = 'a:b'", "app.toml:1: services.x needs endpoints: where is its factory to be served?"),
        ("[services.x]\nplugin = 'a'\nendpoints = []", "app.toml:3: services.x.endpoints is for a factory: a plugin"),
        ("[services.x]\nservice = 'a:b'\narguments = []", "app.toml:3: services.x.arguments is for a plugin: what a"),
        ("[services.x]\nservice = 'a:b'\noptions = 1", "app.toml:3: services.x.options has to be a table, and is 1"),
        ("x = ", "app.toml: Invalid value (at end of document)"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, complaint):
    (line,) = complaints(tmp_path, text)
    assert line.startswith(complaint)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    assert len(complaints(tmp_path, "[application]\nx = 1\ny = 2\n[log]\nz = 3\n", REACTORIO_LOG__U="4")) == 4


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^x: No such file or directory$"):
        read(str(tmp_path / "none"), "x")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="it is not UTF-8"):
        read(str(tmp_path / "binary"))
    (tmp_path / "long").write_text("#" * 2_000_000)
    with pytest.raises(ConfigurationError, match="it is longer than"):
        read(str(tmp_path / "long"))


def test_the_file_in_the_documentation_is_right():
    text = (ROOT / "docs" / "operations.md").read_text().partition("```toml\n")[2].partition("```")[0]
    assert list(LAYOUT.problems(tomllib.loads(text), ())) == []


# ---- overrides

SERVICE = "[services.my-web]\nservice = 'a:b'\n[services.my-web.options]\ngreeting = 'hello'\n"


def said(tmp_path, text, **environ):
    """Return the tables of a file."""
    (tmp_path / "app.toml").write_text(text)
    return read(str(tmp_path / "app.toml"), "app.toml", environ).values


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("REACTORIO_APPLICATION__WORKERS", "4", ("application", "workers"), 4),
        ("REACTORIO_APPLICATION__WORKERS", "auto", ("application", "workers"), "auto"),
        ("REACTORIO_APPLICATION__WORKER_TIMEOUT", "2.5", ("application", "worker-timeout"), 2.5),
        ("REACTORIO_APPLICATION__DAEMON", "true", ("application", "daemon"), True),
        ("REACTORIO_APPLICATION__NAME", "4", ("application", "name"), "4"),
        ("REACTORIO_APPLICATION__ADMIN", "tcp:1", ("application", "admin"), ["tcp:1"]),
        ("REACTORIO_APPLICATION__ADMIN", '["tcp:1", "tcp:2"]', ("application", "admin"), ["tcp:1", "tcp:2"]),
        ("REACTORIO_LIMITS__OPEN_FILES", "100", ("limits", "open-files"), 100),
        ("REACTORIO_LOG__LEVELS__X", "debug", ("log", "levels", "x"), "debug"),
        ("REACTORIO_SERVICES__MY_WEB__OPTIONS__GREETING", "hi", ("services", "my-web", "options", "greeting"), "hi"),
        ("REACTORIO_SERVICES__MY_WEB__OPTIONS__NUMBER", "8", ("services", "my-web", "options", "number"), 8),
        ("REACTORIO_SERVICES__MY_WEB__ENABLED", "false", ("services", "my-web", "enabled"), False),
    ],
)
def test_a_variable_overrides_the_key_that_it_names(tmp_path, variable, text, path, value):
    found = said(tmp_path, SERVICE, **{variable: text})
    for part in path:
        found = found[part]
    assert found == value


def test_other_variables_are_none_of_them(tmp_path):
    environ = {"REACTORIO_LOOP": "x", "REACTORIO_ADMIN": "x", "OTHER__X": "1", "REACTORIO": "x"}
    assert said(tmp_path, "", **environ) == {}


@pytest.mark.parametrize(
    ("variable", "complaint"),
    [
        ("REACTORIO_LOG__X", "REACTORIO_LOG__X: log.x is no key here: there are format, file, level, levels"),
        ("REACTORIO_X__Y", "REACTORIO_X__Y: x is no key here"),
        ("REACTORIO_LOG__FORMAT__X", "REACTORIO_LOG__FORMAT__X: log.format is no table"),
        ("REACTORIO_LOG__FORMAT", 'REACTORIO_LOG__FORMAT: log.format has to be "text" or "json", and is \'y\''),
        ("REACTORIO_LIMITS__THREADS", "REACTORIO_LIMITS__THREADS: limits.threads has to be a whole number, and is 'y'"),
    ],
)
def test_a_variable_that_is_wrong_is_named(tmp_path, variable, complaint):
    (line,) = complaints(tmp_path, "[log]\nformat = 'text'\n", **{variable: "y"})
    assert line.startswith(complaint)


# ---- secrets


def options(tmp_path, what, **environ):
    text = f"[services.x]\nservice = 'a:b'\noptions = {{ deep = [{{ password = {what} }}] }}"
    return said(tmp_path, text, **environ)["services"]["x"]["options"]["deep"][0]["password"]


def test_secrets_come_from_files_variables_and_credentials_and_are_not_shown(tmp_path):
    (tmp_path / "secret").write_text("xyz zy\n")
    found = [
        options(tmp_path, f'{{ secret-file = "{tmp_path}/secret" }}'),
        options(tmp_path, '{ secret-env = "X" }', X="xyz zy"),
        options(tmp_path, '{ secret-credential = "secret" }', CREDENTIALS_DIRECTORY=str(tmp_path)),
    ]
    assert found == ["xyz zy"] * 3
    assert {repr(one) for one in found} == {"<secret>"}
    assert f"{found[0]}!" == "xyz zy!"


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ('{ secret-file = "/nonexistent" }', "[Errno 2] No such file or directory: '/nonexistent'"),
        ('{ secret-env = "NONE" }', "there is no environment variable NONE"),
        ('{ secret-credential = "x" }', "there is no credential 'x'"),
        ("{ secret-file = 1 }", "secret-file has to be a string"),
    ],
)
def test_a_secret_that_is_not_there_is_said(tmp_path, what, complaint):
    (line,) = complaints(tmp_path, f"[services.x]\nservice = 'a:b'\n[services.x.options]\na = {what}")
    assert line == f"app.toml:4: services.x.options.a cannot be had: {complaint}"


def test_a_credential_is_a_name_and_no_path(tmp_path):
    text = "[services.x]\nservice = 'a:b'\noptions = { a = { secret-credential = '../secret' } }"
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").write_text("x")
    assert "there is no credential" in complaints(tmp_path, text, CREDENTIALS_DIRECTORY=f"{tmp_path}/folder")[0]


def test_a_secret_is_never_in_what_is_wrong(tmp_path):
    assert "hidden" not in repr({"a": [Secret("hidden")]})


# ---- sizes


def test_sizes():
    assert [size(text) for text in ("0", "12", "1K", "2M", "3G")] == [0, 12, 1024, 2 << 20, 3 << 30]
