"""What an agency's engineer sees of its endpoints: how they are, what was sent, what waits and why."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.reporting.domain.delivering import DeliveryState, Status
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction


class EndpointCondition(BaseModel):
    endpoint_id: UUID
    status: Status = Field(
        description="new: has not allowed it yet; open: events are sent; resting: failed for three days; gone: answered 410"
    )
    code: str | None = Field(description="of the last failure; null after a success")
    since: datetime = Field(description="when it became so")
    paused_until: datetime | None = Field(
        description="nothing is sent before: too many failures, or its own Retry-After"
    )
    allowed_rate: int | None = Field(description="deliveries a minute that it allows; null: as many as come")
    succeeded_at: datetime | None = Field(description="the last success")
    waiting: int = Field(description="deliveries that wait, or rest after three days of failures")
    oldest_waiting_at: datetime | None = Field(description="since when the oldest of them has waited")
    log_number: int = Field(description="up to this number of the exchange log its deliveries are planned")
    last_number: int = Field(description="the last number of the exchange log")


class DeliveryLine(BaseModel):
    event_id: UUID
    event_type: str
    log_number: int = Field(description="0: a test event")
    key: str = Field(description="the case, or whatever else the event is about")
    state: DeliveryState = Field(description="withheld: no longer granted or wanted, or of a former epoch of the log")
    tries: int
    code: str | None = Field(description="of the last failure")
    planned_at: datetime
    tried_at: datetime | None
    next_try_at: datetime | None = Field(description="null: as soon as its turn comes")
    settled_at: datetime | None


class Attempt(BaseModel):
    attempt: int
    began_at: datetime
    milliseconds: int
    status: int | None = Field(description="of the HTTP answer; null when there was none")
    code: str | None = Field(description="null: accepted")


class TriedDelivery(BaseModel):
    """One delivery with all that was tried in the last 30 days."""

    delivery: DeliveryLine
    attempts: list[Attempt]


_OWN = text("""
    select agency from agency_clients join endpoints using (district, agency)
    where district = :district and client_id = :client_id and endpoint_id = :endpoint_id
""")
_CONDITION = text("""
    select endpoint_id, status, code, since, paused_until, allowed_rate, succeeded_at, scanned as log_number,
           coalesce(log.last_number, 0) as last_number, held.waiting, held.oldest_waiting_at
    from endpoint_states as known left join exchange_numbers as log on log.district = known.district and log.epoch = known.epoch
    cross join lateral (
        select count(*) as waiting, min(planned_at) as oldest_waiting_at from deliveries
        where deliveries.endpoint_id = known.endpoint_id and state in ('waiting', 'resting')) as held
    where endpoint_id = :endpoint_id and known.district = :district
""")
_LINE = """
    select event_id, type as event_type, number as log_number, key, state, tries, code, planned_at, tried_at, next_try_at, settled_at
    from deliveries where endpoint_id = :endpoint_id and district = :district
"""
_PAGE = text(
    _LINE
    + """
    and (cast(:state as text) is null or state = :state) and (planned_at, event_id) < (:planned_at, :event_id)
    order by planned_at desc, event_id desc limit :limit
"""
)
_ONE = text(_LINE + "and event_id = :event_id")
_ATTEMPTS = text("""
    select try as attempt, began_at, milliseconds, status, code from delivery_attempts
    where endpoint_id = :endpoint_id and event_id = :event_id and district = :district order by try
""")


def require_own(tx: Transaction, district: str, client_id: str, endpoint_id: UUID) -> str:
    """The agency of both. Raises Unknown for an endpoint of another agency, or one that the registry's event has not brought yet."""
    values = {"district": district, "client_id": client_id, "endpoint_id": endpoint_id}
    agency = tx.connection.execute(_OWN, values).scalar()
    if agency is None:
        raise Unknown
    return str(agency)


def condition(tx: Transaction, district: str, endpoint_id: UUID) -> EndpointCondition:
    """Refused endpoint-not-seen: it was registered a moment ago."""
    place = {"district": district, "endpoint_id": endpoint_id}
    row = tx.connection.execute(_CONDITION, place).mappings().one_or_none()
    if row is None:
        raise Refused("endpoint-not-seen")
    return EndpointCondition.model_validate(dict(row))


def page(  # noqa: PLR0913 - which part of the log
    tx: Transaction,
    district: str,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: tuple[datetime, UUID],
    limit: int,
) -> list[DeliveryLine]:
    """Newest first."""
    values = {"district": district, "endpoint_id": endpoint_id, "state": state, "limit": limit}
    place = {"planned_at": before[0], "event_id": before[1]}
    return [
        DeliveryLine.model_validate(dict(row)) for row in tx.connection.execute(_PAGE, {**values, **place}).mappings()
    ]


def one(tx: Transaction, district: str, endpoint_id: UUID, event_id: UUID) -> TriedDelivery:
    """Raises Unknown."""
    values = {"district": district, "endpoint_id": endpoint_id, "event_id": event_id}
    row = tx.connection.execute(_ONE, values).mappings().one_or_none()
    if row is None:
        raise Unknown
    attempts = [Attempt.model_validate(dict(it)) for it in tx.connection.execute(_ATTEMPTS, values).mappings()]
    return TriedDelivery(delivery=DeliveryLine.model_validate(dict(row)), attempts=attempts)
