"""
A service as its operator sees it, whatever it speaks: docs/operations.md.

    lifecycle   starting, ready, reloading, draining, stopping, and who is told
    options     what the operator asks for
    draining    the end that waits for what is under way
    signals     what the operator sends

A module may import those below it, none above.
"""
