"""python -m services.reporting api|stream|consumer|migrate|rebuild|redrive|reconcile"""

import argparse
import sys
from collections.abc import Sequence

ROLES = ("api", "stream", "consumer", "migrate", "rebuild", "redrive", "reconcile")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.reporting", description=__doc__)
    parser.add_argument("role", choices=ROLES)
    asked, rest = parser.parse_known_args(arguments)
    if asked.role == "stream":
        # Before anything else is imported: psycopg, too, decides how to wait when it is imported.
        from shared.service import serve  # noqa: PLC0415

        serve.cooperative()
    from services.reporting import wiring  # noqa: PLC0415

    return wiring.run(asked.role, rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
