# The `reactorio` command, also as `python -m reactorio`. Not a docstring: usage.Options prints that of the program.

from __future__ import annotations

import sys

_USAGE = """\
Usage: reactorio run [--reactor=NAME] FILE [arguments]      run a program; see `reactorio run --help`
       reactorio [options] -y FILE.tac                      run the application that a file makes
       reactorio [options] NAME [its options]               run the service of a plugin
       reactorio serve [--check] FILE.toml                  run the services that a file asks for
       reactorio twistd ...                                 the same two, whatever NAME is
       reactorio twist [options] NAME [its options]         likewise, in the foreground, without a pid file
       reactorio trial [options] NAME ...                   run tests; see `reactorio trial --help`
       reactorio plugins [--verbose]                        list the plugins, where they are from and whether they work
       reactorio ctl [--admin unix:PATH] ACTION             ask a running service: status, reload, stop, tree ...
       reactorio unit [options] NAME COMMAND ...            print a systemd unit that runs `reactorio COMMAND ...`
       reactorio completion bash|fish|zsh                   what has the shell complete these commands
       reactorio --version

"""


def main() -> None:
    """Do what ``sys.argv`` says. Each part is imported only when it is asked for."""
    arguments = sys.argv[1:]
    command = arguments[0] if arguments else "--help"
    if __spec__ is not None and __spec__.name == "twisted.__main__":
        _twist()
    elif arguments[-2:-1] == ["--_shell-completion"]:
        from reactorio.scripts import completion

        completion.answer(arguments)
    elif command == "run":
        from reactorio.scripts import run

        run.main(arguments[1:])
    elif command == "twist":
        sys.argv[:2] = [command]
        _twist()
    elif command == "trial":
        from reactorio.scripts import trial

        sys.argv[:2] = [command]
        trial.main()
    elif command == "plugins":
        from reactorio.scripts import plugins

        plugins.main(arguments[1:])
    elif command == "serve":
        from reactorio.scripts import serve

        serve.main(arguments[1:])
    elif command == "ctl":
        from reactorio.scripts import ctl

        ctl.main(arguments[1:])
    elif command == "unit":
        from reactorio.scripts import unit

        unit.main(arguments[1:])
    elif command == "completion":
        from reactorio.scripts import completion

        completion.main(arguments[1:])
    elif command == "--version":
        print(_version())
    else:
        from reactorio.scripts import twistd

        if command == "twistd":
            sys.argv[:2] = [command]
        elif command == "--help":
            print(_USAGE, end="")
        twistd.run()


def _twist() -> None:
    from reactorio.scripts import twist

    twist.run()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    from reactorio import copyright

    try:
        ours = version("reactorio")
    except PackageNotFoundError:
        ours = "from a source tree"
    return f"reactorio {ours} (the API of Twisted {copyright.version}), Python {python_version()}"


if __name__ == "__main__":
    main()
