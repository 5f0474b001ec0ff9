"""python -m deploy.images.upgrading: containers go over to the images that were built, one process after the other.

    build ─▶ migrate (expand) ─▶ of each service: second API, first API, its other processes, one by one ─▶ the platform's own

The front door passes what one of the two APIs does not take to the other one (deploy/front_door/caddyfile.py). The first step that fails
ends it; what is not replaced yet runs on as it was. Alerts are silent until the end, where an Alertmanager answers.
Left to others: the silence (deploy/prometheus/silencing.py),
the local platform (deploy/local/rolling.py), images of others (PostgreSQL, Kafka, Caddy).
"""

import os
import subprocess
import sys
from collections.abc import Iterator

from deploy import declaration
from deploy.declaration import API, FRONT_DOOR, SECOND, SERVICES
from deploy.images.monitoring import STEPS
from deploy.images.running import PORT_BASE
from deploy.local.place import HOST, ROOT
from deploy.prometheus import silencing


def steps() -> Iterator[tuple[str, ...]]:
    """The arguments of `docker compose`, in order."""
    yield ("build",)
    for name in SERVICES:
        yield ("run", "--rm", "--no-deps", f"{name}-migrate")
    for service in SERVICES.values():
        first, *others = (service.process(role) for role in service.roles)
        api = service.process(API)
        for process in (api + SECOND, first, *others):
            yield _replace(process)
    for own in declaration.processes():
        if own.image == "" and own.name != FRONT_DOOR:
            yield _replace(own.name)


def main() -> int:
    address = os.environ.get(silencing.VARIABLE, f"http://{HOST}:{PORT_BASE + STEPS['alertmanager']}")
    with silencing.silenced(address, comment="upgrade") as silence:
        print(
            "Alerts are silent until the end." if silence else f"No Alertmanager at {address}: alerts go on.",
            flush=True,
        )
        return _take_all()


def _replace(process: str) -> tuple[str, ...]:
    return ("up", "--detach", "--no-deps", "--wait", process)


def _take_all() -> int:
    """The exit code of the first step that fails."""
    for step in steps():
        print("docker compose", *step, flush=True)
        if done := subprocess.run(["docker", "compose", *step], cwd=ROOT, check=False).returncode:  # noqa: S607 - as the Makefile calls it
            return done
    return 0


if __name__ == "__main__":
    sys.exit(main())
