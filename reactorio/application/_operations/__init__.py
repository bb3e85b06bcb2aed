"""
A service as its operator sees it, whatever it speaks: docs/operations.md.

    lifecycle   starting, ready, reloading, draining, stopping, and who is told
    pages       what the operator's door answers
    metrics     what a run is measured by
    lag         how late the loop is
    exposition  metrics as text
    options     what the operator asks for
    admin       the operator's door
    draining    the end that waits for what is under way
    signals     what the operator sends

A module may import those below it, none above.
"""
