"""
SSH, as far as logins by key need it (extra ``conch``).

    error       what goes wrong
    ssh         keys, and what they are written in
    checkers    who may log in with which key
"""
