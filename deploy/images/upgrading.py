"""python -m deploy.images.upgrading: containers go over to the images that were built, one process after the other.

    build ─▶ migrate (expand) ─▶ of each service: second API, first API, its other processes, one by one

The front door passes what one of the two APIs does not take to the other one (deploy/front_door/caddyfile.py). The first step that fails
ends it; what is not replaced yet runs on as it was.
Left to others: the local platform (deploy/local/rolling.py), images of others (PostgreSQL, Kafka, Caddy).
"""

import subprocess
import sys
from collections.abc import Iterator

from deploy.declaration import API, SECOND, SERVICES
from deploy.local.place import ROOT


def steps() -> Iterator[tuple[str, ...]]:
    """The arguments of `docker compose`, in order."""
    yield ("build",)
    for name in SERVICES:
        yield ("run", "--rm", "--no-deps", f"{name}-migrate")
    for service in SERVICES.values():
        first, *others = (service.process(role) for role in service.roles)
        api = service.process(API)
        for process in (api + SECOND, first, *others):
            yield ("up", "--detach", "--no-deps", "--wait", process)


def main() -> int:
    for step in steps():
        print("docker compose", *step, flush=True)
        if done := subprocess.run(["docker", "compose", *step], cwd=ROOT, check=False).returncode:  # noqa: S607 - as the Makefile calls it
            return done
    return 0


if __name__ == "__main__":
    sys.exit(main())
