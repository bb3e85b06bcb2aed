"""Services of the protocols, as commands: each module has ``Options`` and ``makeService``."""
