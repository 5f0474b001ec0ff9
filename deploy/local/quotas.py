"""How much of the broker the user of an agency may take. Kafka slows down who takes more; it refuses and loses nothing.

kafka-python has the requests of Kafka's protocol, but no call of its admin client for them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

LIMITS: Final[Mapping[str, float]] = {
    "consumer_byte_rate": 5_000_000.0,  # a second, from each broker: a million events of a district in a few minutes
    "request_percentage": 50.0,  # of one thread of the broker
}
_USER, _ANY_NAMED = "user", 2


def of_users(admin: KafkaAdminClient) -> dict[str, dict[str, float]]:
    request = DescribeClientQuotasRequest(components=[(_USER, _ANY_NAMED, None)], strict=True)
    entries = _sent(admin, request).entries or ()
    return {entry.entity[0].entity_name: {value.key: value.value for value in entry.values} for entry in entries}


def change(admin: KafkaAdminClient, *, limited: Iterable[str], freed: Iterable[str]) -> tuple[list[str], int]:
    """Gives each of the first our limits and takes them from the others. The users that differed, and the broker's error, or 0."""
    found = of_users(admin)
    giving = sorted(user for user in limited if found.get(user) != LIMITS)
    taking = sorted(found.keys() & set(freed))
    entries = [
        *(([(_USER, user)], [(key, value, False) for key, value in LIMITS.items()]) for user in giving),
        *(([(_USER, user)], [(key, 0.0, True) for key in found[user]]) for user in taking),
    ]
    if not entries:
        return [], 0
    answer = _sent(admin, AlterClientQuotasRequest(entries=entries, validate_only=False))
    return [*giving, *taking], next((entry.error_code for entry in answer.entries if entry.error_code), 0)


def _sent(admin: KafkaAdminClient, request: object) -> Any:  # noqa: ANN401 - kafka-python's own answer
    manager = admin._manager  # noqa: SLF001 - the client's own calls go this way
    return manager.run(manager.send, request)
