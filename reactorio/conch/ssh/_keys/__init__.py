"""
Keys: what `reactorio.conch.ssh.keys` is made of.

    errors          what can be wrong with them
    wire            strings and numbers, read with limits
    material        keys of ``cryptography`` from numbers, and numbers from keys
    blobs           as the protocol and the agent write them
    passphrases     text as bytes that are the same on every machine
    pem             what OpenSSL reads, too: RSA, DSA, EC and PKCS#8
    openssh         OpenSSH's own format, version 1
    lsh             LSH's S-expressions
    signatures      signing and verifying
    described       keys as text, for people

A module may import those above it, none below.
"""
