"""
The work behind `reactorio.web.client`.

    legacy      getPage, downloadPage and their factories, as they were before Agent
    decoding    bodies that came compressed
    cookies     CookieAgent
    redirects   RedirectAgent, BrowserLikeRedirectAgent
    proxies     ProxyAgent
    agent       Agent: from a URI to a response
    policies    whom to trust over TLS
    pool        HTTPConnectionPool: connections that are used again, and who waits for one
    negotiating connections whose protocol the TLS handshake is to tell
    http2       one HTTP/2 connection
    http2stream one request on it, and its response
    protocol    HTTP11ClientProtocol: one HTTP/1 connection
    lines       HTTPClientParser: responses line by line, for subclasses
    receiver    responses as httptools reads them
    reading     readBody, FileBodyProducer
    response    Response
    patience    how long a request may take
    request     Request, and what a body is written through
    uri         URIs
    limits      how much of everything
    errors      what goes wrong

A module may import those below it, none above.
"""
