"""
Applications from a TOML file: ``reactorio serve app.toml``, docs/operations.md.

    served     the services of a file, while they run and when the file has changed
    building   services from what the file says
    reading    the file, the environment's overrides and secrets: all there is to know, or all that is wrong
    layout     what can stand in the file
    schema     tables, keys and their types, also as JSON Schema
    places     the lines of keys
    limits     of the process

A module may import those below it, none above.
"""
