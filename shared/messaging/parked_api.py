"""/api/v1/parked: the keys that wait in parking, why, and their redrive after a dry run. The page /parked puts all services together.

Invariant: a dry run does all that the redrive does, in one transaction that is rolled back. No payload and no person is ever answered.
Left to others: what a redrive does (redrive.py), the same for a person at a terminal (redriving.py).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Blueprint
from pydantic import BaseModel, Field

from shared import text
from shared.messaging import parking
from shared.messaging.decisions import Decided
from shared.messaging.inbox import Key
from shared.messaging.reactions import AfterReactions, Reactions
from shared.messaging.redrive import Ambiguous, Attempt, Change, Redrive, Tried
from shared.refusal import Refused
from shared.service import database, http, idempotency, identity
from shared.service.context import Context, context
from shared.service.database import Transaction
from shared.telemetry import log

Decision = Literal["accept-epoch", "keep-ours", "accept-theirs"]
Figures = Callable[[Transaction], Mapping[tuple[str, str], str]]
"""What a service shows people, as written on its pages: by name and by project, whose name is empty where it has none."""

_ROLES = ("command", "city")
_REFUSALS = ("parked-key-unknown", "decision-not-possible", "reason-missing")
_LISTED, _AT_ONCE = 500, 500
# Of the examples in the description.
TOPIC, KEY = "clearwater.440303.registry-unit", "0192f7c8-03b1-7d0e-9a41-5f6c2d8e1b70"
_TYPE = "clearwater.registry.unit.registered.v1"
_UNTIL_REBUILD = "waits-for-rebuild"
_log = log.get(__name__)


class ParkedKey(BaseModel):
    """A key that waits, by the first of its events."""

    district: str = Field(examples=["440303"])
    topic: str = Field(examples=[TOPIC])
    key: str = Field(examples=[KEY])
    type: str = Field(description="the type of the event", examples=[_TYPE])
    event_id: UUID
    epoch: int
    sequence: int = Field(description="the event's place among those of its key")
    sent_at: datetime
    parked_at: datetime = Field(description="since when the key waits")
    reason: str = Field(
        description="why it waits: gap, behind, epoch, diverged, requeued, or the code of a refusal", examples=["gap"]
    )
    behind: int = Field(description="how many later events of the key wait after it")
    ours: UUID | None = Field(description="of a diverged one: the event that was applied under its number")


class ParkedKeys(BaseModel):
    keys: list[ParkedKey] = Field(description=f"the {_LISTED} that have waited longest")
    decisions: list[Decision] = Field(description="what a person may decide in this service")


class RedriveKey(http.Body):
    """`decision` and `reason` only where a person decides: a new epoch, or two events under one number."""

    topic: str = Field(pattern="^[A-Za-z0-9._-]{1,200}$", examples=[TOPIC])
    key: str = Field(min_length=1, max_length=200, examples=[KEY])
    decision: Decision | None = None
    reason: text.Note | None = None


class TriedEvent(BaseModel):
    event_id: UUID
    type: str = Field(examples=[_TYPE])
    epoch: int
    sequence: int
    outcome: str = Field(
        description="applied, repeat, passed-over, waits-for-rebuild, or why it stays", examples=["applied"]
    )


class TableChange(BaseModel):
    table: str = Field(examples=["cases"])
    inserted: int
    updated: int
    deleted: int


class FigureChange(BaseModel):
    name: str = Field(examples=["units"])
    project: str = Field(examples=["澄水湾片区"])
    before: str = Field(examples=["1,624"])
    after: str = Field(examples=["1,625"])


class Redriven(BaseModel):
    tried: list[TriedEvent]
    changes: list[TableChange] = Field(description="rows that were touched")
    figures: list[FigureChange] = Field(description="what people see differently afterwards")
    waits: bool = Field(description="whether something of the key still waits")


def blueprint(
    consumer: str,
    reactions: Callable[[Context], Reactions],
    *,
    after_reactions: AfterReactions | None = None,
    rebuilt: bool = False,
    figures: Figures = lambda _: {},
) -> Blueprint:
    """`reactions`: the consumer's own. `rebuilt`: the read model can be rebuilt, so that their event can take the place of ours."""
    api = Blueprint("parked", __name__, url_prefix="/api/v1")
    possible: list[Decision] = ["accept-epoch", "keep-ours", *(("accept-theirs",) if rebuilt else ())]

    def redrive() -> Redrive:
        service = context()
        return Redrive(consumer, service.engine, reactions(service), after_reactions=after_reactions)

    def carried_out(tx: Transaction, body: RedriveKey) -> Redriven:
        decided = _decided(body, possible)
        key = Key(body.topic, body.key)
        if not parking.any_of(tx, consumer, key):
            raise Refused("parked-key-unknown")
        before = figures(tx)
        attempt = _attempted(redrive(), tx, key, decided)
        waits = parking.any_of(tx, consumer, key)
        return _redriven(attempt, before, figures(tx), waits=waits)

    @http.route(api, "GET", "/parked", roles=_ROLES, answers=ParkedKeys)
    def read() -> http.Answer:
        """The keys that wait in the granted districts."""
        with database.reading(context().engine, granted=identity.current().granted) as tx:
            found = parking.first(tx, consumer, batch=_LISTED)
        return http.ok(ParkedKeys(keys=[ParkedKey(**row._asdict()) for row in found], decisions=possible))

    @http.route(
        api, "POST", "/parked/dry-run", roles=_ROLES, answers=Redriven, problems=_REFUSALS, status=200, changes=False
    )
    def dry_run(body: RedriveKey) -> http.Answer:
        """What a redrive of this key would change. Nothing is kept."""
        with database.begin(context().engine, district=identity.current().district) as tx:
            found = carried_out(tx, body)
            tx.rollback()
        return http.ok(found)

    @http.route(api, "POST", "/parked/redrive", roles=_ROLES, answers=Redriven, problems=_REFUSALS)
    def redrive_key(body: RedriveKey) -> http.Answer:
        """Applies what waits under this key, in order, up to the first event that still cannot be applied."""
        with database.begin(context().engine, district=identity.current().district) as tx:
            answer = idempotency.once(tx, lambda: http.created(carried_out(tx, body)))
        by = identity.current().subject
        _log.warning("redriven", consumer=consumer, topic=body.topic, key=body.key, decision=body.decision, subject=by)
        return answer

    return api


def _decided(body: RedriveKey, possible: Sequence[Decision]) -> Literal["accept-epoch"] | Decided | None:
    """Refused: decision-not-possible, reason-missing."""
    if body.decision is None:
        return None
    if body.decision not in possible:
        raise Refused("decision-not-possible")
    if body.decision == "accept-epoch":
        return "accept-epoch"
    if not (reason := (body.reason or "").strip()):
        raise Refused("reason-missing")
    return Decided(body.decision, reason, identity.current().subject)


def _attempted(
    redrive: Redrive, tx: Transaction, key: Key, decided: Literal["accept-epoch"] | Decided | None
) -> Attempt:
    """Refused: decision-not-possible, where several events wait under one number: which of them is a decision at the terminal."""
    if not isinstance(decided, Decided) or decided.decision != "accept-theirs":
        return redrive.key_within(tx, key, batch=_AT_ONCE, decision=decided)
    try:
        found = redrive.accept_theirs_within(tx, key, decided=decided)
    except Ambiguous as several:
        raise Refused("decision-not-possible") from several
    return Attempt([Tried(row.message, _UNTIL_REBUILD) for row in found], ())


def _redriven(
    attempt: Attempt,
    before: Mapping[tuple[str, str], str],
    after: Mapping[tuple[str, str], str],
    *,
    waits: bool,
) -> Redriven:
    changed = [place for place in after if before.get(place) != after[place]]
    return Redriven(
        tried=[_tried(one) for one in attempt.tried],
        changes=[_change(one) for one in attempt.changes],
        figures=[
            FigureChange(
                name=name, project=project, before=before.get((name, project), "0"), after=after[name, project]
            )
            for name, project in changed
        ],
        waits=waits,
    )


def _tried(one: Tried) -> TriedEvent:
    event = one.message
    return TriedEvent(
        event_id=event.event_id, type=event.type, epoch=event.epoch, sequence=event.sequence, outcome=one.outcome
    )


def _change(one: Change) -> TableChange:
    return TableChange(table=one.table, inserted=one.inserted, updated=one.updated, deleted=one.deleted)
