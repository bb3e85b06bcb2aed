"""
A service as its operator sees it, whatever it speaks: docs/operations.md.

    fleet       what the operator's door answers where there are workers
    supervisor  workers: started, watched, replaced
    sockets     that workers share
    lifecycle   starting, ready, reloading, draining, stopping, and who is told
    pages       what the operator's door answers
    metrics     what a run is measured by
    lag         how late the loop is
    exposition  metrics as text
    worker      this process as one of several
    options     what the operator asks for
    channel     between a supervisor and a worker
    admin       the operator's door
    asking      at that door, from outside
    draining    the end that waits for what is under way
    signals     what the operator sends

A module may import those below it, none above.
"""
