"""Which pod may reach which, by the network policies of a cluster: as Kubernetes decides it, for what ours use."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]


def reaches(policies: Sequence[Document], source: Mapping[str, str], target: Mapping[str, str], port: int) -> bool:
    """Both sides must allow it. Labels stand for the pods; they are in one namespace."""
    return leaves(policies, source, target, port) and _allowed(policies, "Ingress", target, source, port)


def leaves(
    policies: Sequence[Document], source: Mapping[str, str], target: Mapping[str, str] | None, port: int
) -> bool:
    """`target`: the labels of a pod, or those of another namespace for a pod in it; None: a server outside, at any address."""
    return _allowed(policies, "Egress", source, target, port)


def _allowed(
    policies: Sequence[Document], direction: str, pod: Mapping[str, str], peer: Mapping[str, str] | None, port: int
) -> bool:
    chosen = [
        policy["spec"]
        for policy in policies
        if _matches(policy["spec"]["podSelector"], pod) and direction in policy["spec"]["policyTypes"]
    ]
    key, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    rules = [rule for spec in chosen for rule in spec.get(key) or ()]
    return not chosen or any(_of_port(rule, port) and _of_peer(rule.get(peers), peer) for rule in rules)


def _matches(selector: Document, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, "this reader knows no other selector"
    return dict(selector.get("matchLabels", {})).items() <= dict(labels).items()


def _of_port(rule: Document, port: int) -> bool:
    ports = rule.get("ports")
    return ports is None or any(
        item["protocol"] == "TCP"
        and isinstance(item["port"], int)
        and item["port"] <= port <= item.get("endPort", item["port"])
        for item in ports
    )


def _of_peer(peers: Sequence[Document] | None, peer: Mapping[str, str] | None) -> bool:
    """A block of addresses is meant for what is outside: it leaves out the private ones, which pods have."""
    if peers is None:
        return True
    if peer is None:
        return any(item.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" for item in peers)
    return any(
        _matches(item["namespaceSelector"], peer) and "podSelector" not in item
        if "namespaceSelector" in item
        else "podSelector" in item and _matches(item["podSelector"], peer)
        for item in peers
    )
