"""How pods are watched and how many there are: for Prometheus' operator, KEDA and Kubernetes' own autoscaler.

Invariant: targets have the labels `job`, `service` and `role` that alerts and dashboards select by; the rules are our file, unchanged.
Only what may work side by side is scaled: APIs by their processor, and a role that declares what waits for it (Role.waiting). A consumer is
not: each of two would tell its own lag as that of both. A second relay would stand by (decision 2).
"""

from typing import Final

import yaml

from deploy import declaration
from deploy.declaration import BUS_ADMIN, SECOND, SERVICES, WATCH
from deploy.kinds import Role, Service
from deploy.kubernetes.pods import PART_OF, PORT
from deploy.kubernetes.site import Document
from deploy.kubernetes.workloads import AFTER, ORDER, SERVERS
from deploy.prometheus import scraping

_PROMETHEUS: Final = "http://prometheus-operated.monitoring:9090"
_LEAST_APIS, _MOST_APIS, _MOST_LOOPS = 2, 4, 3
# Of one processor: a Python process uses no more than one, and answers late before it uses all of it.
_BUSY: Final = "700m"
_WAITING_FOR_EACH: Final = 500
_POD: Final = "__meta_kubernetes_pod_label_app_kubernetes_io_"


def monitor() -> Document:
    labelled = [
        {"action": "replace", "sourceLabels": [f"{_POD}{source}"], "targetLabel": target}
        for source, target in (("name", "service"), ("component", "role"))
    ]
    of_platform = {
        "action": "replace",
        "sourceLabels": ["service"],
        "regex": SERVERS,
        "targetLabel": "service",
        "replacement": scraping.PLATFORM,
    }
    of_services = {"key": "app.kubernetes.io/name", "operator": "In", "values": [*SERVICES, SERVERS]}
    of_roles = {
        "key": "app.kubernetes.io/component",
        "operator": "In",
        "values": sorted({*_role_names(), BUS_ADMIN, WATCH}),
    }
    endpoint = {
        "port": PORT,
        "path": "/metrics",
        "interval": f"{scraping.SECONDS}s",
        "relabelings": [{"action": "replace", "targetLabel": "job", "replacement": PART_OF}, *labelled, of_platform],
    }
    spec = {"selector": {"matchExpressions": [of_services, of_roles]}, "podMetricsEndpoints": [endpoint]}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": PART_OF}, "spec": spec}


def rules() -> Document:
    spec = yaml.safe_load(scraping.ALERTS.read_text(encoding="utf-8"))
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": PART_OF},
        "spec": spec,
    }


def scalers() -> list[Document]:
    apis = [_by_processor(process.name.removesuffix(SECOND)) for process in declaration.seconds()]
    return [
        *apis,
        *(_by_waiting(service, role) for service in SERVICES.values() for role in service.roles if role.waiting),
    ]


def scaled() -> list[str]:
    """The Deployments whose number of pods somebody else decides."""
    return [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers()]


def _role_names() -> set[str]:
    return {role.name for service in SERVICES.values() for role in service.roles}


def _by_processor(name: str) -> Document:
    used = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": _BUSY}}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "labels": {ORDER: AFTER}},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": _LEAST_APIS,
            "maxReplicas": _MOST_APIS,
            "metrics": [used],
        },
    }


def _by_waiting(service: Service, role: Role) -> Document:
    name = service.process(role)
    server = {"serverAddress": _PROMETHEUS, "threshold": str(_WAITING_FOR_EACH)}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name, "labels": {ORDER: AFTER}},
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": 1,
            "maxReplicaCount": _MOST_LOOPS,
            "cooldownPeriod": 300,
            "triggers": [{"type": "prometheus", "metadata": server | {"query": query}} for query in role.waiting],
        },
    }
