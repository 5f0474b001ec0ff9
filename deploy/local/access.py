"""Who may do what on the bus: the users of the broker and their ACLs, derived from two declarations: who there is
(deploy/declaration.py) and who owns and reads a topic (shared/events/topics.py).

Invariant: a topic is written by its owner's relay alone and read by its declared readers and its owner; nobody else may do either.
A role has two users, `<role>-a` and `<role>-b`, with the same rights, so that a credential is replaced while the other works.
Left to others: carrying it out (admin.py), the passwords (keys.py).
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from deploy.declaration import BUS_ADMIN, BUS_STATIC, OPERATOR, bus_roles
from shared.events import topics

Operation = Literal["READ", "WRITE", "DESCRIBE", "DELETE", "IDEMPOTENT_WRITE"]
Resource = Literal["TOPIC", "GROUP", "CLUSTER"]

SIDES = ("a", "b")
_CLUSTER = "kafka-cluster"  # Kafka's own name for it
_ALL_TOPICS = "clearwater."
HEARTBEATS = "debezium-heartbeat"


class Grant(NamedTuple):
    role: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False


def users(role: str) -> tuple[str, ...]:
    return tuple(f"{role}-{side}" for side in SIDES)


def other(side: str) -> str:
    return next(candidate for candidate in SIDES if candidate != side)


def super_users() -> tuple[str, ...]:
    """Users without limits: who makes topics and ACLs could take any right, so it has all of them."""
    return (*users(BUS_ADMIN), *BUS_STATIC)


def everywhere() -> Iterator[Grant]:
    """The rights that hold in every district. A role sees which topics exist, so that a missing right is not taken for a missing topic."""
    for role in bus_roles()[1:]:
        service, _, kind = role.rpartition("-")
        yield Grant(role, "DESCRIBE", "TOPIC", _ALL_TOPICS, prefixed=True)
        if kind == "relay":
            yield Grant(role, "IDEMPOTENT_WRITE", "CLUSTER", _CLUSTER)
            yield Grant(role, "WRITE", "TOPIC", heartbeats(service))
        if kind == "consumer":
            yield Grant(role, "READ", "GROUP", service)
        if kind == OPERATOR:
            yield Grant(role, "DELETE", "GROUP", service)  # new-epoch
            yield Grant(role, "READ", "GROUP", f"{service}-rebuild-", prefixed=True)


def heartbeats(service: str) -> str:
    """The topic in which Debezium notes that it lives; there where events leave by it (decision 50)."""
    return f"{HEARTBEATS}.clearwater-{service}"


def of_district(district: str) -> Iterator[Grant]:
    """The rights on the topics of one district, topic by topic: no prefix of their names tells who may read."""
    for kind in topics.KINDS.values():
        name = topics.name(district, kind.kind)
        yield Grant(f"{kind.owner}-relay", "WRITE", "TOPIC", name)
        for role in _reading(kind):
            yield Grant(role, "READ", "TOPIC", name)


def of_agency(user: str, names: Iterable[str]) -> Iterator[Grant]:
    """The rights of another agency's user: to read these topics, in consumer groups whose names begin with its own."""
    yield Grant(user, "READ", "GROUP", f"{user}.", prefixed=True)
    for name in names:
        yield Grant(user, "READ", "TOPIC", name)


def _reading(kind: topics.Kind) -> Iterator[str]:
    """A relay and an operator count what their service has written and read (reconciler.py)."""
    known = set(bus_roles())
    for service in (kind.owner, *kind.readers):
        counting = (f"{service}-relay", f"{service}-{OPERATOR}")
        reading = (*counting, f"{service}-consumer") if service in kind.readers else counting
        yield from (role for role in reading if role in known)
