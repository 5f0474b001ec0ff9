"""Where one installation lives: its directory and its ports. Both come from the environment, nothing else decides."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.declaration import FRONT_DOOR, PORTS

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

USABLE = range(1024, 65536 - max(PORTS.values()))


class CannotStart(Exception):  # noqa: N818 - it reads as the sentence it is printed in
    """Why the platform cannot start and what to do about it, in one line for a person."""


@dataclass(frozen=True)
class Place:
    local_dir: Path
    port_base: int
    tls: bool = False  # of the front door, with an authority of its own

    def port(self, process: str) -> int:
        return self.port_base + PORTS[process]

    def url(self, process: str) -> str:
        return f"http://{HOST}:{self.port(process)}"

    @property
    def front_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port(FRONT_DOOR)}"

    def path(self, *parts: str) -> Path:
        return self.local_dir.joinpath(*parts)

    @property
    def front_authority(self) -> Path:
        """The certificate of the front door's own authority; there is none where the door speaks plain HTTP."""
        return self.path("front-door", "pki", "authorities", "local", "root.crt")

    @property
    def kafka_bootstrap(self) -> str:
        return f"{HOST}:{self.port('kafka')}"

    @property
    def authority(self) -> Path:
        """Where the certificate is kept by which clients know the broker, if the bus is encrypted (authority.py)."""
        return self.path("kafka", "authority.pem")

    @property
    def bus_ca_file(self) -> str:
        """Empty where the bus is not encrypted."""
        return str(self.authority) if self.authority.exists() else ""

    @property
    def kafka_internal(self) -> str:
        """The broker's own listener, where the founder connects."""
        return f"{HOST}:{self.port('kafka-internal')}"


def from_environment() -> Place:
    """Raises CannotStart for a PORT_BASE that is no port."""
    base = os.environ.get("PORT_BASE") or "18000"
    if not base.isdigit() or int(base) not in USABLE:
        raise CannotStart(
            f"PORT_BASE={base} is not a usable port: choose a number from {USABLE.start} to {USABLE.stop - 1}."
        )
    local_dir = Path(os.environ.get("LOCAL_DIR") or ".local")
    return Place((ROOT / local_dir).resolve(), int(base), tls=os.environ.get("TLS") == "1")


def cache() -> Path:
    """Downloads that all installations of this clone share: Kafka's jars, the unpacked browser."""
    return ROOT / ".cache"
