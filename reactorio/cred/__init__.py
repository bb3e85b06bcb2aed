"""
Authentication that no protocol is part of.

    error           what is wrong with a login
    credentials     what somebody offers as proof of who they are
    checkers        who says whether the proof holds
    portal          the way from credentials to an avatar: what that user may do
    strcred         checkers from the command line: ``--auth file:/etc/passwords``

What Twisted's cred does not have:

    hashes          passwords as scrypt, argon2 and bcrypt keep them
    hashedfile      the checker for files of those; ``python -m reactorio.cred.passwd`` writes them
    throttling      a limit on guessing, in front of any checker
    audit           a line in the log for every attempt
    ldap            the checker that asks a directory

A checker or a realm may return its result, a Deferred, a coroutine or a Future.
"""
