"""The launcher on POSIX: pid files, daemons, privileges."""

from __future__ import annotations

import errno
import os
import pwd
import signal
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from reactorio._interface import directlyProvides
from reactorio.aio.loop import load_kind
from reactorio.application import app, service
from reactorio.application._applogger import _open_log
from reactorio.application._operations import lifecycle
from reactorio.application._operations.options import OperationsOptions
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.copyright import copyright as copyright_text
from reactorio.copyright import version
from reactorio.internet.interfaces import IReactorDaemonize
from reactorio.python import log, usage
from reactorio.python.util import gidFromString, switchUID, uidFromString, untilConcludes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ServerOptions", "UnixAppLogger", "UnixApplicationRunner", "checkPID"]

# What is imported only when it is used; Python looks a host name up with encodings.idna.
_USED_LATE = (
    "concurrent.futures.thread",
    "encodings.idna",
    "reactorio.internet.process",
    "reactorio.python.threadpool",
)

# What a status pipe carries at most; "1 " and the beginning of the error.
_STATUS_SIZE = 100


def _umask(value: str) -> int:
    return int(value, 8)


def _user(name: str) -> int:
    try:
        return uidFromString(name)
    except KeyError:
        raise ValueError(f"there is no user {name!r}") from None


def _group(name: str) -> int:
    try:
        return gidFromString(name)
    except KeyError:
        raise ValueError(f"there is no group {name!r}") from None


class ServerOptions(app.ServerOptions, OperationsOptions):
    """The command line, with what POSIX adds."""

    synopsis = "Usage: twistd [options]"

    optFlags: ClassVar[list[list[Any]]] = [
        ["nodaemon", "n", "Stay in the foreground, and do not change the umask to 0077."],
        ["syslog", None, "Log to syslog, not to a file."],
        ["originalname", None, "Leave the name of the process as it is."],
        [
            "euid",
            None,
            "Set only the effective user and group, so that a server that runs as root can get its privileges back, "
            "for example to start a process. Use with caution.",
        ],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["prefix", None, "twisted", "What stands before each line in syslog."],
        ["pidfile", None, "twistd.pid", "The file that the process id is written to; none if empty."],
        ["rundir", "d", ".", "Change to this directory before running."],
        ["chroot", None, None, "Change the root to this directory before running."],
        ["uid", "u", None, "The user to run as.", _user],
        ["gid", "g", None, "The group to run as; the one of --uid if it is not given.", _group],
        ["umask", None, None, "The file mode creation mask to run with, octal.", _umask],
    ]
    compData = usage.Completions(
        optActions={
            "pidfile": usage.CompleteFiles("*.pid"),
            "rundir": usage.CompleteDirs(),
            "chroot": usage.CompleteDirs(descr="chroot directory"),
            "uid": usage.CompleteUsernames(descr="uid to run as"),
            "gid": usage.CompleteGroups(descr="gid to run as"),
            "prefix": usage.Completer(descr="syslog prefix"),
            "umask": usage.Completer(descr="umask"),
        }
    )

    def opt_version(self) -> None:
        """Print the version of Twisted that is served, and exit."""
        print(f"twistd (the Twisted daemon) {version}\n{copyright_text}", file=self.stdout)
        sys.exit()

    def postOptions(self) -> None:
        super().postOptions()
        if self["pidfile"]:
            # Later this process may be elsewhere.
            self["pidfile"] = os.path.abspath(self["pidfile"])


def checkPID(pidfile: str) -> None:
    """Exit if the process whose id is in ``pidfile`` runs; remove the file if it does not."""
    if not pidfile or not os.path.exists(pidfile):
        return
    with open(pidfile) as file:
        content = file.read()
    try:
        pid = int(content)
    except ValueError:
        sys.exit(f"Pidfile {pidfile} contains non-numeric value")
    try:
        os.kill(pid, 0)
    except OSError as error:
        if error.errno != errno.ESRCH:
            sys.exit(f"Can't check status of PID {pid} from pidfile {pidfile}: {error.strerror}")
        log.msg(f"Removing stale pidfile {pidfile}", isError=True)
        os.remove(pidfile)
    else:
        sys.exit(
            f"Another twistd server is running, PID {pid}\n\n"
            "It may be this application, started before, or another one. To run both, start this one in another\n"
            "directory, or give it a --pidfile and a --logfile of its own."
        )


def _name_process(name: str) -> None:
    """
    Give this process a name for ``ps`` and ``top``, of which they show 15 characters.

    Unlike Twisted, which starts its interpreter once more by that name: one in a virtual environment would not find
    its packages.
    """
    try:
        with open("/proc/self/comm", "w") as comm:
            comm.write(name)
    except OSError as error:
        log.msg(f"cannot name this process {name!r}: {error}")


class UnixAppLogger(app.AppLogger):
    """A log that a daemon can have, and that turns over on SIGUSR1."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._nodaemon = options.get("nodaemon", False)
        self._syslog = options.get("syslog", False)
        self._syslogPrefix: str = options.get("prefix", "")

    def _getLogObserver(self) -> Any:
        if self._syslog:
            return _syslog_observer(self._syslogPrefix)
        if self._logfilename == "-" and not self._nodaemon:
            sys.exit("Daemons cannot log to stdout, exiting!")
        if self._logfilename == "-" or (self._nodaemon and not self._logfilename):
            return self._to_stdout()
        # One of several writes to the log of all, which the supervisor turns over.
        file = self._file = _open_log(self._logfilename or "twistd.log", turns_over=self._worker is None)

        def rotate(number: int, frame: object) -> None:
            _maybeGlobalReactor(None).callFromThread(file.turn_over)

        # Somebody who wants the signal for something else gets it.
        if signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL:
            signal.signal(signal.SIGUSR1, rotate)
        return self._to(file)


def _syslog_observer(prefix: str) -> Any:
    from reactorio.python import syslog  # not at the top: not every platform has one

    emit = syslog.SyslogObserver(prefix).emit

    def observer(event: dict[str, Any]) -> None:
        emit(event)

    directlyProvides(observer, log.ILogObserver)
    return observer


class UnixApplicationRunner(app.ApplicationRunner):
    """Runs an application as the command line says: here or as a daemon, as this user or as another."""

    loggerFactory = UnixAppLogger
    oldstdout: TextIO
    oldstderr: TextIO
    _null: int | None = None
    _failed_to_start = False

    def preApplication(self) -> None:
        checkPID(self.config["pidfile"])
        if self.config["debug"]:
            self.config["nodaemon"] = True
        self.oldstdout = sys.stdout
        self.oldstderr = sys.stderr

    def postApplication(self) -> None:
        operations = lifecycle.begin(self.config, self.application)
        try:
            self.startApplication(self.application)
        except (Exception, SystemExit) as error:
            self._report_start(self._formatChildException(error))
            self._failed_to_start = True
            self.removePID(self.config["pidfile"])
            raise
        self._report_start(b"0")
        try:
            self.startReactor(None, self.oldstdout, self.oldstderr)
        finally:
            self.removePID(self.config["pidfile"])
        if operations is not None:
            operations.conclude()

    def _report_start(self, message: bytes) -> None:
        """Tell the process that the daemon was started from, if this is one."""
        pipe = self.config.get("statusPipe")
        if pipe is not None:
            untilConcludes(os.write, pipe, message)
            untilConcludes(os.close, pipe)

    def _formatChildException(self, exception: BaseException) -> bytes:
        text = traceback.format_exception_only(type(exception), exception)[-1].strip()
        return f"1 {text}".encode("ascii", "backslashreplace")[:_STATUS_SIZE]

    def removePID(self, pidfile: str | None) -> None:
        """Remove the pid file. A failure is logged."""
        if not pidfile:
            return
        try:
            os.unlink(pidfile)
        except OSError as error:
            if error.errno == errno.ENOENT and self._failed_to_start:
                return  # it was not written yet
            if error.errno in (errno.EACCES, errno.EPERM):
                log.msg("Warning: No permission to delete pid file")
            else:
                log.err(error, "Failed to unlink PID file:")

    def _import_what_will_be_out_of_sight(self) -> None:
        """In another root, or as another user, this process may not find modules that are first used later."""
        load_kind()
        for module in _USED_LATE:
            import_module(module)

    def setupEnvironment(
        self, chroot: str | None, rundir: str, nodaemon: bool, umask: int | None, pidfile: str | None
    ) -> None:
        """Change directory, mask and root, become a daemon, and write the pid file."""
        if chroot is not None:
            # The new root need not have one.
            self._null = None if nodaemon else os.open(os.devnull, os.O_RDWR)
            os.chroot(chroot)
            rundir = "/" if rundir == "." else rundir
        os.chdir(rundir)
        if umask is None and not nodaemon:
            umask = 0o077
        if umask is not None:
            os.umask(umask)
        if not nodaemon:
            self.config["statusPipe"] = self.daemonize(_maybeGlobalReactor(None))
        if pidfile:
            with open(pidfile, "wb") as file:
                file.write(b"%d" % os.getpid())

    def daemonize(self, reactor: Any) -> int:
        """
        Go on in a process of its own session, without a terminal; the one that was started waits for the result.

        Returns:
            The pipe on which it waits: ``0`` for a good start, or ``1`` and what is wrong.
        """
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        hooks = IReactorDaemonize.providedBy(reactor)
        if hooks:
            reactor.beforeDaemonize()
        reading, writing = os.pipe()
        if os.fork():
            # Or there would be no end to read of, should the daemon die without a report.
            os.fdopen(writing, "wb").close()
            code = self._waitForStart(reading)
            os.close(reading)
            os._exit(code)
        # The reading end stays open here: the report is no error if who started us is gone.
        os.setsid()
        # A session leader could get a terminal again; its child cannot.
        if os.fork():
            os._exit(0)
        null = os.open("/dev/null", os.O_RDWR) if self._null is None else self._null
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        if hooks:
            reactor.afterDaemonize()
        return writing

    def _waitForStart(self, readPipe: int) -> int:
        """Wait for the daemon's report; return the exit status that it makes."""
        report = untilConcludes(os.read, readPipe, _STATUS_SIZE)
        if report == b"0":
            return 0
        stderr = sys.__stderr__ or sys.stderr
        message = f"An error has occurred: {report[2:]!r}\nPlease look at log file for more information.\n"
        untilConcludes(stderr.write, message)
        stderr.flush()
        return 1

    def shedPrivileges(self, euid: bool, uid: int | None, gid: int | None) -> None:
        """Become another user and group, or exit."""
        if uid is None and gid is None:
            return
        kind = "e" if euid else ""
        what = f"{kind}uid/{kind}gid {uid}/{gid}"
        try:
            switchUID(uid, gid, euid)
        except OSError as error:
            log.msg(f"failed to set {what}: {error} (are you root?) -- exiting.")
            sys.exit(1)
        log.msg(f"set {what}")

    def startApplication(self, application: Any) -> None:
        """Set this process up, and start the application's services in it."""
        process = service.IProcess.adapt(application)
        if process.processName is not None and not self.config["originalname"]:
            _name_process(process.processName)
        uid, gid = self._user_and_group(process)
        if uid is not None or gid is not None or self.config["chroot"]:
            self._import_what_will_be_out_of_sight()
        self.setupEnvironment(
            self.config["chroot"],
            self.config["rundir"],
            self.config["nodaemon"],
            self.config["umask"],
            self.config["pidfile"],
        )
        services = service.IService.adapt(application)
        service._started(services, services.privilegedStartService())
        self.shedPrivileges(self.config["euid"], uid, gid)
        app.startApplication(application, not self.config["no_save"])

    def _user_and_group(self, process: Any) -> tuple[int | None, int | None]:
        """Return whom to run as: what the command line says, else what the application says, else None."""
        uid, gid = self.config["uid"], self.config["gid"]
        uid = process.uid if uid is None else uid
        gid = process.gid if gid is None else gid
        if uid is not None and gid is None:
            try:
                # Now: another root may know other users.
                gid = pwd.getpwuid(uid).pw_gid
            except KeyError:
                raise usage.UsageError(f"There is no user {uid} who would have a group: give --gid.") from None
        return uid, gid
