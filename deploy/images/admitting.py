"""python -m deploy.images.admitting <agency>: lets an agency in or out where the installation is in containers.

    this machine: asks the registry for its grants ─▶ docker compose exec issuer | admin ─▶ deploy.images.admitted, inside

The issuer's list of clients is in its own container and the admin's password in that of `admin`: neither leaves it.
Left to others: which topics and clients (deploy/local/admission.py), the work inside (admitted.py).
"""

import json
import sys
from collections.abc import Sequence

from deploy.images import running
from deploy.images.running import docker, last_line
from deploy.local import admission
from deploy.local.place import CannotStart


class InContainers:
    """As admission.Admitting."""

    bus_ca_file = ""

    @property
    def bus(self) -> str:
        listeners = _inside("kafka", "printenv", "KAFKA_ADVERTISED_LISTENERS").strip().split(",")
        return next(address for name, _, address in (item.partition("://") for item in listeners) if name == "AGENCIES")

    def secrets_of(self, clients: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = json.loads(_admitted("issuer", "clients", *clients))
        return found

    def admit(self, agency: str, awaited: Sequence[str]) -> str:
        return str(json.loads(_admitted("admin", "user", agency, ",".join(awaited)))["password"])

    def withdraw(self, agency: str) -> None:
        _admitted("admin", "no-user", agency)


def main() -> int:
    try:
        variables = admission.admit(running.place(), sys.argv[1], InContainers())
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2
    admission.show(sys.argv[1], variables)
    return 0


def _admitted(container: str, *arguments: str) -> str:
    return _inside(container, "python", "-m", "deploy.images.admitted", *arguments)


def _inside(container: str, *command: str) -> str:
    done = docker("compose", "exec", "-T", container, *command)
    if done.returncode:
        raise CannotStart(f"The container {container} refuses: {last_line(done.stderr)}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
