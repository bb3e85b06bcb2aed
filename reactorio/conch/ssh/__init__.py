"""
The parts of the SSH protocol.

    common      how numbers and strings are written
    sexpy       how LSH writes its keys
    keys        keys: reading, writing, signing, verifying
"""
