"""
Tests of programs that use the reactor.

    unittest       test cases, suites: what tests import
    reporter       who hears of tests
    _asyncrunner   suites and tests around tests
    _asynctest     TestCase: waits for Deferreds and coroutines
    _textreports   reports for people
    _results       what came of each test
    _synctest      SynchronousTestCase and the assertions
    util           attributes by scope, suppressions
    _janitor       what a test left in the reactor
    _reactor       the reactor as a test case runs it
    itrial         the interfaces

A module may import those below it, none above.
"""
