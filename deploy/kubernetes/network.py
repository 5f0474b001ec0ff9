"""Who reaches whom: nobody anybody, but for what the declaration says.

    people ─▶ front door ─▶ what serves       every process of a service ─▶ PostgreSQL, spans, and by its role: broker, issuer, outside

Invariant: no process of a service reaches another service, nor another process of its own. What is outside the cluster has no address
here, so a rule names its port alone; an installation that knows the addresses adds them.
"""

from collections.abc import Sequence
from typing import Final

from deploy.declaration import AGENCIES, FRONT_DOOR, MESSAGES
from deploy.kinds import Role
from deploy.kubernetes.pods import PART_OF, selector
from deploy.kubernetes.site import Document

_POSTGRES, _HTTPS = 5432, 443
_KAFKA, _LAST_KAFKA = 9092, 9098  # a broker has its encrypted listener at one of the next ports
_SMTP: Final = (25, 465, 587)
# Agencies are other machines, not ours: the deliverer refuses private addresses too (decision 38).
_PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE_6: Final = ("::1/128", "fc00::/7", "fe80::/10")
_OUTSIDE: Final[dict[str, list[Document]]] = {
    MESSAGES: [{"ports": [{"protocol": "TCP", "port": port} for port in (*_SMTP, _HTTPS)]}],
    AGENCIES: [
        {
            "to": [
                {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_PRIVATE)}},
                {"ipBlock": {"cidr": "::/0", "except": list(_PRIVATE_6)}},
            ],
            "ports": [{"protocol": "TCP", "port": _HTTPS}],
        }
    ],
}
DATABASE: Final[Document] = {"ports": [{"protocol": "TCP", "port": _POSTGRES}]}
BROKER: Final[Document] = {"ports": [{"protocol": "TCP", "port": _KAFKA, "endPort": _LAST_KAFKA}]}
ISSUER: Final[Document] = {"ports": [{"protocol": "TCP", "port": _HTTPS}]}
# Of a provider in the same cluster: Keycloak's and Dex's own ports. A policy is compared with the port of the pod, not with its Service's.
_LOGIN: Final = "login"
_OF_LOGIN: Final = (8443, 8080, 5556)
SPANS: Final[Document] = {"ports": [{"protocol": "TCP", "port": 4318}]}  # OTLP over HTTP, where a collector is named


def of_all() -> list[Document]:
    """Nothing is allowed, but to ask for an address by name."""
    names = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    resolvers: list[Document] = [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        },
        {"ipBlock": {"cidr": "169.254.20.10/32"}},  # the resolver of a machine, where a cluster has one
    ]
    return [
        policy("nobody-reaches-anybody", {}, ingress=[], egress=[]),
        policy("everybody-asks-for-names", {}, egress=[{"to": resolvers, "ports": names}]),
    ]


def of_role(service: str, role: Role, port: int) -> Document:
    egress = [DATABASE, *([BROKER] if role.bus else []), *([ISSUER] if role.serves else []), SPANS]
    egress += [rule for place in role.calls for rule in _OUTSIDE[place]]
    ingress = [_from_pods(selector(FRONT_DOOR, FRONT_DOOR), port)] if role.serves else []
    chosen = selector(service, role.name)
    return policy(f"{service}-{role.name}", chosen, ingress=ingress, egress=egress)


def to_issuer_inside(asking: Sequence[tuple[str, str]]) -> list[Document]:
    """`asking`: name and component of each pod that asks the issuer, which stands in the namespace `login` unless the installation says
    another one.
    """
    provider = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": _LOGIN}}}
    rule = {"to": [provider], "ports": [_tcp(port) for port in _OF_LOGIN]}
    return [
        policy(f"{name}-{component}-to-issuer", selector(name, component), egress=[rule]) for name, component in asking
    ]


def of_front_door(port: int, serving: Sequence[tuple[str, str, int]]) -> Document:
    """`serving`: service, role and port of everything that serves."""
    egress: list[Document] = [
        {"to": [{"podSelector": {"matchLabels": selector(service, role)}}], "ports": [_tcp(to)]}
        for service, role, to in serving
    ]
    return policy(FRONT_DOOR, selector(FRONT_DOOR, FRONT_DOOR), ingress=[{"ports": [_tcp(port)]}], egress=egress)


def to_front_door(port: int) -> Document:
    return {"to": [{"podSelector": {"matchLabels": selector(FRONT_DOOR, FRONT_DOOR)}}], "ports": [_tcp(port)]}


def of_scraper(port: str) -> Document:
    """Prometheus stands in the namespace `monitoring`, unless the installation says another one."""
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    chosen = {"app.kubernetes.io/part-of": PART_OF}
    return policy(
        "prometheus-reads-metrics", chosen, ingress=[{"from": [scraper], "ports": [{"protocol": "TCP", "port": port}]}]
    )


def policy(
    name: str,
    chosen: dict[str, str],
    *,
    ingress: list[Document] | None = None,
    egress: list[Document] | None = None,
) -> Document:
    """None leaves a direction to the other policies; an empty list allows nothing. Kubernetes keeps that as the direction alone, and takes
    an empty list for a change at each `kubectl apply`.
    """
    directions = {"Ingress": ingress, "Egress": egress}
    spec: Document = {
        "podSelector": {"matchLabels": chosen} if chosen else {},
        "policyTypes": [direction for direction, rules in directions.items() if rules is not None],
    }
    spec |= {direction.lower(): rules for direction, rules in directions.items() if rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def _from_pods(chosen: dict[str, str], port: int) -> Document:
    return {"from": [{"podSelector": {"matchLabels": chosen}}], "ports": [_tcp(port)]}


def _tcp(port: int) -> Document:
    return {"protocol": "TCP", "port": port}
