"""The part of an agency's admission that happens inside a container; what it makes is printed once, as JSON.

    python -m deploy.images.admitted clients <client> …       in `issuer`: a new secret for each
    python -m deploy.images.admitted user <agency>            in `admin`: its user, which reads what its grants give; password and topics
    python -m deploy.images.admitted no-user <agency>         in `admin`: its user is withdrawn

Behind `user <agency>` may stand the topics that the registry's answer gives, joined by commas: it waits until the bus gives them, and gives
no others.
Left to others: who asks for it, and from where (admitting.py).
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.images import secret_files
from deploy.local import admin, agencies, granting
from deploy.local.place import CannotStart


def main(arguments: Sequence[str]) -> int:
    try:
        print(json.dumps(_made(*arguments)))
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


def _made(act: str, *names: str) -> object:
    if act == "clients":
        from deploy.local import issuer  # noqa: PLC0415 - of no use in the other container

        return issuer.add_clients(Path(os.environ["LOCAL_DIR"]), names)
    connection, (agency, *of_registry) = admin.as_named(secret_files.read()), names
    if act == "user":
        awaited = [name for name in of_registry[0].split(",") if name] if of_registry else None
        password, topics = granting.admit(connection, agency, awaited)
        return {"password": password, "topics": topics}
    agencies.withdraw(connection, agency)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
