"""Where the containers are: by which name and at which address each is reached, from inside and from this machine."""

from deploy.declaration import COLLECTOR, FRONT_DOOR, LEAVE_BY, PORTS
from deploy.images.running import PORT_BASE
from deploy.local.place import HOST

FILES = "/var/lib/clearwater"
_OWN_PORTS = {
    "postgres": 5432,
    "kafka": 9092,
    "kafka-controller": 9093,
    "kafka-internal": 9094,
}  # the images' own ports; not reachable from outside


class Containers:
    """Containers as a Site: each is reached by its name from inside, and on this machine's loopback from outside."""

    bind = "0.0.0.0"  # noqa: S104 - inside its container; published on loopback only
    clock_file = f"{FILES}/shared/clock.json"  # the demo's, if it plays; real time until then
    collector = f"${{{COLLECTOR}:-}}"  # of whoever runs `docker compose up`
    events_leave_by = f"${{{LEAVE_BY}:-relay}}"
    bus_ca_file = ""  # what it carries stays on the containers' own network

    def host(self, process: str) -> str:
        return process

    def port(self, name: str) -> int:
        return _OWN_PORTS.get(name, PORT_BASE + PORTS[name])

    def public_url(self, process: str) -> str:
        return f"http://{HOST}:{self.port(process)}"

    @property
    def front_url(self) -> str:
        return f"https://{HOST}:{self.port(FRONT_DOOR)}"

    def secret(self, name: str) -> str:
        return f"${{{name.upper()}}}"

    def file(self, *parts: str) -> str:
        return "/".join((FILES, *parts))


SITE = Containers()
