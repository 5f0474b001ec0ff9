"""Every file below deploy/kubernetes that is written: a base, components and two overlays for kustomize.

    base         a file for each process, each migration, the front door; nothing here asks for an operator or a cloud
    components   monitoring, autoscaling, Jobs that make databases and topics, the way to an issuer in the same cluster: an overlay or an
                 installation takes those that it needs
    overlays     small: one machine; city: several machines and zones, with operators

Invariant: the files follow from the declaration alone; what an installation decides is in its own kustomization over an overlay.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from deploy.declaration import BUS_ADMIN, FRONT_DOOR, OPERATOR, SERVICES, WATCH
from deploy.images.parts import as_yaml
from deploy.kubernetes import network, steps, watching, workloads
from deploy.kubernetes.pods import PART_OF, PORT
from deploy.kubernetes.site import INSTALLATION, Document, Settings, installation_values

_HEAD: Final = "# Written by `python -m deploy.kubernetes` from deploy/declaration.py: change that, not this.\n"
_NAMESPACE: Final = PART_OF
_RESTRICTED: Final = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


def files() -> dict[str, str]:
    """By path below deploy/kubernetes."""
    return {
        **_folder("base", _base(), _base_kustomization()),
        **{f"base/front-door/{name}": text for name, text in workloads.front_door_files().items()},
        **_folder("components/monitoring", _monitoring(), {}),
        **_folder("components/autoscaling", {"scalers": watching.scalers()}, {"patches": _left_to_scalers()}),
        **_folder("components/databases", {"databases": steps.databases()}, {}),
        **_folder("components/topics", {"topics": steps.topics(), BUS_ADMIN: workloads.granting()}, {}),
        **_folder("components/issuer-inside", {"network": network.to_issuer_inside(_asking_issuer())}, {}),
        "overlays/small/kustomization.yaml": _HEAD + as_yaml(_small()),
        "overlays/city/kustomization.yaml": _HEAD + as_yaml(_city()),
    }


def all_settings() -> list[Settings]:
    """What every container reads."""
    roles = [workloads.read_by(process) for process in workloads.PROCESSES.values() if process.image]
    commands = [workloads.read_at_terminal(service) for service in SERVICES.values()]
    return [
        *roles,
        *commands,
        steps.read_by_databases(),
        steps.read_by_topics(),
        workloads.read_by_granting(),
        workloads.read_by_watching(),
        workloads.read_by_front_door(),
    ]


def _base() -> dict[str, list[Document]]:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE, "labels": _RESTRICTED}}
    return {
        "namespace": [namespace],
        "network": network.of_all(),
        "postgres": [_postgres()],
        FRONT_DOOR: workloads.front_door(),
        **{
            service.process(role): workloads.of_role(service, role)
            for service in SERVICES.values()
            for role in service.roles
        },
        **{f"{service.name}-{OPERATOR}": workloads.terminal(service) for service in SERVICES.values()},
        **{f"{service.name}-{steps.MIGRATE}": steps.migration(service) for service in SERVICES.values()},
    }


def _postgres() -> Document:
    """The name by which every process knows the server. An installation says where it is."""
    spec = {"type": "ExternalName", "externalName": "postgres.example"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "postgres"}, "spec": spec}


def _base_kustomization() -> Document:
    values = installation_values(all_settings())
    front_door = [f"front-door/{name}" for name in workloads.front_door_files()]
    return {
        "configMapGenerator": [
            {"name": INSTALLATION, "literals": [f"{key}={value}" for key, value in sorted(values.items())]},
            {"name": workloads.FRONT_DOOR_FILES, "files": front_door},
        ]
    }


def _monitoring() -> dict[str, list[Document]]:
    return {
        "pods": [watching.monitor()],
        "rules": [watching.rules()],
        "network": [network.of_scraper(PORT)],
        WATCH: workloads.watching(),
    }


def _asking_issuer() -> list[tuple[str, str]]:
    serving = [(service.name, role.name) for service in SERVICES.values() for role in service.roles if role.serves]
    return [*serving, (workloads.SERVERS, WATCH)]


def _left_to_scalers() -> list[Document]:
    removed = as_yaml([{"op": "remove", "path": "/spec/replicas"}])
    return [{"target": {"kind": "Deployment", "name": name}, "patch": removed} for name in watching.scaled()]


def _small() -> Document:
    """One machine, no operator: a port of the machine leads to the front door."""
    return {
        **_kind("Kustomization"),
        "namespace": _NAMESPACE,
        "resources": ["../../base"],
        "components": ["../../components/databases", "../../components/topics"],
        "replicas": [{"name": FRONT_DOOR, "count": 1}],
        "patches": [_outside({"type": "NodePort"})],
    }


def _city() -> Document:
    """Several machines in several zones: the pods of one process are spread evenly over machines, or wait for one."""
    apart = as_yaml(
        [
            {
                "op": "replace",
                "path": "/spec/template/spec/topologySpreadConstraints/0/whenUnsatisfiable",
                "value": "DoNotSchedule",
            }
        ]
    )
    streams = [service.process(role) for service in SERVICES.values() for role in service.roles if role.paths]
    return {
        **_kind("Kustomization"),
        "namespace": _NAMESPACE,
        "resources": ["../../base"],
        "components": [f"../../components/{name}" for name in ("topics", "monitoring", "autoscaling")],
        "replicas": [{"name": FRONT_DOOR, "count": 3}, *({"name": name, "count": 2} for name in streams)],
        "patches": [
            {"target": {"kind": "Deployment"}, "patch": apart},
            # The front door sees who asks, and no machine passes a request on.
            _outside({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}),
        ],
    }


def _outside(spec: Mapping[str, str]) -> Document:
    patch = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": FRONT_DOOR}, "spec": dict(spec)}
    return {"patch": as_yaml(patch)}


def _folder(folder: str, documents: Mapping[str, Sequence[Document]], more: Document) -> dict[str, str]:
    own = _kind("Component" if folder.startswith("components/") else "Kustomization")
    kustomization = {**own, "namespace": _NAMESPACE, "resources": [f"{name}.yaml" for name in documents], **more}
    written = {f"{folder}/{name}.yaml": _HEAD + as_yaml(*found) for name, found in documents.items()}
    return {f"{folder}/kustomization.yaml": _HEAD + as_yaml(kustomization), **written}


def _kind(kind: str) -> Document:
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    return {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind}
