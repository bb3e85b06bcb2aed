"""
HTTP: servers, clients, pages.

    iweb            the interfaces
    http            the protocol: requests as they come from the wire, status codes, dates
    http_headers    a message's header fields
    resource        the tree of what a site has
    server          sites, sessions, the requests that resources see
    client          Agent and what wraps it
    template        pages from templates; error, pages and util stand on it
    static          files; script, twcgi, wsgi, xmlrpc, proxy, vhost, rewrite and guard serve other things

Modules with a leading underscore do the work. HTTP/1 is parsed by httptools (extra ``web``), HTTP/2 by h2 (extra ``http2``).
"""
