"""What the page of an agency's engineer shows: where the agency is known, its endpoints with their lag, the latest deliveries by case."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.reporting.domain.delivering import DeliveryState, Status
from shared.service.database import Transaction

_CASES, _OF_A_CASE = 8, 6

_PLACES = text("""
    select district, coalesce(districts.name, district) as name, agency
    from agency_clients left join districts using (district) where client_id = :client_id order by district
""")
# `failing`: cases of which a delivery was tried in vain; the others wait behind them or for their turn.
_ENDPOINTS = text("""
    select endpoint_id, endpoints.url, ordering, active, coalesce(status, 'new') as status, code, succeeded_at, paused_until,
           coalesce(scanned, 0) as log_number, held.waiting, held.failing, held.oldest_at, held.next_try_at, (
               select count(*) from jsonb_to_recordset(secrets) as secret (ends_at timestamptz)
               where secret.ends_at is null or secret.ends_at > :now) as signing
    from endpoints left join endpoint_states as known using (endpoint_id, district)
    cross join lateral (
        select count(*) as waiting, min(planned_at) as oldest_at, min(next_try_at) filter (where tries > 0) as next_try_at,
               count(distinct key) filter (where tries > 0 or state = 'resting') as failing
        from deliveries where deliveries.endpoint_id = endpoints.endpoint_id and number > 0 and state in ('waiting', 'resting')) as held
    where endpoints.district = :district and agency = :agency order by registered_at, endpoint_id
""")
# The newest ones, and what is not settled however old it is.
_DELIVERIES = text("""
    with newest as (
        select * from deliveries where endpoint_id = :endpoint_id and district = :district
        order by planned_at desc, event_id desc limit 200),
    unsettled as (
        select * from deliveries where endpoint_id = :endpoint_id and district = :district and state in ('waiting', 'resting')
        order by number limit 200),
    mine as (
        select *, row_number() over (partition by key order by number desc) as nth
        from (select * from newest union select * from unsettled) as found where number > 0),
    cases as (
        select key, max(planned_at) as newest_at, bool_or(state = 'resting' or (state = 'waiting' and tries > 0)) as held
        from mine group by key)
    select key, held, type, number, state, tries, code, tried_at, next_try_at from mine join cases using (key)
    where nth <= :of_a_case order by held desc, newest_at desc, key, number
""")


class Place(NamedTuple):
    """A district that knows the agency."""

    district: str
    name: str
    agency: str


class EndpointLine(NamedTuple):
    endpoint_id: UUID
    url: str
    ordering: str
    active: bool
    status: Status
    code: str | None
    succeeded_at: datetime | None
    paused_until: datetime | None
    log_number: int
    waiting: int
    failing: int
    oldest_at: datetime | None
    next_try_at: datetime | None
    signing: int  # how many secrets sign

    @property
    def ill(self) -> bool:
        return self.active and (self.failing > 0 or self.status in {"resting", "gone"})

    def lag_seconds(self, now: datetime) -> float:
        """Of the slowest event that waits."""
        return max((now - self.oldest_at).total_seconds(), 0.0) if self.oldest_at else 0.0


class Sent(NamedTuple):
    type: str
    number: int
    state: DeliveryState
    tries: int
    code: str | None
    tried_at: datetime | None
    next_try_at: datetime | None

    @property
    def short(self) -> str:
        """The part of the type that tells one event of a case from the next."""
        return ".".join(self.type.split(".")[2:-1])

    @property
    def failing(self) -> bool:
        return self.state == "resting" or (self.state == "waiting" and self.tries > 0)


class Case(NamedTuple):
    key: str
    held: bool
    sent: list[Sent]

    @property
    def last(self) -> Sent:
        """The one that holds the others, else the newest."""
        return next((delivery for delivery in self.sent if delivery.failing), self.sent[-1])


def places(tx: Transaction, client_id: str) -> list[Place]:
    """Of all districts that the transaction sees."""
    return [Place(*row) for row in tx.connection.execute(_PLACES, {"client_id": client_id})]


def endpoints(tx: Transaction, place: Place, *, now: datetime) -> list[EndpointLine]:
    """`now`: by the business clock, which ends secrets."""
    values = {"district": place.district, "agency": place.agency, "now": now}
    return [EndpointLine(*row) for row in tx.connection.execute(_ENDPOINTS, values)]


def cases(tx: Transaction, district: str, endpoint_id: UUID) -> list[Case]:
    """Those that are held first, then the newest."""
    values = {"district": district, "endpoint_id": endpoint_id, "of_a_case": _OF_A_CASE}
    rows: Iterable[Any] = tx.connection.execute(_DELIVERIES, values)
    grouped = groupby(rows, key=lambda row: (row.key, row.held))
    return [Case(key, held, [Sent(*row[2:]) for row in mine]) for (key, held), mine in grouped][:_CASES]
