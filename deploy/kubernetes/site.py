"""Where the pods are: by which name each is reached, and what an installation says about the servers outside.

Invariant: an address outside the cluster stands in one place, the config map `installation`; no pod has one written into it.
PostgreSQL is reached at the name `postgres`, a Service that leads to the server: so the files with its address are those of the containers.
Left to others: which settings a process reads (deploy/declaration.py), the files with secrets (secrets.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.declaration import COLLECTOR, FRONT_DOOR, LEAVE_BY, MESSAGES, PORTS
from deploy.images import secret_files
from deploy.images.running import PORT_BASE
from deploy.images.site import FILES

Document = dict[str, Any]

INSTALLATION, PUBLIC, SECRET, AUTHORITIES = "installation", "public", "clearwater", "authorities"
AUTHORITIES_IN: Final = "/run/authorities"
# An address that nobody has. It stands where the installation names its own.
_UNNAMED: Final = ".example"
_FRONT_HOST: Final = "FRONT_HOST"
_PORTS_OUTSIDE: Final = {"postgres": 5432, "kafka": 9092, "smtp": 587}
# What an installation says beside the addresses, with the value that holds until it does.
_VALUES: Final = {
    _FRONT_HOST: f"clearwater{_UNNAMED}",
    "KAFKA_SECURITY": "SASL_SSL",
    "KAFKA_CA_FILE": "",
    "ISSUER_INTERNAL_URL": "",
    "SMS_URL": f"https://{MESSAGES}{_UNNAMED}/sms",
    "SMTP_PORT": str(_PORTS_OUTSIDE["smtp"]),
    "WEBHOOK_ALLOWED_NETWORKS": "",
    "LOG_LEVEL": "info",
    COLLECTOR: "",
    LEAVE_BY: "relay",
}
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Cluster:
    """Pods as a Site: each is reached at its Service; what is not ours has a name that the installation replaces."""

    bind = "0.0.0.0"  # noqa: S104 - inside its pod; network policies say who reaches it
    clock_file = ""  # real time: the demo plays on the local platform and in containers
    bus_ca_file = collector = ""
    events_leave_by = "relay"
    front_url = "https://$(FRONT_HOST)"  # Kubernetes puts the installation's name there

    def host(self, process: str) -> str:
        outside = {"kafka", "issuer", MESSAGES}
        return f"{process}{_UNNAMED}" if process in outside else process

    def port(self, name: str) -> int:
        return _PORTS_OUTSIDE.get(name, PORT_BASE + PORTS[name])

    def public_url(self, process: str) -> str:
        return f"https://{self.host(process)}"

    def secret(self, name: str) -> str:
        return f"${{{name.upper()}}}"

    def file(self, *parts: str) -> str:
        return "/".join((FILES, *parts))


class Door(Cluster):
    """As the front door sees it: Caddy puts the installation's name in the place of the variable."""

    front_url = f"https://{{$FRONT_HOST}}:{PORT_BASE + PORTS[FRONT_DOOR]}"


SITE: Final = Cluster()


@dataclass(frozen=True)
class Settings:
    """What one container reads: variables as Kubernetes writes them, and files with secrets, each with the name of its secret.

    `values`: what the installation says of it. `templates`: what stands in each secret, with the names of values in their place.
    """

    variables: list[Document]
    secrets: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)


def settings(process: str, environment: Mapping[str, str]) -> Settings:
    """`environment` as the declaration gives it for SITE."""
    entry = secret_files.mounted(process, {"environment": dict(environment), "pull_policy": "never"})
    public: dict[str, str] = entry["environment"]
    values = {key: _VALUES.get(key, value) for key, value in public.items() if key in _VALUES or _UNNAMED in value}
    return Settings(
        variables=[variable for key, value in public.items() for variable in _written(key, value, values)],
        secrets={mount["target"]: mount["source"] for mount in entry.get("secrets", ())},
        values=values,
        templates=secret_files.templates({process: {"environment": environment}}),
    )


def installation_values(every: Sequence[Settings]) -> dict[str, str]:
    """The config map `installation`, with a value for each setting that any process reads from it."""
    return {key: value for settings in every for key, value in settings.values.items()}


def public_names(variables: Sequence[Document]) -> set[str]:
    """The public parts of secrets (which of two users is in use, public keys) that these variables take from the config map."""
    sources = (variable.get("valueFrom", {}).get("configMapKeyRef", {}) for variable in variables)
    return {source["key"] for source in sources if source.get("name") == PUBLIC}


def _written(key: str, value: str, values: Mapping[str, str]) -> Iterator[Document]:
    """A variable, after those that Kubernetes puts into it."""
    if key in values:
        yield _from(INSTALLATION, key, key)
        return
    if whole := _PLACEHOLDER.fullmatch(value):
        yield _from(PUBLIC, whole[1].lower(), key)
        return
    if f"$({_FRONT_HOST})" in value:
        yield _from(INSTALLATION, _FRONT_HOST, _FRONT_HOST)
    for name in _PLACEHOLDER.findall(value):
        yield _from(PUBLIC, name.lower(), name)
    written = _PLACEHOLDER.sub(r"$(\1)", value)
    yield {"name": key, "value": written} if written else {"name": key}  # empty, as Kubernetes keeps it


def _from(config_map: str, key: str, variable: str) -> Document:
    return {"name": variable, "valueFrom": {"configMapKeyRef": {"name": config_map, "key": key}}}
