"""
The contract of a stream, held by every kind of stream on every kind of loop.

    tool        programs of others' as peers
    flood       a program that sends much to a slow reader
    crowd       a program that opens many connections
    running     coroutine tests on each kind of loop
    kinds       how two protocols come to be connected: TCP, TLS, UNIX, a child's pipes, and one over the other
    producers   what writes at the pace at which it is taken
    parties     the two ends that a test watches
"""
