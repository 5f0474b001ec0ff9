"""What messaging needs of a broker. kafka.py is the real one; memory.py answers the same tests for unit tests."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

# No answer for so long is an outage: also while nothing happens, a broker answers every few seconds.
SILENT_SECONDS: Final = 8.0


class Message(NamedTuple):
    """One event on its way. `sequence` counts the events of one key in one topic: 1, 2, 3 … without a gap.

    `headers` holds what only the emitter knows (time, epoch and the traces, events/envelope.py); `partition` and `offset` say where
    the broker keeps it, -1 = nowhere yet. A `payload` of None is a tombstone.
    """

    event_id: UUID
    topic: str
    key: str
    sequence: int
    type: str
    payload: bytes | None
    headers: Mapping[str, str]
    partition: int = -1
    offset: int = -1

    @property
    def epoch(self) -> int:
        return int(self.headers["epoch"])


class Unreadable(NamedTuple):
    """A record that is no event, kept as it came. `reason` is a stable code."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None
    reason: str


class Refusal(NamedTuple):
    """The broker refuses this message: `reason` is too-large, unknown-topic, not-authorised or unwritable."""

    message: Message
    reason: str


class Unavailable(Exception):  # noqa: N818 - names the state found
    """The broker cannot be reached, or did not answer in time. It passes by itself."""


class Forbidden(Exception):  # noqa: N818 - names the state found
    """The broker knows this client and refuses what its role needs. Does not pass by itself: a person has to give the right."""


class Producer(Protocol):
    def publish(self, messages: Sequence[Message]) -> Sequence[Refusal]:
        """Returns once all in-sync replicas have acknowledged every message but the refused ones.

        Nothing of a key is sent on purpose after its first refused message. Raises Unavailable, with any part of them sent.
        """

    def ask(self) -> None:
        """Raises Unavailable when the broker has not answered for some seconds. Costs nothing while it does."""

    def close(self) -> None: ...


class Subscription(Protocol):
    @property
    def pattern(self) -> str:
        """Which topics are wanted, as a regular expression."""

    def answered(self) -> bool:
        """Whether the group has assigned partitions to this member, or none for now; false before it has joined."""

    def seen(self) -> frozenset[str]:
        """The wanted topics that exist and may be read, as known at the last poll."""

    def poll(self, wait_seconds: float) -> Sequence[Message | Unreadable]:
        """The records that arrived, in order within each key; empty when none did. Raises Unavailable."""

    def commit(self) -> None:
        """Commits what was polled. If this call is lost, messages only come again."""

    def lag(self) -> Mapping[str, int]:
        """For each topic of this subscription: how many records have not been polled. Empty while the broker does not answer."""

    def known_at(self) -> float | None:
        """Up to when `lag` knows of all that this member reads: an answer of the broker, by time.monotonic(). None before the first."""

    def silent_seconds(self) -> float:
        """For how long the broker has not answered at all. From any thread."""

    def close(self) -> None: ...


class Reader(Protocol):
    """Reads topics without a group and without leaving a trace; for counting."""

    def read(self, pattern: str, *, since: datetime) -> Iterator[Message | Unreadable]:
        """The records up to now: the first call begins at `since`, each later one where the last one stopped. Raises Unavailable."""
