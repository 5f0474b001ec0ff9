"""Every process of the installation, declared once: what it runs, with which environment, where it answers, what it waits for.

Stays true: nothing is started that is not declared here; docker-compose.yml declares the same (tests/contract holds them together).
Left to others: turning the declaration into running processes (supervise.py), and their order in time (system.py).
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local import access, broker, keys, postgres
from deploy.local.place import HOST, ROOT, Place

PLATFORM = ("postgres", "kafka")
ROLES = {
    "registry": ("api", "relay", "consumer", "worker"),
    "signing": ("api", "relay", "consumer", "worker"),
    "notify": ("api", "relay", "consumer", "worker"),
    "reporting": ("api", "stream", "consumer"),
}
_SERVING = ("api", "stream")  # these answer /ready on their own port, the loops on a health port


@dataclass(frozen=True)
class Process:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    ready: str = ""  # an http address that answers 200; empty: it is ready when its port accepts a connection
    depends: tuple[str, ...] = ()
    user: str | None = None
    stop_signal: str = "TERM"


def declared(place: Place) -> list[Process]:
    """In the order of starting: whatever a process depends on stands before it."""
    secrets = keys.load(place.local_dir)
    services = [_service(place, secrets, service, role) for service, roles in ROLES.items() for role in roles]
    return [*platform(place), *_surroundings(place), *services]


def platform(place: Place) -> list[Process]:
    return [
        Process(
            name="postgres",
            command=postgres.command(place),
            port=place.port("postgres"),
            user=postgres.runs_as(),
            stop_signal="INT",  # "fast": ends sessions instead of waiting for them
        ),
        Process(name="kafka", command=broker.command(place), port=place.port("kafka")),
    ]


def environment(place: Place, service: str, role: str = "migrate") -> dict[str, str]:
    """What `python -m services.<service> <role>` reads; its config.py says what each means."""
    secrets = keys.load(place.local_dir)
    return _python() | _environment(place, secrets, service, role)


def database_url(place: Place, secrets: Mapping[str, str], service: str, role: str) -> str:
    return postgres.url(place, f"{service}_{role}", secrets[f"{service}_{role}_password"], service)


def _surroundings(place: Place) -> list[Process]:
    issuer = Process(
        name="issuer",
        command=(sys.executable, "-m", "deploy.local.issuer"),
        environment=_python()
        | {
            "LOCAL_DIR": str(place.local_dir),
            "PORT_BASE": str(place.port_base),
            "PORT": str(place.port("issuer")),
            "BIND": HOST,
        },
        port=place.port("issuer"),
        ready=place.url("issuer") + "/.well-known/openid-configuration",
    )
    messages = Process(
        name="messages",
        command=(sys.executable, "-m", "deploy.local.messages"),
        environment=_python()
        | {
            "BIND": HOST,
            "PORT": str(place.port("messages")),
            "SMTP_PORT": str(place.port("smtp")),
            "KEPT_IN": str(place.path("messages")),
        },
        port=place.port("messages"),
        ready=place.url("messages") + "/ready",
    )
    return [issuer, messages]


def _service(place: Place, secrets: Mapping[str, str], service: str, role: str) -> Process:
    name = f"{service}-{role}"
    gateways = ("messages",) if service == "notify" else ()
    return Process(
        name=name,
        command=(sys.executable, "-m", f"services.{service}", role),
        environment=_python() | _environment(place, secrets, service, role),
        port=place.port(name),
        ready=place.url(name) + "/ready",
        depends=(*PLATFORM, "issuer", *gateways),
    )


def _environment(place: Place, secrets: Mapping[str, str], service: str, role: str) -> dict[str, str]:
    name = f"{service}-{role}"
    port = str(place.port(name if role in _SERVING else f"{service}-api"))
    settings = {
        "DATABASE_URL": database_url(place, secrets, service, "app"),
        "DATABASE_URL_MECHANISM": database_url(place, secrets, service, "mechanism"),
        "DATABASE_URL_OWNER": database_url(place, secrets, service, "owner"),
        "KAFKA_BOOTSTRAP": place.kafka_bootstrap,
        "PORT": port,
        "HEALTH_PORT": str(place.port(name)) if role in ROLES[service] else port,
        "BIND": HOST,
        "ISSUER_URL": place.url("issuer"),
        "PUBLIC_URL": place.url(f"{service}-{role}" if role in _SERVING else f"{service}-api"),
        "SESSION_SECRET": secrets[f"{service}_session"],
        "LOG_LEVEL": "info",
        "CLOCK_FILE": str(place.path("clock.json")),
    }
    if role in _SERVING:
        settings["PROMETHEUS_MULTIPROC_DIR"] = str(place.path("metrics", name))
    return settings | _credentials(secrets, service, role) | _own(place, secrets, service)


def _credentials(secrets: Mapping[str, str], service: str, role: str) -> dict[str, str]:
    """Of its own user on the broker; nothing for a role that never opens it."""
    named = f"{service}-operator" if role == "migrate" else f"{service}-{role}"
    if named not in access.roles():
        return {}
    return {"KAFKA_USER": secrets[keys.user_key(named)], "KAFKA_PASSWORD": secrets[keys.password_key(named)]}


def _own(place: Place, secrets: Mapping[str, str], service: str) -> dict[str, str]:
    """What only this service is told."""
    reader = json.loads(secrets["reader_key_pair"])
    if service == "registry":
        return {"VAULT_KEY": secrets["vault_key"], "READER_PUBLIC_KEYS": json.dumps({"notify": reader["public"]})}
    if service == "notify":
        return {
            "READER_PRIVATE_KEY": reader["private"],
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(place.port("smtp")),
            "SMS_URL": place.url("messages") + "/sms",
            "MAIL_FROM": "notice@clearwater.example",
        }
    if service == "reporting":
        return {"STREAM_URL": place.url("reporting-stream"), "REGISTRY_URL": place.url("registry-api")}
    return {}


def _python() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
