"""
The work behind `reactorio.web.http`.

    factory     HTTPFactory: what connections share, and the access log
    generic     a connection whose protocol is to be found out: HTTP/1 or HTTP/2
    channel     HTTPChannel: one HTTP/1 connection
    request     Request: one request, and the answer to it
    answering   what a Request says of its answer: status, fields, cookies, validators
    head        the head of a request: read by httptools, checked for what it lets pass
    bodies      bodies as they come: by length, or in chunks
    forms       fields that a body holds
    limits      how much of everything
    logs        lines of the access log
    logfile     and the file that they are in
    client      HTTPClient, as it was before Agent
    queries     queries, ranges, chunks
    dates       dates as HTTP writes them

A module may import those below it, none above.
"""
