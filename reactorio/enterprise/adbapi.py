"""
Blocking DB-API 2.0 modules (PEP 249), used from threads::

    pool = ConnectionPool("sqlite3", "fruit.db", cp_max=3)
    rows = await pool.runQuery("SELECT name FROM fruit WHERE colour = ?", ("red",))

    def add(transaction, name):
        transaction.execute("INSERT INTO fruit VALUES (?)", (name,))
        return transaction.lastrowid

    await pool.runInteraction(add, "pear")          # commits, or rolls back if it fails

    ConnectionPool      threads, each with a connection of its own
    Connection          that connection, as functions for `ConnectionPool.runWithConnection` get it
    Transaction         a cursor, as functions for `ConnectionPool.runInteraction` get it
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, TypeVar

from typing_extensions import ParamSpec

from reactorio.internet import threads
from reactorio.internet.defer import fail
from reactorio.python import log, threadable
from reactorio.python.reflect import namedModule
from reactorio.python.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.defer import Deferred

__all__ = ["Connection", "ConnectionLost", "ConnectionPool", "Transaction"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ConnectionLost(Exception):
    """The connection is gone, with all that was not committed; or the pool is closed."""


class Connection:
    """
    A connection, for as long as a function of the application has it.

    It has what the DB-API module's connection has, but that it cannot be closed: it is the thread's.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._connection: Any = None
        self.reconnect()

    def close(self) -> None:
        """Do nothing: the pool closes connections."""

    def rollback(self) -> None:
        """
        Roll back.

        Raises:
            ConnectionLost: The pool reconnects, and the connection turned out to be unusable.
        """
        if not self._pool.reconnect:
            self._connection.rollback()
            return
        try:
            self._connection.rollback()
            # Not every module notices when it rolls back.
            cursor = self._connection.cursor()
            cursor.execute(self._pool.good_sql)
            cursor.close()
            self._connection.commit()
        except Exception:
            log.err(None, "Rollback failed")
            self._pool.disconnect(self._connection)
            if self._pool.noisy:
                log.msg("Connection lost.")
            raise ConnectionLost from None

    def reconnect(self) -> None:
        """Close the connection if there is one, and take the thread's, which is made if it has none."""
        if self._connection is not None:
            self._pool.disconnect(self._connection)
        self._connection = self._pool.connect()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_connection"], name)


class Transaction:
    """A cursor of a connection; it has what the DB-API module's cursor has."""

    _cursor: Any = None

    def __init__(self, pool: ConnectionPool, connection: Connection) -> None:
        self._pool = pool
        self._connection = connection
        self.reopen()

    def close(self) -> None:
        """Close the cursor."""
        cursor, self._cursor = self._cursor, None
        cursor.close()

    def reopen(self) -> None:
        """Take a new cursor, of a new connection if the pool reconnects and this one is unusable."""
        if self._cursor is not None:
            self.close()
        try:
            self._cursor = self._connection.cursor()
            return
        except Exception:
            if not self._pool.reconnect:
                raise
            log.err(None, "Cursor creation failed")
        if self._pool.noisy:
            log.msg("Connection lost, reconnecting")
        self.reconnect()
        self._cursor = self._connection.cursor()

    def reconnect(self) -> None:
        """Make a new connection; the cursor is gone with the old one."""
        self._connection.reconnect()
        self._cursor = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class ConnectionPool:
    """
    Threads that talk to a database, each over its own connection.

    The pool starts with the reactor, and is closed when that stops. What is asked for before waits. Connections are
    made when they are needed first.

    Unlike Twisted: connections are closed by the threads that made them, as modules like sqlite3 insist on; and what
    is asked for after `close` fails with ConnectionLost, where Twisted's Deferred never fires.

    Args:
        dbapiName: The dotted name of the DB-API module.
        connargs, connkw: The arguments of its ``connect``, but for these, which are the pool's:
        cp_min, cp_max: How many threads (3 to 5).
        cp_noisy: Log when connections are made and closed.
        cp_openfun: Called with each new connection, in its thread.
        cp_reconnect: Make a new connection when one turns out to be gone: the transaction fails, the next one works.
        cp_good_sql: A query that always works, to find out.
        cp_name: A name for the threads.
        cp_reactor: The reactor, if not the global one.
    """

    CP_ARGS: ClassVar[list[str]] = ["min", "max", "name", "noisy", "openfun", "reconnect", "good_sql"]

    noisy = False
    min = 3
    max = 5
    name: str | None = None
    openfun: Callable[[Any], object] | None = None
    reconnect = False
    good_sql = "select 1"

    connectionFactory: Callable[[ConnectionPool], Any] = Connection
    transactionFactory: Callable[[ConnectionPool, Any], Any] = Transaction

    running = False
    startID: Any = None
    shutdownID: Any = None
    _closed = False

    def __init__(self, dbapiName: str, *connargs: Any, **connkw: Any) -> None:
        self.dbapiName = dbapiName
        self.dbapi: Any = namedModule(dbapiName)
        self._reactor = connkw.pop("cp_reactor", None) or _global_reactor()
        for option in self.CP_ARGS:
            if f"cp_{option}" in connkw:
                setattr(self, option, connkw.pop(f"cp_{option}"))
        self.min, self.max = min(self.min, self.max), max(self.min, self.max)
        self.connargs = connargs
        self.connkw = connkw
        # The modules' own connections, by thread.
        self.connections: dict[Any, Any] = {}
        self.threadID = threadable.getThreadID
        self.threadpool = ThreadPool(self.min, self.max, self.name)
        self.threadpool.threadFactory = self._new_thread
        self.startID = self._reactor.callWhenRunning(self._start)

    def _start(self) -> None:
        self.startID = None
        self.start()

    def start(self) -> None:
        """Start the threads; the reactor does it, if nobody did before."""
        if self.running:
            return
        self.threadpool.start()
        self.shutdownID = self._reactor.addSystemEventTrigger("during", "shutdown", self.finalClose)
        self.running = True
        self._closed = False

    def close(self) -> None:
        """
        Close the connections and end the threads.

        This waits for what is under way, and blocks meanwhile.
        """
        if self.shutdownID:
            self._reactor.removeSystemEventTrigger(self.shutdownID)
            self.shutdownID = None
        if self.startID:
            self._reactor.removeSystemEventTrigger(self.startID)
            self.startID = None
        self.finalClose()

    def finalClose(self) -> None:
        """Do as `close`, at the reactor's shutdown."""
        self.shutdownID = None
        self._closed = True
        self.threadpool.stop()
        self.running = False
        # Those that other threads made, by calling `connect` themselves.
        for connection in list(self.connections.values()):
            self._close(connection)
        self.connections.clear()

    def _new_thread(self, target: Callable[[], object], name: str) -> Thread:
        def work() -> None:
            try:
                target()
            finally:
                connection = self.connections.pop(self.threadID(), None)
                if connection is not None:
                    self._close(connection)

        return Thread(target=work, name=name)

    # -- What applications ask for

    def runWithConnection(
        self, func: Callable[Concatenate[Any, _P], _R], *args: _P.args, **kw: _P.kwargs
    ) -> Deferred[_R]:
        """
        Call ``func`` with a `Connection` and the other arguments in a thread, and return a Deferred of its result.

        The connection is committed when it returns, and rolled back when it raises.
        """
        if self._closed:
            return fail(ConnectionLost("the connection pool is closed"))
        work: Callable[..., _R] = self._runWithConnection
        return threads.deferToThreadPool(self._reactor, self.threadpool, work, func, *args, **kw)

    def _runWithConnection(self, func: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        connection = self.connectionFactory(self)
        try:
            result = func(connection, *args, **kw)
            connection.commit()
        except ConnectionLost:
            raise  # there is nothing to roll back any more
        except BaseException:
            self._roll_back(connection)
            raise
        return result

    def runInteraction(
        self, interaction: Callable[Concatenate[Any, _P], _R], *args: _P.args, **kw: _P.kwargs
    ) -> Deferred[_R]:
        """
        Call ``interaction`` with a `Transaction` and the other arguments in a thread; return a Deferred of its result.

        The transaction is committed when it returns, and rolled back when it raises. It must not be kept.
        """
        work: Callable[..., _R] = self._runInteraction
        return self.runWithConnection(work, interaction, *args, **kw)

    def _runInteraction(self, connection: Any, interaction: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        transaction = self.transactionFactory(self, connection)
        result = interaction(transaction, *args, **kw)
        transaction.close()
        return result

    def _roll_back(self, connection: Any) -> None:
        try:
            connection.rollback()
        except Exception:
            # What went wrong first is what the caller has to know.
            log.err(None, "Rollback failed")

    def runQuery(self, *args: Any, **kw: Any) -> Deferred[Any]:
        """Execute a statement, the arguments are those of a cursor's ``execute``; return a Deferred of all its rows."""
        return self.runInteraction(self._runQuery, *args, **kw)

    def _runQuery(self, trans: Any, *args: Any, **kw: Any) -> Any:
        trans.execute(*args, **kw)
        return trans.fetchall()

    def runOperation(self, *args: Any, **kw: Any) -> Deferred[None]:
        """Execute a statement without rows, likewise; return a Deferred that fires when that is done."""
        return self.runInteraction(self._runOperation, *args, **kw)

    def _runOperation(self, trans: Any, *args: Any, **kw: Any) -> None:
        trans.execute(*args, **kw)

    # -- Connections of threads

    def connect(self) -> Any:
        """
        Return the DB-API module's connection of this thread; it is made if there is none.

        Functions that the pool runs in its threads may call it.
        """
        thread = self.threadID()
        connection = self.connections.get(thread)
        if connection is None:
            if self.noisy:
                # Not its arguments: there are passwords among them.
                log.msg(f"adbapi connecting: {self.dbapiName}")
            connection = self.dbapi.connect(*self.connargs, **self.connkw)
            if self.openfun is not None:
                try:
                    self.openfun(connection)
                except BaseException:
                    self._close(connection)
                    raise
            self.connections[thread] = connection
        return connection

    def disconnect(self, conn: Any) -> None:
        """
        Close this thread's connection.

        Raises:
            Exception: ``conn`` is not that one.
        """
        thread = self.threadID()
        if conn is not self.connections.get(thread):
            raise Exception("wrong connection for thread")
        if conn is not None:
            del self.connections[thread]
            self._close(conn)

    def _close(self, conn: Any) -> None:
        if self.noisy:
            log.msg(f"adbapi closing: {self.dbapiName}")
        try:
            conn.close()
        except Exception:
            log.err(None, "Connection close failed")

    def __getstate__(self) -> dict[str, Any]:
        return {
            "dbapiName": self.dbapiName,
            "min": self.min,
            "max": self.max,
            "noisy": self.noisy,
            "reconnect": self.reconnect,
            "good_sql": self.good_sql,
            "connargs": self.connargs,
            "connkw": self.connkw,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        ConnectionPool.__init__(self, self.dbapiName, *self.connargs, **self.connkw)


def _global_reactor() -> Any:
    from reactorio.internet import reactor  # not at the top: which reactor is decided when the pool is made

    return reactor
