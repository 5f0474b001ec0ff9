"""The pods: one container each, with what it reads, what it may write, and who it is.

Invariant: no pod is root, gains rights, writes to its image, or holds a token of the cluster; each has a limit of memory and is asked
whether it lives. Left to others: how many there are (workloads.py), who reaches them (network.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.images.secret_files import MOUNTED_IN
from deploy.kubernetes.site import AUTHORITIES, AUTHORITIES_IN, SECRET, Document, Settings

USER: Final = 10_001  # clearwater in our images
PART_OF: Final = "clearwater"
PORT: Final = "http"
_READ_BY_GROUP: Final = 0o440
# Far above what is measured (docs/operations.md): it ends a process that runs away before it ends its neighbours.
_MEMORY_LIMIT: Final = "768Mi"
_MEMORY, _CPU = "128Mi", "50m"
# In memory, since what people upload has persons in it. A body of 64 MB lies there twice while it is read; a few at once must fit.
_TEMPORARY: Final = "/tmp"  # noqa: S108 - the pod's own
_LARGEST_FILES, _SMALL_FILES = "512Mi", "64Mi"
# A pod whose machine has gone is started elsewhere after these seconds, not after the cluster's five minutes.
_MACHINE_GONE: Final = 30
# What a program of ours has to end; before it, a serving one waits until nobody sends it anything more.
_STOP, _DRAIN = 25, 5


@dataclass(frozen=True, kw_only=True)
class Container:
    """`command`: in the place of the image's own. `writes`: folders in memory beside /tmp. `files`: mounts, and what is there.
    `probes`: as Kubernetes asks it. `drains`: it serves until nobody sends it anything more.
    """

    image: str
    arguments: Sequence[str]
    settings: Settings
    command: Sequence[str] = ()
    own_settings: str = ""
    port: int = 0
    probes: Document | None = None
    writes: Sequence[str] = ()
    files: Mapping[str, Document] | None = None
    capabilities: Sequence[str] = ()
    drains: bool = False


def labels(name: str, component: str) -> dict[str, str]:
    return {**selector(name, component), "app.kubernetes.io/part-of": PART_OF}


def selector(name: str, component: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}


def probe(path: str, port: int | str, *, seconds: int, failures: int) -> Document:
    """An empty path: the open port is the answer."""
    check = {"httpGet": {"path": path, "port": port}} if path else {"tcpSocket": {"port": port}}
    return {**check, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures}


def template(pod_labels: Mapping[str, str], container: Container) -> Document:
    folders = {_TEMPORARY: _LARGEST_FILES, **dict.fromkeys(container.writes, _SMALL_FILES)}
    names = {path: path.rpartition("/")[2] for path in folders}
    volumes: list[Document] = [
        {"name": names[path], "emptyDir": {"medium": "Memory", "sizeLimit": size}} for path, size in folders.items()
    ]
    mounts: list[Document] = [{"name": name, "mountPath": path} for path, name in names.items()]
    for path, source in _files(container).items():
        name = path.strip("/").replace("/", "-").lower()
        volumes.append({"name": name, **source})
        mounts.append({"name": name, "mountPath": path, "readOnly": True})
    return {
        "metadata": {"labels": dict(pod_labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # a process reads its variables, not those of other Services
            "terminationGracePeriodSeconds": _STOP + (_DRAIN if container.drains else 0),
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(pod_labels["app.kubernetes.io/component"], container, mounts)],
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{gone}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _MACHINE_GONE,
                }
                for gone in ("not-ready", "unreachable")
            ],
            "volumes": volumes,
        },
    }


def _container(name: str, container: Container, mounts: list[Document]) -> Document:
    added = {"add": list(container.capabilities)} if container.capabilities else {}
    more = [container.own_settings] if container.own_settings else []
    whole: Document = {
        "name": name,
        "image": container.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(container.command),
        "args": list(container.arguments),
        "env": container.settings.variables,
        "envFrom": [{"configMapRef": {"name": settings, "optional": True}} for settings in more],
        "ports": [{"name": PORT, "containerPort": container.port}] if container.port else [],
        "resources": {"requests": {"cpu": _CPU, "memory": _MEMORY}, "limits": {"memory": _MEMORY_LIMIT}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], **added},
        },
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(_DRAIN)]}}} if container.drains else {},
        **(container.probes or {}),
        "volumeMounts": mounts,
    }
    return {key: value for key, value in whole.items() if value}


def _files(container: Container) -> dict[str, Document]:
    """Secrets as files: those of our own, and what else the installation gives its service (SMTP_PASSWORD, SMS_TOKEN …)."""
    found: dict[str, Document] = dict(container.files or {})
    if container.settings.secrets:
        items = [{"key": source, "path": target} for target, source in container.settings.secrets.items()]
        sources: list[Document] = [{"secret": {"name": SECRET, "items": items}}]
        if container.own_settings:
            sources.append({"secret": {"name": container.own_settings, "optional": True}})
        found[MOUNTED_IN] = {"projected": {"sources": sources, "defaultMode": _READ_BY_GROUP}}
    if container.own_settings:
        found[AUTHORITIES_IN] = {"configMap": {"name": AUTHORITIES, "optional": True}}
    return found
