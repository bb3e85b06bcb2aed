"""
What ``reactorio.internet.ssl`` and ``_sslverify`` name.

    client         options for clients, which know whom they connect to
    options        options for both sides
    factories      factories of contexts, as programs before options have them
    contexts       contexts of the standard library's
    trust          whose certificates are believed
    keys           key pairs, and certificates with their keys
    certificates   certificates and requests for them
    originals      from pyOpenSSL's objects to cryptography's and back
    identity       whether a certificate is a given name's
    ciphers        cipher suites
    versions       versions of TLS
    names          distinguished names

A module may import those below it, none above. pyOpenSSL is asked for only where an application wants its objects.
"""
