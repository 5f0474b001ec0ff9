"""What an agency was to be given on a business day, counted from the exchange log alone.

    acts (GrantApproved, GrantRevoked, as the log has them) ─▶ rights of the day ─▶ each entry is given or left out ─▶ the account

Invariant: given and left-out entries add up to the numbers after `after` up to `last`. The digest is of the given ones: the SHA-256 of a
line `<log number> <event id>` for each, in the order of the log, each ended by a line feed. Left to others: signing and keeping it.
Held by tests/unit/reporting/test_statement.py.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.events import catalogue
from shared.events.day import business_day, midnight
from shared.events.registry import GrantApproved, GrantRevoked

ZONE: Final = "Asia/Shanghai"


class Entry(NamedTuple):
    """`occurred_at`: the event's own time; `logged_at`: when it got its number."""

    number: int
    event_id: UUID
    type: str
    occurred_at: datetime
    logged_at: datetime


@dataclass(frozen=True)
class Act:
    """An approval or a revocation. `readable`: the last number that could be read before it, since a batch is seen as a whole.

    `at`: its own time, so that a log which was filled under a new epoch says the same.
    """

    event: GrantApproved | GrantRevoked
    readable: int
    at: datetime


class Right(NamedTuple):
    """These types are given up to the number `until` (None: without an end) and before the instant `ends_at`."""

    types: frozenset[str]
    until: int | None
    ends_at: datetime

    def gives(self, entry: Entry) -> bool:
        within = self.until is None or entry.number <= self.until
        return within and entry.type in self.types and entry.logged_at < self.ends_at


def first_day(acts: Sequence[Act]) -> date | None:
    """The day of the first approval; None: nothing was ever granted."""
    return next((business_day(act.at) for act in acts if isinstance(act.event, GrantApproved)), None)


def rights(acts: Sequence[Act], day: date) -> list[Right]:
    """Of the grants that were in force at some time of this day."""
    begins, ends = midnight(day), midnight(day + timedelta(days=1))
    revoked = {act.event.grant_id: act for act in acts if isinstance(act.event, GrantRevoked) and act.at < ends}
    found = []
    for act in acts:
        if not isinstance(act.event, GrantApproved) or act.at >= ends:
            continue
        terms, end = act.event.terms, revoked.get(act.event.grant_id)
        ended_at = min(terms.ends_at, end.at) if end else terms.ends_at
        types = catalogue.of_audiences(terms.event_types, terms.audiences)
        if types and terms.starts_at < ends and ended_at > begins:
            found.append(Right(types, end.readable if end else None, terms.ends_at))
    return found


@dataclass
class Account:
    """Counts entry by entry. What occurred before `begins` is late: an earlier day's statement was closed without it."""

    rights: Sequence[Right]
    begins: datetime
    given: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    late: list[list[int]] = field(default_factory=list)
    _digest: Any = field(default_factory=hashlib.sha256)

    def take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if any(right.gives(entry) for right in self.rights):
                self._give(entry)
            else:
                self.left_out[entry.type] += 1

    def _give(self, entry: Entry) -> None:
        self.given[entry.type] += 1
        self._digest.update(f"{entry.number} {entry.event_id}\n".encode())
        if entry.occurred_at >= self.begins:
            return
        if self.late and self.late[-1][1] == entry.number - 1:
            self.late[-1][1] = entry.number
        else:
            self.late.append([entry.number, entry.number])

    @property
    def types(self) -> list[str]:
        return sorted(frozenset().union(*(right.types for right in self.rights)))

    def document(self) -> dict[str, Any]:
        return {
            "event_types": self.types,
            "events": self.given.total(),
            "by_type": dict(sorted(self.given.items())),
            "digest": self._digest.hexdigest(),
            "left_out": self.left_out.total(),
            "left_out_by_type": dict(sorted(self.left_out.items())),
            "late": [f"{first}-{last}" for first, last in self.late],
        }
