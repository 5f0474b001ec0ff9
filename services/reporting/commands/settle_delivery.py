"""Settles what was tried: the delivery and the condition of its endpoint, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.reporting.domain import delivering
from services.reporting.domain.delivering import Outcome
from services.reporting.store import deliveries, endpoint_states, taken
from services.reporting.store.deliveries import Claimed
from shared.service.database import Transaction
from shared.telemetry import log

_log = log.get(__name__)


@dataclass(frozen=True)
class SettleDelivery:
    """`spread`: 0 to 1, the jitter of the next pause. `granted_at`: by the business clock, as grants are."""

    claimed: Claimed
    outcome: Outcome
    began_at: datetime
    milliseconds: int
    at: datetime
    granted_at: datetime
    spread: float


def settle_delivery(tx: Transaction, command: SettleDelivery) -> bool:
    """False when the claim had ended meanwhile: its successor settles. What has left is counted all the same.

    An answer from a former address of the endpoint does not change its condition.
    """
    claimed, outcome = command.claimed, command.outcome
    if outcome.taken and claimed.message:
        place = claimed.place
        taken.by_endpoint(
            tx,
            claimed.endpoint_id,
            agency=claimed.agency,
            address=claimed.url,
            epoch=place.epoch,
            number=place.number,
            now=command.granted_at,
        )
    condition, delivery = endpoint_states.load(tx, claimed.endpoint_id), deliveries.load(tx, claimed)
    if condition is None or delivery is None:
        return False
    after, settled = delivering.tried(
        condition, delivery, outcome, at=command.at, spread=command.spread, queue=claimed.queue
    )
    if endpoint_states.is_at(tx, claimed.endpoint_id, claimed.url):
        endpoint_states.save(tx, claimed.endpoint_id, after)
        _say_when_it_stops(tx, claimed.endpoint_id, before=condition.status, after=after)
    deliveries.save(
        tx,
        claimed,
        settled,
        began_at=command.began_at,
        milliseconds=command.milliseconds,
        status=outcome.status,
        at=command.at,
    )
    return True


@dataclass(frozen=True)
class SettleHandshake:
    """`url`: the address of the handshake. `rate`: deliveries a minute that the endpoint allows; None: no limit."""

    endpoint_id: UUID
    url: str
    outcome: Outcome
    rate: int | None
    at: datetime
    spread: float


def settle_handshake(tx: Transaction, command: SettleHandshake) -> None:
    """Changes nothing when the endpoint has a new address by now: the former address cannot allow deliveries to it."""
    condition = endpoint_states.load(tx, command.endpoint_id)
    if (
        condition is None
        or condition.status != "new"
        or not endpoint_states.is_at(tx, command.endpoint_id, command.url)
    ):
        return
    after = delivering.greeted(condition, command.outcome, at=command.at, spread=command.spread)
    endpoint_states.save(tx, command.endpoint_id, after)
    if after.status == "open":
        endpoint_states.allow(tx, command.endpoint_id, command.rate, now=command.at)
    _say_when_it_stops(tx, command.endpoint_id, before=condition.status, after=after)


def _say_when_it_stops(
    tx: Transaction, endpoint_id: UUID, *, before: delivering.Status, after: delivering.Condition
) -> None:
    if after.status in ("resting", "gone") and after.status != before:
        _log.warning(
            "endpoint stopped", district=tx.district, endpoint_id=str(endpoint_id), status=after.status, code=after.code
        )
