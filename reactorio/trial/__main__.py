"""``python -m reactorio.trial``, and ``python -m twisted.trial`` under the alias."""

from __future__ import annotations

if __name__ == "__main__":
    import sys

    from reactorio.scripts.trial import main

    sys.argv[0] = "trial"
    main()
