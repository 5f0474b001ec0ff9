"""The topics of a district and the rights on them: made from the contract's kinds, the same on every machine.

Invariant: a second run changes nothing. Kinds of one unit share one partition count (shared/events/topics.py), so that a unit's
story lies in the same partition of each.
"""

import re
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from deploy.declaration import publishing
from deploy.local import access, admin
from deploy.local.place import CannotStart
from shared.events import topics
from shared.messaging.credentials import Connection

_DAY_MS = 24 * 3600 * 1000
# Read models are rebuilt from offset 0, so a topic keeps everything unless it is declared compacted.
_KEEPS_ALL = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
# A key that was deleted has left the log after at most max.compaction.lag + delete.retention: two days. EVENTS.md states that window.
_COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": str(_DAY_MS // 4),
    "max.compaction.lag.ms": str(_DAY_MS),
    "delete.retention.ms": str(_DAY_MS),
    "min.cleanable.dirty.ratio": "0.1",
}
_HEARTBEATS = {"cleanup.policy": "delete", "retention.ms": str(_DAY_MS // 24)}


def create(connection: Connection, district: str) -> list[str]:
    """Makes what is missing and returns its names. Raises CannotStart when the broker does not answer.

    First the rights, then the topics: there is no moment in which a reader sees a topic that it may not read.
    """
    wanted = planned(district)
    client = admin.client(connection)
    try:
        admin.give(client, access.of_district(district))
        missing = {name: wanted[name] for name in sorted(set(wanted) - set(client.list_topics()))}
        if missing:
            client.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # somebody else has just made it, from the same plan
        return create(connection, district)
    finally:
        client.close()
    return sorted(missing)


def create_heartbeats(connection: Connection) -> None:
    """A topic for the heartbeats of each of Debezium's connectors. Raises CannotStart."""
    wanted = {
        access.heartbeats(service): {"num_partitions": 1, "replication_factor": 1, "configs": _HEARTBEATS}
        for service in publishing()
    }
    with closing(admin.client(connection)) as client:
        if missing := {name: wanted[name] for name in sorted(set(wanted) - set(client.list_topics()))}:
            client.create_topics(missing, wait_for_metadata=True)


def remove(connection: Connection, *, keep: Collection[str]) -> list[str]:
    """Removes the topics of all districts but those kept, and returns their names: a test's system starts among no other test's events."""
    with closing(admin.client(connection)) as client:
        if unwanted := [name for name in _ours(client) if topics.district(name) not in keep]:
            client.delete_topics(unwanted)
            admin.take_topics(client, unwanted)
    return unwanted


def keep_rights(connection: Connection) -> None:
    """On all topics that there are, exactly what this version declares: a broker of a former version may have none of it."""
    with closing(admin.client(connection)) as client:
        admin.keep_rights(client, sorted({topics.district(name) for name in _ours(client)}))


def planned(district: str) -> dict[str, Mapping[str, Any]]:
    """What kafka-python wants to know of each topic, by name."""
    if not is_district(district):
        raise CannotStart(f"{district} is no district: it takes the six digits of GB/T 2260, such as 440303.")
    return {
        topics.name(district, kind): {
            "num_partitions": declared.partitions,
            "replication_factor": 1,
            "configs": _COMPACTED if declared.compacted else _KEEPS_ALL,
        }
        for kind, declared in topics.KINDS.items()
    }


def _ours(client: KafkaAdminClient) -> list[str]:
    return [name for name in sorted(client.list_topics()) if re.fullmatch(topics.pattern(), name)]


def is_district(code: str) -> bool:
    """Whether it has the form of a division's code: six digits (GB/T 2260)."""
    return code.isascii() and code.isdigit() and len(code) == 6  # noqa: PLR2004 - GB/T 2260
