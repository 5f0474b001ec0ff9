"""A Deployment for each process of a service, for a person's commands and for the front door, each with its network policy.

Invariant: what serves is replaced without a gap, a new pod first; a loop is replaced as everywhere else (decision 42): the old one
ends, then the new one starts, since a consumer tells its lag as if it were alone.
Left to others: the pods themselves (pods.py), overlays (tree.py).
"""

from collections.abc import Mapping
from typing import Final

from deploy import declaration
from deploy.declaration import BUS_ADMIN, FRONT_DOOR, OPERATOR, SECOND, SERVICES, WATCH
from deploy.front_door import caddyfile
from deploy.images.compose import CADDY
from deploy.images.secret_files import MOUNTED_IN
from deploy.images.site import FILES
from deploy.kinds import Process, Role, Service
from deploy.kubernetes import network
from deploy.kubernetes.pods import PORT, Container, labels, probe, selector, template
from deploy.kubernetes.site import SITE, Document, Door, Settings, settings
from deploy.local.place import ROOT

LIVE: Final = "/live"
SERVERS: Final = "servers"  # what works for the servers outside, and for no service
# What is applied before all others, in a step of its own: the Jobs, while the processes of the former version still work.
ORDER, BEFORE, AFTER = "clearwater/order", "before", "after"
FRONT_DOOR_FILES: Final = "front-door"
CERTIFICATE: Final = "/run/certificate"
_CONFIGURATION: Final = "/etc/caddy"
_STARTED_WITHIN: Final = 600  # seconds, as in containers
PROCESSES: Final = {process.name: process for process in declaration.processes()}
_TWICE: Final = {process.name.removesuffix(SECOND) for process in declaration.seconds()}


def of_role(service: Service, role: Role) -> list[Document]:
    process, port = PROCESSES[service.process(role)], SITE.port(service.process(role))
    container = Container(
        image=image(service.name),
        arguments=process.arguments,
        settings=read_by(process),
        own_settings=f"{service.name}-settings",
        port=port,
        probes=_probes(process, role),
        writes=(f"{FILES}/metrics",) if role.serves else (),
        drains=role.serves,
    )
    deployment = _deployment(
        process.name,
        labels(service.name, role.name),
        container,
        replicas=2 if process.name in _TWICE else 1,
        gapless=_many(role),
    )
    policy = network.of_role(service.name, role, port)
    chosen = selector(service.name, role.name)
    services = [_service(process.name, chosen, {PORT: port})] if role.serves else []
    return [deployment, *services, *([budget(process.name, chosen)] if _many(role) else []), policy]


def granting() -> list[Document]:
    """Takes the rights of agencies on the bus away when their grants end. Nobody calls it."""
    return _of_platform(BUS_ADMIN, read_by_granting(), network.BROKER)


def watching() -> list[Document]:
    """Looks whether the front door and the issuer answer, and at certificates. Nobody calls it but Prometheus."""
    return _of_platform(
        WATCH, read_by_watching(), network.BROKER, network.ISSUER, network.to_front_door(SITE.port(FRONT_DOOR))
    )


def _of_platform(name: str, read: Settings, *reached: Document) -> list[Document]:
    """A process that works for no service, in our platform's image."""
    process, port = PROCESSES[name], SITE.port(name)
    container = Container(
        image=image("platform"),
        arguments=(process.module, *process.arguments),
        settings=read,
        own_settings=f"{name}-settings",
        port=port,
        probes={
            "readinessProbe": probe(process.ready, PORT, seconds=10, failures=3),
            "livenessProbe": probe("", PORT, seconds=10, failures=6),
        },
    )
    deployment = _deployment(name, labels(SERVERS, name), container, replicas=1, gapless=False)
    return [deployment, network.policy(name, selector(SERVERS, name), ingress=[], egress=list(reached))]


def terminal(service: Service) -> list[Document]:
    """Of no pod, until a person needs one: `kubectl scale --replicas 1`, then `kubectl exec` with a command of the service."""
    container = Container(
        image=image(service.name),
        arguments=(),
        settings=read_at_terminal(service),
        command=("sleep", "infinity"),
        own_settings=f"{service.name}-settings",
    )
    name, chosen = f"{service.name}-{OPERATOR}", labels(service.name, OPERATOR)
    policy = network.policy(
        name, selector(service.name, OPERATOR), ingress=[], egress=[network.DATABASE, network.BROKER]
    )
    return [_deployment(name, chosen, container, replicas=0, gapless=False), policy]


def front_door() -> list[Document]:
    port, chosen = SITE.port(FRONT_DOOR), selector(FRONT_DOOR, FRONT_DOOR)
    check = probe("", PORT, seconds=5, failures=3)
    container = Container(
        image=CADDY,
        arguments=(),
        settings=read_by_front_door(),
        port=port,
        probes={"readinessProbe": check, "livenessProbe": check},
        writes=("/data", "/config"),
        files={
            _CONFIGURATION: {"configMap": {"name": FRONT_DOOR_FILES}},
            CERTIFICATE: {"secret": {"secretName": "front-door-tls", "defaultMode": 0o440}},
        },
        capabilities=("NET_BIND_SERVICE",),  # its program does not start without, at any port
        drains=True,
    )
    serving = [
        (service.name, role.name, SITE.port(service.process(role)))
        for service in SERVICES.values()
        for role in service.roles
        if role.serves
    ]
    return [
        _deployment(FRONT_DOOR, labels(FRONT_DOOR, FRONT_DOOR), container, replicas=2, gapless=True),
        _service(FRONT_DOOR, chosen, {"https": 443, "http": 80}),  # the door leads the second to the first
        budget(FRONT_DOOR, chosen),
        network.of_front_door(port, serving),
    ]


def front_door_files() -> dict[str, str]:
    """What its config map holds."""
    text = caddyfile.text(
        Door(),
        files="/data/caddy",
        pages=_CONFIGURATION,
        docs=_CONFIGURATION,
        secret=f"{{file.{MOUNTED_IN}/FRONT_DOOR_SECRET}}",
        certificate=f"{CERTIFICATE}/tls.crt {CERTIFICATE}/tls.key",
    )
    files = [*sorted(caddyfile.PAGES.iterdir()), ROOT / "docs" / "runbook.md"]
    pages = {file.name: file.read_text(encoding="utf-8") for file in files}
    return {"Caddyfile": text} | pages


def read_by(process: Process) -> Settings:
    return settings(process.name, process.environment(SITE))


def read_by_granting() -> Settings:
    return read_by(PROCESSES[BUS_ADMIN])


def read_by_watching() -> Settings:
    """No process and no disk: the cluster looks at them itself. The Service has the front door at the usual port."""
    own = PROCESSES[WATCH].environment(SITE)
    return settings(WATCH, own | {"PROCESSES": "", "FRONT_DOOR": f"{FRONT_DOOR}:443"})


def read_at_terminal(service: Service) -> Settings:
    """Those of a command: with a user of the broker that may do what no process may. A migration reads the same."""
    return settings(f"{service.name}-{OPERATOR}", declaration.service_environment(SITE, service))


def read_by_front_door() -> Settings:
    return settings(FRONT_DOOR, {"FRONT_HOST": "", "FRONT_DOOR_SECRET": SITE.secret("front_door_secret")})


def image(name: str) -> str:
    return f"clearwater/{name}:local"


def budget(name: str, chosen: dict[str, str]) -> Document:
    """One at a time leaves: with two, one stays; with one only, a machine can still be emptied."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": chosen}, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


def _many(role: Role) -> bool:
    """Two of them may work at once."""
    return role.serves or bool(role.waiting)


def _probes(process: Process, role: Role) -> Document:
    """What serves is ready when it was ready once and lives: it says itself what is wrong when its database is away (decision 42)."""
    return {
        "startupProbe": probe(process.ready if role.serves else LIVE, PORT, seconds=2, failures=_STARTED_WITHIN // 2),
        "readinessProbe": probe(
            LIVE if role.serves else process.ready, PORT, seconds=2 if role.serves else 10, failures=3
        ),
        "livenessProbe": probe(LIVE, PORT, seconds=10, failures=6),
    }


def _deployment(
    name: str, pod_labels: dict[str, str], container: Container, *, replicas: int, gapless: bool
) -> Document:
    chosen = {key: value for key, value in pod_labels.items() if not key.endswith("part-of")}
    pod = template(pod_labels, container)
    pod["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": chosen},
            "matchLabelKeys": ["pod-template-hash"],
            "nodeTaintsPolicy": "Honor",  # a machine that takes no pod of ours counts for nothing
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {**pod_labels, ORDER: AFTER}},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": _STARTED_WITHIN + 60,
            "strategy": rolling if gapless else {"type": "Recreate"},
            "selector": {"matchLabels": chosen},
            "template": pod,
        },
    }


def _service(name: str, chosen: dict[str, str], ports: Mapping[str, int]) -> Document:
    """`ports`: by name, all of the pod's one port."""
    served = [{"name": named, "port": port, "targetPort": PORT} for named, port in ports.items()]
    spec = {"selector": chosen, "ports": served}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": chosen}, "spec": spec}
