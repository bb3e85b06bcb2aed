"""python.usage: command lines."""

from __future__ import annotations

import pytest


@pytest.fixture
def usage(tw):
    return tw("python.usage")


@pytest.fixture
def Serve(usage):
    class Status(usage.Options):
        optFlags = [["all", "a", "Show all."]]

    class Common(usage.Options):
        optFlags = [["quiet", "q", "Say less."]]

    class Serve(Common):
        """Serves."""

        synopsis = "Usage: serve [options]"
        longdesc = "Serves what there is."
        optFlags = [["verbose", "v", "Say more."]]
        optParameters = [["port", "p", 8080, "The port.", usage.portCoerce], ["name", None, None, "A name."]]
        subCommands = [["status", "st", Status, "Tell how it goes."]]

        def opt_user_id(self, number):
            """Become this user."""
            self["user"] = int(number)

        opt_u = opt_user_id

    return Serve


def test_options_have_their_defaults_until_told_otherwise(Serve):
    options = Serve()
    options.parseOptions([])

    assert options == {"quiet": 0, "verbose": 0, "port": 8080, "name": None}


@pytest.mark.parametrize(
    "words",
    [
        ["--verbose", "--port", "99", "--user-id=7"],
        ["-v", "-p99", "-u7"],
        ["-vp", "99", "-u", "7"],
        ["--verb", "--port=99", "--user-id", "7"],
    ],
)
def test_options_are_given_short_or_long_together_or_apart(Serve, words):
    options = Serve()
    options.parseOptions(words)

    assert options == {"quiet": 0, "verbose": 1, "port": 99, "name": None, "user": 7}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--nope"], "option --nope not recognized"),
        (["-Z"], "option -Z not recognized"),
        (["--port"], "option --port requires argument"),
        (["--verbose=1"], "option --verbose must not have an argument"),
        (["--port", "99999"], "Parameter type enforcement failed: Port number not in range: 99999"),
        (["nope"], "Unknown command: nope"),
        (["status", "extra"], "Wrong number of arguments."),
    ],
)
def test_what_is_wrong_is_said(usage, Serve, words, complaint):
    with pytest.raises(usage.UsageError) as caught:
        Serve().parseOptions(words)

    assert str(caught.value) == complaint


@pytest.mark.parametrize("name", ["status", "st"])
def test_a_subcommand_has_options_of_its_own(Serve, name):
    options = Serve()
    options.parseOptions(["-v", name, "-a"])

    assert (options.subCommand, options["verbose"], options.subOptions["all"]) == ("status", 1, 1)
    assert options.subOptions.parent is options
    assert options.subOptions.getSynopsis() == "Usage: serve [options] status [options]"


def test_arguments_go_to_parse_args_and_the_whole_to_post_options(usage):
    class Copy(usage.Options):
        optFlags = [["force", "f"]]

        def parseArgs(self, source, *targets):
            self["files"] = (source, targets)

        def postOptions(self):
            self["done"] = dict(self)

    options = Copy()
    options.parseOptions(["-f", "a", "b", "-f"])

    assert options["done"] == {"force": 1, "files": ("a", ("b", "-f"))}


def test_a_type_error_within_parse_args_is_no_wrong_number_of_arguments():
    from reactorio.python import usage

    class Broken(usage.Options):
        def parseArgs(self, word):
            return word + 1

    with pytest.raises(TypeError):
        Broken().parseOptions(["word"])


def not_twisteds_own(usage):
    if usage.__name__.startswith("twisted"):
        pytest.skip("Twisted fails to show an option method with an underscore in its name and a short alias")


def test_the_help_shows_everything(usage, monkeypatch, Serve):
    not_twisteds_own(usage)
    monkeypatch.setenv("COLUMNS", "60")

    assert str(Serve()).splitlines() == [
        "Usage: serve [options]",
        "Options:",
        "      --help      Display this help and exit.",
        "      --name=     A name.",
        "  -p, --port=     The port. [default: 8080]. Must be an int",
        "                  between 0 and 65535.",
        "  -q, --quiet     Say less.",
        "  -u, --user-id=  Become this user.",
        "  -v, --verbose   Say more.",
        "      --version   Display Twisted version and exit.",
        "",
        "Serves what there is.",
        "Commands:",
        "    status      Tell how it goes.",
    ]


def test_help_and_version_end_the_program(usage, Serve, capsys):
    not_twisteds_own(usage)
    for word, start in (("--help", "Usage: serve"), ("--version", "Twisted version: ")):
        with pytest.raises(SystemExit) as caught:
            Serve().parseOptions([word])
        assert caught.value.code == 0
        assert capsys.readouterr().out.startswith(start)


def test_the_command_line_is_the_programs_by_default(monkeypatch, Serve):
    monkeypatch.setattr("sys.argv", ["serve", "--verbose"])
    options = Serve()

    options.parseOptions()

    assert options["verbose"] == 1


def test_declarations_that_make_no_sense_are_refused(usage):
    class TooLong(usage.Options):
        optFlags = [["a", "b", "c", "d"]]

    class TooMany(usage.Options):
        def opt_two(self, one, two):
            pass

    with pytest.raises(ValueError, match="4 elements"):
        TooLong()
    with pytest.raises(usage.UsageError, match="Invalid Option function for two"):
        TooMany()
