"""The installation in containers, seen from this machine: its ports are published on loopback, its clock and issuer's key are shared.

Left to others: starting it (docker compose), the requests to it (deploy/demo).
"""

import subprocess
from pathlib import Path

from deploy.local.place import ROOT, CannotStart, Place

PORT_BASE = 18_000
KEPT_IN = ROOT / ".local-containers"
# The one folder that the services' containers read too: the demo's business clock.
SHARED = KEPT_IN / "shared"
# One file for each secret; a container gets those that it reads.
SECRETS = KEPT_IN / "secrets"
POSTGRES_USER = 999  # of the image postgres:18


def place() -> Place:
    """For the demo: whoever may read the issuer's files may mint tokens. Raises CannotStart when the issuer does not run."""
    SHARED.mkdir(parents=True, exist_ok=True)
    copied = docker("compose", "cp", "issuer:/var/lib/clearwater/issuer", f"{SHARED}/")
    if copied.returncode:
        raise CannotStart(f"The containers do not run: `docker compose up -d --wait` first. {last_line(copied.stderr)}")
    (SHARED / "issuer").chmod(0o700)  # its key is not for the containers
    found = Place(SHARED, PORT_BASE, tls=True)
    root = found.front_authority
    root.parent.mkdir(parents=True, exist_ok=True)
    docker("compose", "cp", f"front-door:/data/caddy/{root.relative_to(SHARED / 'front-door')}", root.parent)
    return found


def docker(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """In the repository's root, so that `docker compose` finds its file. Raises CannotStart where there is no docker."""
    done = docker_bytes(*arguments)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def docker_bytes(*arguments: str | Path, sent: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    """As `docker`, for what is no text. `sent`: its standard input; None: that of this process."""
    try:
        return subprocess.run(
            ["docker", *arguments],  # noqa: S607 - whichever docker this person has
            cwd=ROOT, input=sent, capture_output=True, check=False,
        )  # fmt: skip
    except OSError as error:
        raise CannotStart(f"There is no docker on this machine ({error.strerror}).") from error


def last_line(output: str) -> str:
    return (output.strip().splitlines() or ["It says nothing."])[-1]
