"""The topics of a district: made from the contract's kinds, the same on every machine.

Stays true: asked again, it changes nothing. Kinds of one unit share one partition count (shared/events/topics.py), so that a unit's
story lies in the same partition of each.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from deploy.local.place import CannotStart

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


def create(bootstrap: str, district: str) -> list[str]:
    """Makes what is missing and returns its names. Raises CannotStart when the broker does not answer."""
    wanted = planned(district)
    admin = _administer(bootstrap)
    try:
        missing = {name: wanted[name] for name in sorted(set(wanted) - set(admin.list_topics()))}
        if missing:
            admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:  # somebody else has just made it, from the same plan
        return create(bootstrap, district)
    finally:
        admin.close()
    return sorted(missing)


def remove(bootstrap: str, *, keep: Collection[str]) -> list[str]:
    """Removes the topics of all districts but those kept, and returns their names: a test's system starts among no other test's events."""
    from shared.events import topics  # noqa: PLC0415 - as in planned()

    admin = _administer(bootstrap)
    try:
        found = [name for name in sorted(admin.list_topics()) if re.fullmatch(topics.pattern(*topics.KINDS), name)]
        if unwanted := [name for name in found if topics.district(name) not in keep]:
            admin.delete_topics(unwanted)
    finally:
        admin.close()
    return unwanted


def planned(district: str) -> dict[str, Mapping[str, Any]]:
    """What kafka-python wants to know of each topic, by name."""
    from shared.events import topics  # noqa: PLC0415 - the platform starts databases for tests of a kit without a contract

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


def _administer(bootstrap: str) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise CannotStart(
            f"Kafka does not answer at {bootstrap} ({type(error).__name__}): run `make up` first."
        ) from error


def is_district(code: str) -> bool:
    """Whether it has the form of a division's code: six digits (GB/T 2260)."""
    return code.isascii() and code.isdigit() and len(code) == 6  # noqa: PLR2004 - GB/T 2260
