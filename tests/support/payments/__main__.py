"""python -m tests.support.payments: starts the sample service from the declaration of this tree, asks it, and prints what it answered.

Run in a tree into which the service has been copied. It leaves everything running; whoever has started it stops it.
"""

import json
import sys
from typing import Any

from deploy.declaration import SERVICES
from deploy.demo.people import Person, wait_for
from deploy.local import place, starting, system
from deploy.local.processes import declared

DISTRICT = system.SAMPLE_DISTRICTS[0]


def main() -> None:
    site = place.from_environment()
    system.start_services(system.start_platform(site), site, services=["payments"])
    running = [process for process in declared(site) if process.name.startswith("payments-")]
    with Person(site, "officer", DISTRICT) as officer:
        created = officer.post("payments", "/payments", {"amount_fen": 12_000}, key="the only one")
        path = f"/payments/{created['payment_id']}"
        wait_for("its way over the bus", lambda: officer.get("payments", path)["published"])
        answers: dict[str, Any] = {"created": created, "published": officer.get("payments", path)}
    answers["services"] = list(SERVICES)
    answers["ready"] = {process.name: starting.is_ready(process) for process in running}
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
