"""The one declaration of the system: its services, their processes, ports, secrets, databases and environments.

All who need the list of services read it from this module: the local platform (deploy/local), docker-compose.yml (written by
deploy/images/compose.py), the Makefile, the tests. A new service is its own folder and one line of SERVICES;
docs/how-to/add-a-service.md is the way.

Invariant: nothing runs that is not declared here. It names things but has no addresses: a Site (site.py) has those.
Imports the standard library only, so that every image and every test can read it.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace

from deploy.kinds import Process, Role, Service
from deploy.site import Site

PLATFORM = ("postgres", "kafka")
MARK = "CLEARWATER_INSTALLATION"  # in the environment of each process of a local installation: where it is
# On the broker: who makes topics, users and rights; and the static users of the broker's own listeners.
BUS_ADMIN = "admin"
BUS_STATIC = ("broker", "controller", "founder")
# The process that archives what the databases write, and the file below LOCAL_DIR that says where to: there from the first backup on.
ARCHIVE, ARCHIVE_FILE = "archive", "backups.json"
# The process that looks at all others and at the installation's doors, disks and certificates (deploy/doctor/watch.py).
WATCH = "watch"
# OpenTelemetry's own name for the address of the collector of traces. It is read where an installation is started.
COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT"
DATABASE_ROLES = ("owner", "app", "mechanism")
# By which way events leave a database: "relay", or "debezium" (decision 50). It is read where an installation is started, too.
LEAVE_BY, DEBEZIUM = "EVENTS_LEAVE_BY", "debezium"
API, STREAM = Role("api", serves=True), Role("stream", serves=True, paths=("/stream", "/districts/*/feed"))
RELAY, CONSUMER, WORKER = Role("relay", bus=True), Role("consumer", bus=True), Role("worker")
MESSAGES, AGENCIES = "messages", "agencies"
# Each of its processes claims what it sends, and each counts all messages (decision 27). What notify has not read yet
# becomes messages soon.
SENDER = Role(
    "worker",
    calls=(MESSAGES,),
    waiting=(
        'sum(max by (district) (clearwater_messages{service="notify",state="waiting"}))',
        'sum(max by (topic) (clearwater_consumer_lag_events{service="notify",consumer="notify"}))',
    ),
)
WEBHOOKS = Role("webhooks", calls=(AGENCIES,))
OPERATOR = "operator"  # a person at a terminal, with one of a service's own commands


def _registry(site: Site) -> dict[str, str]:
    readers = {"notify": site.secret("reader_public_key")}
    return {
        "VAULT_KEY": site.secret("vault_key"),
        "READER_PUBLIC_KEYS": json.dumps(readers),
        "SENDER_PUBLIC_KEY": site.secret("sender_public_key"),
    }


def _reporting(site: Site) -> dict[str, str]:
    """An endpoint on the machine itself is allowed where the whole installation is on one machine, and nobody outside reaches it."""
    return {
        "SENDER_PRIVATE_KEY": site.secret("sender_private_key"),
        "STATEMENT_KEY": site.secret("statement_key"),
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8 ::1/128" if site.bind == "127.0.0.1" else "",
    }


def _notify(site: Site) -> dict[str, str]:
    return {
        "READER_PRIVATE_KEY": site.secret("reader_private_key"),
        "SMTP_HOST": site.host("messages"),
        "SMTP_PORT": str(site.port("smtp")),
        "SMS_URL": url(site, "messages") + "/sms",
        "MAIL_FROM": "notice@clearwater.example",
    }


SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        Service(
            "registry",
            10,
            roles=(API, RELAY, CONSUMER, WORKER),
            pages=("/register",),
            environment=_registry,
            secrets={"vault_key": "key", "reader_key_pair": "key pair"},
        ),
        Service("signing", 20, roles=(API, RELAY, CONSUMER, WORKER), pages=("/desk", "/mine")),
        Service(
            "notify",
            30,
            roles=(API, RELAY, CONSUMER, SENDER),
            pages=("/messages",),
            environment=_notify,
            needs=(MESSAGES,),
        ),
        Service(
            "reporting",
            40,
            roles=(API, STREAM, CONSUMER, WEBHOOKS),
            pages=("/wall", "/map", "/city", "/report", "/taken", "/parked", "/why", "/events", "/agency"),
            environment=_reporting,
            secrets={"sender_key_pair": "key pair", "statement_key": "key"},
        ),
    )
}

FRONT_DOOR = "front-door"
# The service that carries, for all, the sign-in, the front page and what every page is drawn with (decision 18).
ENTRANCE = "signing"
ENTRANCE_PATHS = (
    "/",
    "/help",
    "/docs",
    "/login",
    "/login/renewal",
    "/callback",
    "/logout",
    "/signed-out",
    "/static/shell/*",
)

# Of each API there can be two processes: the front door goes on with this one while the first is replaced.
SECOND = "-2"
_SECOND_STEP = 7  # from the service's own

# Steps from PORT_BASE, listed in deploy/README.md. Installations and their firewalls count on them: add, never renumber.
PORTS: dict[str, int] = {
    FRONT_DOOR: 0,
    "postgres": 1,
    "kafka": 2,
    "kafka-controller": 3,
    "issuer": 4,
    "messages": 5,
    "smtp": 6,
    "supervisor": 7,
    "kafka-internal": 8,
    ARCHIVE: 45,
    BUS_ADMIN: 46,
    WATCH: 38,
    DEBEZIUM: 44,
    **{
        service.process(role): service.step + number
        for service in SERVICES.values()
        for number, role in enumerate(service.roles)
    },
    **{service.process(API) + SECOND: service.step + _SECOND_STEP for service in SERVICES.values()},
}


def secrets() -> dict[str, str]:
    """Every secret of an installation by name, with its kind: "token", "key" (32 bytes), "key pair" (X25519) or "side" (a or b).

    Of a pair `reader_key_pair` a Site knows the halves, `reader_private_key` and `reader_public_key`.
    """
    made = {f"{service}_{role}_password": "token" for service in SERVICES for role in DATABASE_ROLES}
    made |= {debezium_key(service): "token" for service in publishing()}
    made |= {"session_secret": "token", "front_door_secret": "token"}
    made |= {"postgres_password": "token", "supervisor_password": "token", "grafana_password": "token"}
    for service in SERVICES.values():
        made |= service.secrets
    for role in bus_roles():
        made |= {side_key(role): "side", password_key(role): "token"}
    return made | dict.fromkeys(map(password_key, BUS_STATIC), "token")


def bus_roles() -> tuple[str, ...]:
    """Every role that opens the broker as a client. Each has two users, of which one is in use: `<role>-a` and `<role>-b`."""
    own = [service.process(role) for service in SERVICES.values() for role in service.roles if role.bus]
    return (BUS_ADMIN, *own, *(f"{service}-{OPERATOR}" for service in SERVICES))


def publishing() -> tuple[str, ...]:
    """The services that write events."""
    return tuple(service.name for service in SERVICES.values() if RELAY in service.roles)


def debezium_key(service: str) -> str:
    """The password of Debezium's role in a service's database."""
    return f"{service}_{DEBEZIUM}_password"


def side_key(role: str) -> str:
    """The secret that says which of a role's two users on the broker is in use."""
    return f"kafka_{role.replace('-', '_')}_side"


def password_key(user: str) -> str:
    """The secret of a role's user in use, or of a static user."""
    return f"kafka_{user.replace('-', '_')}_password"


def processes() -> list[Process]:
    """Every process of ours, in the order of starting: whatever a process needs stands before it. PLATFORM stands before all."""
    served = [_process(service, role) for service in SERVICES.values() for role in service.roles]
    return [_ISSUER, _MESSAGES, _ADMIN, _WATCH, *served, _front_door()]


def seconds() -> list[Process]:
    """The second process of each API. Containers run it all the time, the local platform while it is upgraded (deploy/local/rolling.py)."""
    return [_second(service) for service in SERVICES.values()]


def service_environment(site: Site, service: Service, role: Role | None = None) -> dict[str, str]:
    """What `python -m services.<service> <role>` reads; its config.py says what each means. Without a role: for a command."""
    api = service.process(service.roles[0])
    own = service.process(role) if role else api
    served = own if role and role.serves else api
    settings = {
        **{_variable(user): database_url(site, service.name, user) for user in ("app", "mechanism", "owner")},
        "KAFKA_BOOTSTRAP": _address(site, "kafka"),
        "PORT": str(site.port(served)),
        "HEALTH_PORT": str(site.port(own)),
        "BIND": site.bind,
        "ISSUER_URL": site.public_url("issuer"),
        "ISSUER_INTERNAL_URL": url(site, "issuer"),
        "PUBLIC_URL": site.front_url,
        "SESSION_SECRET": site.secret("session_secret"),
        "FRONT_DOOR_SECRET": site.secret("front_door_secret"),
        "SERVICES": " ".join(SERVICES),
        "LOG_LEVEL": "info",
        "CLOCK_FILE": site.clock_file,
        COLLECTOR: site.collector,
    }
    if role is None and RELAY in service.roles:  # for `migrate`, which makes the database follow
        settings |= {LEAVE_BY: site.events_leave_by, _variable(DEBEZIUM): database_url(site, service.name, DEBEZIUM)}
    if role and role.serves:
        settings["PROMETHEUS_MULTIPROC_DIR"] = site.file("metrics", own)
    return settings | _bus(site, service, role) | service.environment(site)


def _bus(site: Site, service: Service, role: Role | None) -> dict[str, str]:
    """The settings of its own user on the broker; empty for a role that never connects to it."""
    if role and not role.bus:
        return {}
    return bus_user(site, f"{service.name}-{role.name if role else OPERATOR}")


def bus_user(site: Site, named: str) -> dict[str, str]:
    """What a process reads to connect to the broker as this role."""
    return {
        "KAFKA_BOOTSTRAP": _address(site, "kafka"),
        "KAFKA_USER": f"{named}-{site.secret(side_key(named))}",
        "KAFKA_PASSWORD": site.secret(password_key(named)),
        "KAFKA_SECURITY": bus_security(site),
        "KAFKA_CA_FILE": site.bus_ca_file,
    }


def bus_security(site: Site) -> str:
    """In Kafka's words."""
    return "SASL_SSL" if site.bus_ca_file else "SASL_PLAINTEXT"


def url(site: Site, process: str) -> str:
    """As other processes reach it."""
    return f"http://{_address(site, process)}"


def _address(site: Site, process: str) -> str:
    return f"{site.host(process)}:{site.port(process)}"


def _of_services() -> Iterator[str]:
    """The name of every process of a service, also of the second one of each API."""
    for service in SERVICES.values():
        yield from (service.process(role) for role in service.roles)
        yield service.process(API) + SECOND


def database_url(site: Site, service: str, user: str) -> str:
    password = site.secret(f"{service}_{user}_password")
    return f"postgresql://{service}_{user}:{password}@{site.host('postgres')}:{site.port('postgres')}/{service}"


def _variable(user: str) -> str:
    return "DATABASE_URL" if user == "app" else f"DATABASE_URL_{user.upper()}"


def _process(service: Service, role: Role) -> Process:
    return Process(
        name=service.process(role),
        module=f"services.{service.name}",
        arguments=(role.name,),
        image=service.name,
        environment=lambda site: service_environment(site, service, role),
        needs=(*PLATFORM, "issuer", *service.needs),
        published=role.serves,
    )


def _second(service: Service) -> Process:
    first = _process(service, API)
    name = first.name + SECOND

    def environment(site: Site) -> dict[str, str]:
        port = str(site.port(name))
        own = {"PORT": port, "HEALTH_PORT": port, "PROMETHEUS_MULTIPROC_DIR": site.file("metrics", name)}
        return first.environment(site) | own

    return replace(first, name=name, environment=environment)


def _front_door() -> Process:
    return Process(
        name=FRONT_DOOR,
        module="deploy.front_door",
        environment=lambda site: {
            "LOCAL_DIR": site.file(),
            "PORT_BASE": str(site.port(FRONT_DOOR) - PORTS[FRONT_DOOR]),
            "TLS": "1" if site.front_url.startswith("https:") else "",
            "FRONT_DOOR_SECRET": site.secret("front_door_secret"),
        },
        ready="",
        needs=tuple(service.process(role) for service in SERVICES.values() for role in service.roles if role.serves),
        published=True,
        keeps_files=True,
    )


_ISSUER = Process(
    name="issuer",
    module="deploy.local.issuer",
    environment=lambda site: {
        "LOCAL_DIR": site.file(),
        "PORT": str(site.port("issuer")),
        "BIND": site.bind,
        "ISSUER_URL": site.public_url("issuer"),
        "ISSUER_INTERNAL_URL": url(site, "issuer"),
    },
    ready="/.well-known/openid-configuration",
    published=True,
    keeps_files=True,
)
_ADMIN = Process(
    name=BUS_ADMIN,
    module="deploy.local.granting",
    environment=lambda site: {
        "BIND": site.bind,
        "PORT": str(site.port(BUS_ADMIN)),
        **bus_user(site, BUS_ADMIN),
    },
    needs=("kafka",),
)
_WATCH = Process(
    name=WATCH,
    module="deploy.doctor.watch",
    environment=lambda site: {
        "BIND": site.bind,
        "PORT": str(site.port(WATCH)),
        "PUBLIC_URL": site.front_url,
        "FRONT_DOOR": _address(site, FRONT_DOOR),
        "ISSUER_URL": site.public_url("issuer"),
        "ISSUER_INTERNAL_URL": url(site, "issuer"),
        "KAFKA_BOOTSTRAP": _address(site, "kafka"),
        "KAFKA_SECURITY": bus_security(site),
        "PROCESSES": " ".join(f"{name}={_address(site, name)}" for name in _of_services()),
        "DATA_IN": site.file(),
    },
    needs=PLATFORM,
)
_MESSAGES = Process(
    name="messages",
    module="deploy.local.messages",
    environment=lambda site: {
        "BIND": site.bind,
        "PORT": str(site.port("messages")),
        "SMTP_PORT": str(site.port("smtp")),
        "KEPT_IN": site.file("messages"),
    },
    published=True,
    keeps_files=True,
)


if __name__ == "__main__":  # for the Makefile
    sys.stdout.write(" ".join(SERVICES) + "\n")
