"""What an auditor sees of an agency: what left for it, and where its events are sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.reporting.domain.delivering import Status
from services.reporting.store.taken import Channel
from shared.service.database import Transaction


class TakenLine(BaseModel):
    """One hour of one client or endpoint. What was given twice counts twice."""

    hour: datetime = Field(description="it begins then")
    taker: str = Field(description="a client of the agency; by webhook: an endpoint")
    addresses: list[str] = Field(
        description="by webhook: where it was sent, whatever has become of the endpoint; empty for what was taken before this was kept"
    )
    channel: Channel = Field(
        description="feed: also as a stream; snapshot: the state of all units, at the number that stood when it was asked for"
    )
    epoch: int = Field(description="of the exchange log")
    grants: list[UUID] = Field(description="those in force when it was given")
    first_number: int = Field(description="the lowest log number of these")
    last_number: int = Field(description="the highest one")
    events: int = Field(description="how many events; of a snapshot: none")
    answers: int = Field(description="in how many answers or attempts")


class EndpointLine(BaseModel):
    endpoint_id: UUID
    url: str
    event_types: list[str] = Field(description="empty: all that are granted")
    active: bool = Field(description="switched on at the registry")
    registered_at: datetime
    status: Status | None = Field(description="null: nothing has been sent yet")
    code: str | None = Field(description="of the last failure")
    since: datetime | None
    waiting: int = Field(description="deliveries that it has not accepted")


class AgencyLine(NamedTuple):
    """An agency that a district knows, or has known, with what left for it in a time. `hour`: of the last that left."""

    district: str
    district_name: str
    agency: str
    events: int
    answers: int
    hour: datetime | None


class TakerLine(NamedTuple):
    """All that one client or endpoint has taken on one way, since what is kept begins."""

    taker: str
    channel: Channel
    addresses: list[str]
    events: int
    answers: int
    first_hour: datetime
    last_hour: datetime


_AGENCIES = text("""
    with known as (
        select district, agency from agency_clients union select district, agency from exchange_taken
        union select district, agency from agency_statements)
    select district, coalesce(districts.name, district), agency,
           coalesce(sum(events) filter (where hour >= :since), 0)::bigint,
           coalesce(sum(answers) filter (where hour >= :since), 0)::bigint, max(hour)
    from known left join districts using (district) left join exchange_taken using (district, agency)
    group by district, districts.name, agency order by district, agency
""")
_TAKERS = text("""
    select taker, channel, array(
               select distinct unnest(sent.addresses) from exchange_taken as sent
               where (sent.district, sent.agency, sent.taker, sent.channel) = (:district, :agency, taken.taker, taken.channel) order by 1),
           sum(events)::bigint, sum(answers)::bigint, min(hour), max(hour)
    from exchange_taken as taken where district = :district and agency = :agency
    group by taker, channel order by max(hour) desc, taker, channel
""")
_TAKEN = text("""
    select hour, taker, addresses, channel, epoch, grants, first_number, last_number, events, answers from exchange_taken
    where district = :district and agency = :agency and (hour, taker, channel, epoch) < (:hour, :taker, :channel, :epoch)
    order by hour desc, taker desc, channel desc, epoch desc limit :limit
""")
_ENDPOINTS = text("""
    select endpoint_id, endpoints.url, event_types, active, registered_at, status, code, since, (
        select count(*) from deliveries where deliveries.endpoint_id = endpoints.endpoint_id and state in ('waiting', 'resting')) as waiting
    from endpoints left join endpoint_states using (endpoint_id, district)
    where endpoints.district = :district and agency = :agency and endpoint_id > :after order by endpoint_id limit :limit
""")


def agencies(tx: Transaction, *, since: datetime) -> list[AgencyLine]:
    """Of all districts that the transaction sees; events and answers since then."""
    return [AgencyLine(*row) for row in tx.connection.execute(_AGENCIES, {"since": since})]


def takers(tx: Transaction, district: str, agency: str) -> list[TakerLine]:
    """The one that took last first."""
    return [TakerLine(*row) for row in tx.connection.execute(_TAKERS, {"district": district, "agency": agency})]


def taken(
    tx: Transaction, district: str, agency: str, *, before: tuple[datetime, str, str, int], limit: int
) -> Sequence[TakenLine]:
    """Newest first."""
    place = dict(zip(("hour", "taker", "channel", "epoch"), before, strict=True))
    values = {"district": district, "agency": agency, **place, "limit": limit}
    return [TakenLine.model_validate(dict(row)) for row in tx.connection.execute(_TAKEN, values).mappings()]


def endpoints(tx: Transaction, district: str, agency: str, *, after: UUID, limit: int) -> Sequence[EndpointLine]:
    values = {"district": district, "agency": agency, "after": after, "limit": limit}
    return [EndpointLine.model_validate(dict(row)) for row in tx.connection.execute(_ENDPOINTS, values).mappings()]
