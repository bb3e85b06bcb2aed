"""
WSGI's parts, for `reactorio.web.wsgi`.

    environ     what an application is told
    head        what it says to ``start_response``
    outbox      the way from its thread to the reactor
"""
