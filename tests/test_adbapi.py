"""A pool of threads with database connections, on sqlite3."""

from __future__ import annotations

import pickle
import sqlite3
import threading

import pytest

from reactorio.enterprise import adbapi
from reactorio.internet import reactor as the_reactor
from reactorio.internet.defer import gatherResults
from reactorio.logger import capturedLogs, formatEvent


class Database:
    """What a test asks of a database in a file, with pools that are closed in the end."""

    def __init__(self, path):
        self.path = str(path)
        self.pools = []

    def pool(self, **options):
        made = adbapi.ConnectionPool("sqlite3", self.path, **options)
        self.pools.append(made)
        return made

    def rows(self):
        with sqlite3.connect(self.path) as connection:
            found = [name for (name,) in connection.execute("SELECT name FROM fruit ORDER BY name")]
        connection.close()
        return found


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "fruit.db")
    connection = sqlite3.connect(made.path)
    connection.execute("CREATE TABLE fruit (name)")
    connection.commit()
    connection.close()
    yield made
    for pool in made.pools:
        pool.close()


INSERT = "INSERT INTO fruit VALUES (?)"


def test_queries_give_rows_and_operations_nothing(run, database):
    async def main():
        pool = database.pool()
        done = await pool.runOperation(INSERT, ("pear",))
        return done, await pool.runQuery("SELECT name, ? FROM fruit", (5,))

    assert run(main()) == (None, [("pear", 5)])
    assert database.rows() == ["pear"]


def test_an_interaction_is_one_transaction(run, database):
    def add(transaction, *names, fail=False):
        for name in names:
            transaction.execute(INSERT, (name,))
        if fail:
            raise ValueError("no more")
        return transaction.lastrowid, threading.current_thread() is threading.main_thread()

    async def main():
        pool = database.pool()
        assert await pool.runInteraction(add, "pear", "plum") == (2, False)
        with pytest.raises(ValueError, match="no more"):
            await pool.runInteraction(add, "apple", "fig", fail=True)

    run(main())
    assert database.rows() == ["pear", "plum"]


def test_a_function_may_have_the_connection_and_cannot_close_it(run, database):
    def add(connection, name):
        connection.close()
        connection.execute(INSERT, (name,))
        return connection.in_transaction

    async def main():
        pool = database.pool()
        assert await pool.runWithConnection(add, "pear") is True
        with pytest.raises(sqlite3.OperationalError):
            await pool.runWithConnection(lambda connection: connection.execute("nonsense"))

    run(main())
    assert database.rows() == ["pear"]


def test_each_thread_has_a_connection_of_its_own(run, database):
    barrier = threading.Barrier(3)

    def wait(connection):
        barrier.wait(10)
        return id(connection._connection), threading.get_ident()

    async def main():
        pool = database.pool(cp_min=0, cp_max=3)
        found = await gatherResults([pool.runWithConnection(wait) for _ in range(3)])
        assert len(set(found)) == len({connection for connection, _ in found}) == len(pool.connections) == 3

    run(main())


def test_what_is_asked_for_before_the_reactor_runs_waits(reactor, database):
    pool = database.pool()
    seen = []
    pool.runQuery("SELECT 1").addCallback(seen.append).addBoth(lambda result: reactor.stop())
    assert (pool.running, seen) == (False, [])
    reactor.run()

    assert seen == [[(1,)]]
    assert (pool.running, pool.connections) == (False, {})


def test_sqlite_connections_are_closed_where_they_were_made(run, database, logged_errors):
    # sqlite3 refuses other threads, unless told not to.
    async def main():
        pool = database.pool(cp_noisy=True)
        await pool.runQuery("SELECT 1")
        pool.close()
        return pool.connections

    with capturedLogs() as events:
        assert run(main()) == {}
    said = [formatEvent(event) for event in events]
    assert [line for line in said if "adbapi" in line] == ["adbapi connecting: sqlite3", "adbapi closing: sqlite3"]
    assert logged_errors == []


def test_a_closed_pool_fails_until_it_is_started_again(run, database):
    async def main():
        pool = database.pool()
        await pool.runQuery("SELECT 1")
        pool.close()
        with pytest.raises(adbapi.ConnectionLost, match="the connection pool is closed"):
            await pool.runQuery("SELECT 1")
        pool.start()
        assert await pool.runQuery("SELECT 2") == [(2,)]

    run(main())


def test_a_lost_connection_is_made_anew(run, database, logged_errors):
    async def main():
        pool = database.pool(cp_reconnect=True, cp_min=1, cp_max=1, cp_noisy=True, check_same_thread=False)
        await pool.runQuery("SELECT 1")
        [lost] = pool.connections.values()
        lost.close()
        assert await pool.runQuery("SELECT 2") == [(2,)]
        [made] = pool.connections.values()
        assert made is not lost

    run(main())
    assert [type(error) for error in logged_errors.flush()] == [sqlite3.ProgrammingError]


def test_without_that_a_lost_connection_stays_lost(run, database, logged_errors):
    async def main():
        pool = database.pool(cp_min=1, cp_max=1, check_same_thread=False)
        await pool.runQuery("SELECT 1")
        [lost] = pool.connections.values()
        lost.close()
        for _ in range(2):
            with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
                await pool.runQuery("SELECT 2")

    run(main())
    assert [str(error) for error in logged_errors.flush()] == ["Cannot operate on a closed database."] * 2


def test_a_connection_lost_in_a_transaction_is_told(run, database, logged_errors):
    def lose(connection):
        connection._connection.close()
        connection.rollback()

    async def main():
        pool = database.pool(cp_reconnect=True, cp_min=1, cp_max=1)
        with pytest.raises(adbapi.ConnectionLost):
            await pool.runWithConnection(lose)
        assert await pool.runQuery("SELECT 2") == [(2,)]

    run(main())
    assert [type(error) for error in logged_errors.flush()] == [sqlite3.ProgrammingError]


def test_each_new_connection_is_set_up(run, database):
    def set_up(connection):
        connection.execute("CREATE TEMP TABLE mine AS SELECT 7 AS n")

    async def main():
        pool = database.pool(cp_openfun=set_up)
        return await pool.runQuery("SELECT n FROM mine")

    assert run(main()) == [(7,)]


def test_a_connection_that_cannot_be_set_up_is_closed(run, database):
    seen = []

    def set_up(connection):
        seen.append(connection)
        raise ValueError("no")

    async def main():
        pool = database.pool(cp_openfun=set_up, check_same_thread=False)
        with pytest.raises(ValueError, match="no"):
            await pool.runQuery("SELECT 1")
        assert pool.connections == {}

    run(main())
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        seen[0].execute("SELECT 1")


def test_a_thread_may_use_its_connection_directly(database):
    pool = database.pool()
    connection = pool.connect()
    assert pool.connect() is connection
    with pytest.raises(Exception, match="wrong connection for thread"):
        pool.disconnect(object())
    pool.disconnect(connection)
    assert pool.connections == {}


def test_a_pool_that_never_ran_can_be_closed(database):
    pool = database.pool()
    pool.close()
    assert (pool.startID, pool.shutdownID) == (None, None)


def test_the_numbers_of_threads_are_made_to_fit(database):
    pool = database.pool(cp_min=9)
    assert (pool.min, pool.max, pool.threadpool.min, pool.threadpool.max) == (5, 9, 5, 9)


def test_a_pool_is_pickled_as_its_settings(database):
    pool = database.pool(cp_max=4, timeout=3.0)
    again = pickle.loads(pickle.dumps(pool))
    database.pools.append(again)
    assert (again.max, again.connargs, again.connkw) == (4, (database.path,), {"timeout": 3.0})


def test_classes_of_an_application_are_used(run, database):
    class Fruit(adbapi.Transaction):
        def names(self):
            self.execute("SELECT name FROM fruit")
            return [name for (name,) in self.fetchall()]

    class Pool(adbapi.ConnectionPool):
        transactionFactory = Fruit

    async def main():
        pool = Pool("sqlite3", database.path)
        database.pools.append(pool)
        await pool.runOperation(INSERT, ("pear",))
        return await pool.runInteraction(lambda transaction: transaction.names())

    assert run(main()) == ["pear"]


def test_another_reactor_may_run_the_pool(database):
    assert database.pool()._reactor is the_reactor
    with pytest.raises(ModuleNotFoundError):
        adbapi.ConnectionPool("no_such_module_of_databases")
