"""/api/v1/districts/{district}/endpoints/{endpoint_id}: its condition and /deliveries; /switch-on, /replays, /tests.

For the agency's own engineer. The registry's API has the address and types of an endpoint; this one has its condition and deliveries.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from flask import Blueprint
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from services.reporting.commands import steer_endpoint
from services.reporting.domain.delivering import DeliveryState
from services.reporting.queries import exchange, webhooks
from services.reporting.queries.webhooks import DeliveryLine, EndpointCondition, TriedDelivery
from services.reporting.store import replays
from shared.events import topics
from shared.refusal import Refused
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.service.http import Page, Paged
from shared.service.idempotency import once
from shared.together import given

endpoints = Blueprint("endpoints", __name__, url_prefix="/api/v1/districts/<district>/endpoints/<uuid:endpoint_id>")
_AGENCY = ("agency",)
_LAST = (datetime(9998, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


class DeliveriesQuery(Page):
    state: DeliveryState | None = Field(default=None, description="only these")


class NothingBody(http.Body):
    """An empty object."""


_NAMED: JsonDict = {"required": ["event_ids"], "properties": {"event_ids": {"minItems": 1}}}
_HALF_A_PERIOD: JsonDict = {"oneOf": [given("since"), given("until")]}


class ReplayBody(http.Body):
    event_ids: tuple[UUID, ...] = Field(default=(), max_length=1000, description="these events")
    since: AwareDatetime | None = Field(default=None, description="and those logged from then on; with `until`")
    until: AwareDatetime | None = Field(default=None, description="before then; with `since`")

    model_config = ConfigDict(
        json_schema_extra={"allOf": [{"anyOf": [_NAMED, given("since")]}, {"not": _HALF_A_PERIOD}]}
    )

    @model_validator(mode="after")
    def is_a_choice(self) -> Self:
        if (self.since is None) != (self.until is None) or not (self.event_ids or self.since):
            raise PydanticCustomError("replay-incomplete", "name event_ids, or since and until")
        return self

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        return (self.since, self.until) if self.since and self.until else None


class Replayed(BaseModel):
    events: int = Field(description="how many will be sent again, in the order of the log; 10,000 at most at once")


class TestSent(BaseModel):
    event_id: UUID = Field(description="its webhook-id; …/deliveries/{event_id} says what has become of it")


@http.route(
    endpoints,
    "GET",
    "",
    roles=_AGENCY,
    answers=EndpointCondition,
    problems=("not-found", "grant-missing", "endpoint-not-seen"),
)
def show_condition(district: str, endpoint_id: UUID) -> http.Answer:
    with _reading(district, endpoint_id) as tx:
        return http.ok(webhooks.condition(tx, district, endpoint_id))


@http.route(
    endpoints, "GET", "/deliveries", roles=_AGENCY, answers=Paged[DeliveryLine], problems=("not-found", "grant-missing")
)
def list_deliveries(district: str, endpoint_id: UUID, query: DeliveriesQuery) -> http.Answer:
    """Newest first: what waits, and what was settled in the last 30 days."""
    before = query.after(datetime, UUID) or _LAST
    with _reading(district, endpoint_id) as tx:
        found = webhooks.page(
            tx, district, endpoint_id, state=query.state, before=(before[0], before[1]), limit=query.limit + 1
        )
    return http.paged(found, query=query, place=lambda row: (row.planned_at, row.event_id), of=Paged[DeliveryLine])


@http.route(
    endpoints,
    "GET",
    "/deliveries/<uuid:event_id>",
    roles=_AGENCY,
    answers=TriedDelivery,
    problems=("not-found", "grant-missing"),
)
def show_delivery(district: str, endpoint_id: UUID, event_id: UUID) -> http.Answer:
    with _reading(district, endpoint_id) as tx:
        return http.ok(webhooks.one(tx, district, endpoint_id, event_id))


@http.route(
    endpoints,
    "POST",
    "/switch-on",
    roles=_AGENCY,
    answers=EndpointCondition,
    problems=("not-found", "grant-missing", "endpoint-not-seen"),
)
def switch_on(district: str, endpoint_id: UUID, body: NothingBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    """For one that rests, is gone or is paused: the handshake is repeated; after it everything that waits is sent, in order."""

    def carry_out(tx: Transaction) -> BaseModel:
        steer_endpoint.switch_on(tx, endpoint_id, now=datetime.now(UTC))
        return webhooks.condition(tx, district, endpoint_id)

    return _acting(district, endpoint_id, carry_out)


@http.route(endpoints, "POST", "/replays", roles=_AGENCY, answers=Replayed, problems=("not-found", "grant-missing"))
def replay(district: str, endpoint_id: UUID, body: ReplayBody) -> http.Answer:
    """Sends again what was sent before, under the grants of now; also what was withheld or has been granted since."""

    def carry_out(tx: Transaction) -> BaseModel:
        wanted = replays.Replay(endpoint_id, body.event_ids, body.period, _granted(tx, district))
        return Replayed(events=replays.replay(tx, wanted, now=datetime.now(UTC)))

    return _acting(district, endpoint_id, carry_out)


@http.route(
    endpoints,
    "POST",
    "/tests",
    roles=_AGENCY,
    answers=TestSent,
    problems=("not-found", "grant-missing", "tests-too-many"),
)
def send_test(district: str, endpoint_id: UUID, body: NothingBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    """A test event, signed as every other one. It is in no log, and holds nothing back. 60 an hour at most."""

    def carry_out(tx: Transaction) -> BaseModel:
        return TestSent(event_id=steer_endpoint.send_test(tx, endpoint_id, now=datetime.now(UTC)))

    return _acting(district, endpoint_id, carry_out)


def _granted(tx: Transaction, district: str) -> frozenset[str]:
    return exchange.granted_types(tx, district, identity.current().subject, now=context().clock.now())


def _require(tx: Transaction, district: str, endpoint_id: UUID) -> None:
    """Raises Unknown; Refused grant-missing."""
    _granted(tx, district)
    webhooks.require_own(tx, district, identity.current().subject, endpoint_id)


@contextmanager
def _reading(district: str, endpoint_id: UUID) -> Iterator[Transaction]:
    _known(district)
    with database.reading(context().engine, granted=[district]) as tx:
        _require(tx, district, endpoint_id)
        yield tx


def _acting(district: str, endpoint_id: UUID, carry_out: Callable[[Transaction], BaseModel]) -> http.Answer:
    _known(district)
    with database.begin(context().engine, district=district) as tx:
        _require(tx, district, endpoint_id)
        return once(tx, lambda: http.created(carry_out(tx)))


def _known(district: str) -> None:
    """Before anything is bound to it. Refused grant-missing."""
    if not re.fullmatch(topics.DISTRICT, district):
        raise Refused("grant-missing")
