"""
HTTP/2 for servers (RFC 9113), on h2's state machine: what ``reactorio.web._http2`` names.

    connection  H2Connection: frames to streams, and back
    stream      H2Stream: one request's channel
    sending     whose turn it is, and what waits for a client that does not read
    tokens      how often something may happen
"""
