"""A feed and a snapshot of one district, for a subscriber that has no Clearwater: the exchange log is a list in memory.

Invariant: cursors, documents, the filter's name, spans and the snapshot's lines are written by the product's own functions
(services/reporting/api), so an answer looks here as it does there. Left to others: which answer comes next (scenes.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from deploy.sandbox import story
from deploy.sandbox.story import DISTRICT, UNKNOWN, Held
from services.reporting.api import cursors, log_reader, snapshots
from services.reporting.queries import unit_states
from services.reporting.queries.exchange import Entry, Place
from shared.events import structured
from shared.events.registry import KeyDeleted
from shared.events.signing import AgreementSigned, CaseOpened
from shared.messaging.ports import Message

_MOST: Final = 3  # events of an answer, so that a short story has several parts
_FACTS: Final = ("rights", "agreement", "signing")
_FIRST_TYPES: Final = frozenset(event.declared.type for fact in _FACTS for event in unit_states.CHANGED_BY[fact]) | {
    UNKNOWN,
    KeyDeleted.declared.type,
}
LATER_TYPE: Final = CaseOpened.declared.type  # granted later; until then it is what the filter leaves out


@dataclass(frozen=True)
class FeedRequest:
    """A request of the subscriber. `at`: of a clock that only goes on."""

    path: Literal["feed", "snapshot"]
    cursor: str
    types: frozenset[str]
    limit: int
    wait: int
    at: float

    @property
    def after(self) -> Place:
        return (cursors.decode(DISTRICT, self.cursor) if self.cursor else None) or Place(0, 0)

    def check(self) -> None:
        """Raises Refused for a cursor that is none."""
        _ = self.after


@dataclass(frozen=True)
class Answer:
    """`delay`: seconds before it. `cut`: it breaks off in the middle."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut: bool = False


class Feed:
    """`given`: the cursor that the last answer ended with."""

    def __init__(self) -> None:
        self.epoch, self.given = 1, ""
        self.granted = _FIRST_TYPES
        self._log: list[Message] = []
        self._let_through: frozenset[str] = frozenset()  # types, at the last request
        self._anew_after = 0  # the last number when the epoch began
        self._withheld: set[int] = set()

    @property
    def last(self) -> int:
        return len(self._log)

    @property
    def expected(self) -> Mapping[str, Held]:
        """What the events that the subscriber was let to read make of their units."""
        return story.held(
            message
            for number, message in enumerate(self._log, 1)
            if message.type in self._let_through
            and (
                number <= self._anew_after or number not in self._withheld
            )  # a snapshot gives what was withheld before it
        )

    @property
    def gives_status(self) -> bool:
        """Whether a snapshot says the status of an agreement under the types of the last request."""
        return "agreement" in unit_states.facts(self._let_through)

    @property
    def new_units(self) -> frozenset[str]:
        """Units of which everything was written under this epoch."""
        return frozenset(message.key for message in self._log[self._anew_after :]) - {
            message.key for message in self._log[: self._anew_after]
        }

    def write(self, messages: Iterable[Message]) -> None:
        self._log += messages

    def begin_anew(self) -> None:
        """The same log under the next epoch."""
        self.epoch += 1
        self._anew_after = self.last

    def withhold(self, first: int) -> None:
        """From this number on: a subscriber that is stuck there is led around it."""
        self._withheld.update(range(first, self.last + 1))

    def gives(self, number: int, request: FeedRequest) -> bool:
        return number not in self._withheld and self._log[number - 1].type in self._wanted(request)

    def answer(self, request: FeedRequest) -> Answer:
        if request.path == "snapshot":
            return self._snapshot(request)
        if request.cursor and request.after.epoch != self.epoch:
            return refusal(410, "log-began-anew")
        return self._part(request)

    def filter(self, request: FeedRequest) -> str:
        return log_reader.filter_of(self._wanted(request))

    def _wanted(self, request: FeedRequest) -> frozenset[str]:
        return self.granted & request.types if request.types else self.granted

    def _part(self, request: FeedRequest) -> Answer:
        self._let_through = self._wanted(request)
        after, entries = request.after.number, list[Entry]()
        reached, left_out = after, None
        for number in range(after + 1, self.last + 1):
            if not self.gives(number, request):
                continue
            skipped = (reached + 1, number - 1) if number - reached > 1 else None
            entries.append(Entry(number, number, self._log[number - 1], skipped))
            reached = number
            if len(entries) == min(request.limit, _MOST):
                break  # what is left out behind it is named by the next answer
        else:
            left_out = (reached + 1, self.last) if reached < self.last else None
            reached = max(reached, self.last)
        self.given = cursors.encode(DISTRICT, Place(self.epoch, reached))
        headers = {
            "Content-Type": structured.BATCH,
            "Clearwater-Cursor": self.given,
            "Clearwater-Filter": self.filter(request),
            "Cache-Control": "no-store",
        } | ({"Clearwater-Skipped": log_reader.span(left_out)} if left_out else {})
        documents = [log_reader.document(self.epoch, entry) for entry in entries]
        return Answer(200, headers, structured.encode(documents))

    def _snapshot(self, request: FeedRequest) -> Answer:
        facts = unit_states.facts(self._wanted(request))
        if not facts:
            return refusal(403, "snapshot-empty")
        self.given = cursors.encode(DISTRICT, Place(self.epoch, self.last))
        lines = [snapshots.line(unit) for unit in self._units(facts)]
        head = {
            "district": DISTRICT,
            "epoch": self.epoch,
            "number": self.last,
            "cursor": self.given,
            "feed_number": self.last,
            "filter": self.filter(request),
            "facts": facts,
        }
        tail = {"count": len(lines), "digest": hashlib.sha256(b"".join(lines)).hexdigest()}
        body = b"".join([snapshots.line(head), *lines, snapshots.line(tail)])
        return Answer(200, {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}, body)

    def _units(self, facts: tuple[str, ...]) -> list[dict[str, Any]]:
        units: dict[str, dict[str, Any]] = {}
        for message in self._log:
            if found := {name: value for name, value in _facts(message).items() if name in facts}:
                data = json.loads(message.payload or b"{}")
                empty = {"unit_id": message.key, "project_id": data["project_id"], **dict.fromkeys(facts)}
                units.setdefault(message.key, empty).update(found)
        return [units[unit_id] for unit_id in sorted(units)]


def _facts(message: Message) -> dict[str, Any]:
    found = story.facets(message)
    known: dict[str, Any] = {name: found[name] for name in ("rights", "agreement") if name in found}
    if found.get("detached"):
        known["signing"] = None
    if message.type == AgreementSigned.declared.type:
        data = json.loads(message.payload or b"{}")
        known["signing"] = {name: data[name] for name in ("series", "sequence_number", "signed_at")}
    return known


def refusal(status: int, code: str, **headers: str) -> Answer:
    """As the product refuses: RFC 9457, with a code."""
    body = json.dumps({"type": "about:blank", "title": code, "status": status, "code": code}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/problem+json", **named}, body)
