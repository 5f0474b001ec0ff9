"""Writes docker-compose.yml: the declaration, carried out in containers.

`python -m deploy.images.compose` writes it; with `--check` it exits 1 when the file is not as it would be written now.

Invariant: one image a service, built by its migration step and used by all its processes; every process has a health check and
starts when what it needs is healthy, so that `docker compose up -d --wait` returns when all is ready; no secret stands in the file
or in an environment; no process is root, can gain rights or write to its image, and each has a limit of memory and processes.
Left to others: which processes there are (deploy/declaration.py), secrets as files (secret_files.py) and their values (secrets.py).
"""

import sys
import tomllib
from collections.abc import Mapping, Sequence

from deploy import declaration, generated
from deploy.backups import inside
from deploy.declaration import (
    ARCHIVE,
    BUS_ADMIN,
    BUS_STATIC,
    DATABASE_ROLES,
    FRONT_DOOR,
    PLATFORM,
    PORTS,
    SERVICES,
    WATCH,
    bus_roles,
)
from deploy.front_door import caddyfile as front_door
from deploy.images import monitoring, secret_files
from deploy.images.parts import Entry, Limits, as_yaml, guards, healthcheck, secret_variables, waits_for
from deploy.images.running import KEPT_IN, PORT_BASE, POSTGRES_USER, SECRETS, SHARED
from deploy.images.site import FILES, SITE
from deploy.kinds import Process, Service
from deploy.local import broker, jars
from deploy.local.place import HOST, ROOT
from deploy.local.system import SAMPLE_DISTRICTS

FILE = ROOT / "docker-compose.yml"
CADDYFILE = ROOT / "deploy" / "images" / "Caddyfile"
_PAGES, _DOCS = "/etc/caddy/pages", "/etc/caddy/docs"
_HBA = "/etc/postgresql/pg_hba.conf"
_CLUSTER = f"postgres:{inside.DATA.parents[1]}"
_HEAD = """\
# Written by `python -m deploy.images.compose` from deploy/declaration.py: change that, not this.
# Passwords and keys are files, which `make secrets` writes, with .env for what is not secret; nothing secret stands here.
"""
_METRICS = f"{FILES}/metrics"
# `logical` for Debezium, and until its last slot has been dropped: the server does not start with a slot and without it.
_LOG = "wal_level=${POSTGRES_WAL_LEVEL:-replica}"
_PROTOCOLS = "listener.security.protocol.map"
# A program of another agency reaches the broker from outside by this listener, as `make agency CONTAINERS=yes` names it.
AGENCIES, _AGENCIES_PORT = "AGENCIES", PORT_BASE + PORTS["kafka"]
# The last two are volumes of its image: left to Docker, each new container would leave two nameless ones behind.
_KAFKA_WRITES = ("/opt/kafka/config", "/opt/kafka/logs", "/etc/kafka/secrets", "/mnt/shared/config")
CADDY = "caddy:2.11.7"
_USER = 10_001  # clearwater in our images
_OURS = Limits(memory="768m", processes=256)


def document() -> Entry:
    services = _services()
    ours = (process.name for process in declaration.processes() if process.keeps_files)
    keeping = [*PLATFORM, *ours, *monitoring.VOLUMES]
    folder = f"./{SECRETS.relative_to(ROOT)}"
    return {
        "name": "clearwater",
        "services": {name: secret_files.mounted(name, entry) for name, entry in services.items()},
        "secrets": {name: {"file": f"{folder}/{name}"} for name in secret_files.templates(services)},
        "volumes": dict.fromkeys(keeping),
    }


def secret_templates() -> dict[str, str]:
    return secret_files.templates(_services())


def _services() -> dict[str, Entry]:
    services = {"postgres": _postgres(), "kafka": _kafka(), "databases": _databases()}
    services |= {"users": _users(), "topics": _topics()}
    services |= {f"{service.name}-migrate": _migration(service) for service in SERVICES.values()}
    running = [*declaration.processes(), *declaration.seconds()]
    services |= {process.name: _DRAWN.get(process.name, _running)(process) for process in running}
    return services | monitoring.services() | {"doctor": _doctor(), ARCHIVE: _archive()}


def caddyfile() -> str:
    secret = f"{{file.{secret_files.MOUNTED_IN}/FRONT_DOOR_SECRET}}"
    return (
        _HEAD.splitlines()[0]
        + "\n"
        + front_door.text(SITE, files="/data/caddy", pages=_PAGES, docs=_DOCS, secret=secret)
    )


def text() -> str:
    return _HEAD + as_yaml(document())


def main(arguments: Sequence[str]) -> int:
    wanted = {FILE: text(), CADDYFILE: caddyfile(), **monitoring.files()}
    return generated.settle(wanted, arguments, command="deploy.images.compose")


def _postgres() -> Entry:
    settings = (
        "max_connections=200",
        "password_encryption=scram-sha-256",
        "tcp_keepalives_idle=10",
        _LOG,
        f"hba_file={_HBA}",
    )
    return {
        "image": "postgres:18.1",
        **guards(Limits(memory="1g", processes=512), user=POSTGRES_USER, writes=("/var/run/postgresql",)),
        "restart": "unless-stopped",
        "environment": {
            "POSTGRES_PASSWORD": SITE.secret("postgres_password"),
            "POSTGRES_PASSWORD_FILE": f"{secret_files.MOUNTED_IN}/POSTGRES_PASSWORD",
        },
        "command": ["postgres", *(part for setting in settings for part in ("-c", setting))],
        "volumes": [_CLUSTER, f"./deploy/images/pg_hba.conf:{_HBA}:ro"],
        # By TCP: while the image makes the cluster, a server for its own use answers on the socket, and only there.
        "healthcheck": healthcheck("pg_isready", "-h", HOST, "-U", "postgres"),
    }


def _kafka() -> Entry:
    declared = tomllib.loads((jars.DECLARED / "jgo.toml").read_text(encoding="utf-8"))["dependencies"]["coordinates"]
    version = next(
        package.split(":")[2].rstrip("!") for package in declared if package.startswith("org.apache.kafka:kafka_")
    )
    keys = list(map(declaration.password_key, BUS_STATIC))
    # Kafka itself puts the files' contents in the place of these.
    passwords = {key: f"$${{directory:{secret_files.MOUNTED_IN}:{key.upper()}}}" for key in keys}
    listeners = {name: SITE.port(port) for name, port in broker.LISTENERS.items()} | {AGENCIES: _AGENCIES_PORT}
    inside = [f"{name}://kafka:{listeners[name]}" for name in ("CLIENT", "INTERNAL")]
    settings = (
        broker.SETTINGS
        | broker.listener_of_clients(AGENCIES)
        | broker.static_users(passwords)
        | {
            _PROTOCOLS: f"{broker.SETTINGS[_PROTOCOLS]},{AGENCIES}:SASL_PLAINTEXT",
            "listeners": ",".join(f"{name}://:{port}" for name, port in listeners.items()),
            "advertised.listeners": ",".join([*inside, f"{AGENCIES}://{HOST}:{_AGENCIES_PORT}"]),
            "controller.quorum.voters": "1@kafka:9093",
            "log.dirs": "/var/lib/kafka/data",
            "config.providers": "directory",
            "config.providers.directory.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        }
    )
    variables = {_variable(name): value for name, value in settings.items()}
    return {
        "image": f"apache/kafka:{version}",
        **guards(Limits(memory="1g", processes=1024), user=1000, writes=_KAFKA_WRITES),
        "restart": "unless-stopped",
        "environment": {**variables, "KAFKA_HEAP_OPTS": " ".join(broker.MEMORY), **secret_variables(*keys)},
        "volumes": ["kafka:/var/lib/kafka/data"],
        "ports": [f"{HOST}:{_AGENCIES_PORT}:{_AGENCIES_PORT}"],
        # Its port opens when it serves. Kafka's own tools would start a Java machine for each look.
        "healthcheck": healthcheck("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9092"),
    }


def _variable(setting: str) -> str:
    """As the image reads a setting of the broker: _ stands for a dot, ___ for a hyphen."""
    return "KAFKA_" + setting.replace("-", "___").replace(".", "_").upper()


def _databases() -> Entry:
    """Each service's database and its users."""
    own = (f"{service}_{role}_password" for service in SERVICES for role in DATABASE_ROLES)
    readers = map(declaration.debezium_key, declaration.publishing())
    environment = secret_variables("postgres_password", *own, *readers)
    environment[declaration.LEAVE_BY] = SITE.events_leave_by
    return _step(
        {**_built("platform"), "command": ["deploy.images.databases"], "environment": environment},
        {"postgres": "service_healthy"},
    )


def _users() -> Entry:
    """The broker's: its image formats the storage without any."""
    secrets = (key for role in bus_roles() for key in (declaration.side_key(role), declaration.password_key(role)))
    environment = secret_variables(declaration.password_key("founder"), *secrets)
    environment["KAFKA_INTERNAL"] = f"kafka:{SITE.port('kafka-internal')}"
    return _step(
        {**_image("platform"), "command": ["deploy.images.users"], "environment": environment},
        {"kafka": "service_healthy"},
    )


def _topics() -> Entry:
    """Those of the two sample districts, and the rights on them."""
    environment = declaration.bus_user(SITE, BUS_ADMIN) | {declaration.LEAVE_BY: SITE.events_leave_by}
    return _step(
        {**_image("platform"), "command": ["deploy.images.topics", *SAMPLE_DISTRICTS], "environment": environment},
        {"users": "service_completed_successfully"},
    )


def _migration(service: Service) -> Entry:
    environment = declaration.service_environment(SITE, service)
    return _step(
        {**_built(service.name), "command": ["migrate"], "environment": environment},
        {"databases": "service_completed_successfully"},
    )


def _doctor() -> Entry:
    """`docker compose run --rm doctor`: it looks at all others from inside, and needs no secret."""
    entry = {**_image("platform"), **guards(_OURS, user=_USER), "command": ["deploy.doctor", "--inside"]}
    return {**entry, "profiles": ["doctor"], "restart": "no"}


def _archive() -> Entry:
    """From the first `make backup` on. It may read PostgreSQL's files, for a restore, and writes to the folder of backups."""
    entry = {**_image("platform"), **guards(_OURS, user=POSTGRES_USER), "command": ["deploy.backups.inside", ARCHIVE]}
    port = SITE.port(ARCHIVE)
    return {
        **entry,
        "profiles": [ARCHIVE],
        "restart": "unless-stopped",
        "init": True,
        "environment": {**secret_variables("postgres_password"), "BIND": SITE.bind, "PORT": str(port)},
        "volumes": [_CLUSTER, f"${{BACKUPS_TO:-./{KEPT_IN.name}/backups}}:{inside.BACKUPS}"],
        "depends_on": waits_for({"postgres": "service_healthy"}),
        "healthcheck": healthcheck("python", "-S", "-c", _probe(port, "/ready")),
    }


def _step(entry: Entry, needs: Mapping[str, str]) -> Entry:
    """Runs once. `--wait` waits for its end because others need it completed."""
    return {**entry, **guards(_OURS, user=_USER), "restart": "no", "depends_on": waits_for(needs)}


def _running(process: Process) -> Entry:
    port = SITE.port(process.name)
    needs = dict.fromkeys(process.needs, "service_healthy")
    if process.image:
        needs |= {f"{process.image}-migrate": "service_completed_successfully"}
    if "kafka" in process.needs:
        needs |= {"topics": "service_completed_successfully"}
    entry = {
        **_image(process.image or "platform"),
        **guards(_OURS, user=_USER, writes=(_METRICS,) if process.image and process.published else ()),
        "command": list(process.arguments) if process.image else [process.module, *process.arguments],
        "restart": "unless-stopped",
        "init": True,
        "stop_grace_period": "25s",
        "environment": process.environment(SITE),
        "healthcheck": healthcheck("python", "-S", "-c", _probe(port, process.ready)),
    }
    if needs:
        entry["depends_on"] = waits_for(needs)
    if process.published:
        entry["ports"] = [f"{HOST}:{port}:{port}"]
    if process.image:
        entry["volumes"] = [f"./{SHARED.relative_to(ROOT)}:{FILES}/{SHARED.name}:ro"]
    if process.keeps_files:
        entry["volumes"] = [f"{process.name}:{FILES}"]
    return entry


def _front_door(process: Process) -> Entry:
    """Caddy's own image, with the configuration that the local platform's is written from too."""
    port = SITE.port(process.name)
    return {
        "image": CADDY,
        **guards(Limits(memory="256m", processes=256), user=_USER),
        "cap_add": ["NET_BIND_SERVICE"],  # its program does not start without, at any port
        "restart": "unless-stopped",
        "environment": {"FRONT_DOOR_SECRET": SITE.secret("front_door_secret")},
        "volumes": [
            f"{process.name}:/data",
            "./deploy/images/Caddyfile:/etc/caddy/Caddyfile:ro",
            f"./deploy/front_door/pages:{_PAGES}:ro",
            f"./docs/runbook.md:{_DOCS}/runbook.md:ro",
        ],
        "ports": [f"{HOST}:{port}:{port}"],
        "depends_on": waits_for(dict.fromkeys(process.needs, "service_healthy")),
        "healthcheck": healthcheck("nc", "-z", HOST, str(port)),
    }


def _watch(process: Process) -> Entry:
    """It sees how full the disks are that the data of the servers are on; their files themselves it may not read."""
    disks = [f"{server}:{FILES}/{server}:ro" for server in PLATFORM]
    return {**_running(process), "volumes": disks}


_DRAWN = {FRONT_DOOR: _front_door, WATCH: _watch}


def _built(name: str) -> Entry:
    """The one process that builds an image; the others use it, and none looks for ours in a public registry."""
    build: Entry = {"context": ".", "dockerfile": "deploy/images/platform.Dockerfile"}
    if name != "platform":
        build = {"context": ".", "dockerfile": "deploy/images/service.Dockerfile", "args": {"SERVICE": name}}
    return {"build": build, **_image(name)}


def _image(name: str) -> Entry:
    return {"image": f"clearwater/{name}:local", "pull_policy": "never"}


def _probe(port: int, path: str) -> str:
    connection = f"http.client.HTTPConnection('{HOST}', {port}, timeout=5)"
    return f"import http.client; c = {connection}; c.request('GET', '{path}'); assert c.getresponse().status == 200"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
