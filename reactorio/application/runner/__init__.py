"""
Running a reactor as a program: what ``twist`` is made of.

    _exit       exit statuses with names
    _pidfile    files that say which process runs
    _runner     logging, the reactor, and both of those
"""
