"""GET /api/v1/freshness: what waits in this service, per district. The page of the city puts the answers of all services together."""

from collections.abc import Callable, Sequence

from flask import Blueprint
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from shared.messaging import freshness
from shared.messaging.freshness import Age
from shared.service import database, http, identity
from shared.service.context import context

Ages = Callable[[Connection], Sequence[Age]]


class Waiting(BaseModel):
    number: int = Field(description="how many wait", examples=[0])
    seconds: float = Field(
        description="how long the oldest has waited; of the consumer: since it last had read everything", examples=[0.4]
    )


class DistrictFreshness(BaseModel):
    """What a service has nothing of is null: without a journal nothing is unsent."""

    district: str
    unsent: Waiting | None = Field(
        description="events of the journal that the broker has not acknowledged; `seconds` without keys that it refuses"
    )
    consumer: Waiting | None = Field(description="events of the topics that the consumer has not read")
    parked: Waiting | None = Field(description="keys that wait in parking")
    messages: Waiting | None = Field(description="messages to people that are due and not sent")
    deliveries: Waiting | None = Field(
        description="events to endpoints of other systems that are due and were not tried"
    )


class Freshness(BaseModel):
    districts: list[DistrictFreshness]


def blueprint(
    consumer: str, *, emits: bool = True, messages: Ages | None = None, deliveries: Ages | None = None
) -> Blueprint:
    api = Blueprint("freshness", __name__, url_prefix="/api/v1")
    facts: dict[str, Ages | None] = {
        "unsent": freshness.unsent_ages if emits else None,
        "consumer": lambda connection: freshness.consumer_ages(connection, consumer),
        "parked": freshness.parked_ages,
        "messages": messages,
        "deliveries": deliveries,
    }

    @http.route(api, "GET", "/freshness", roles=("command", "city"), answers=Freshness)
    def read() -> http.Answer:
        """Age and number of what waits, per granted district."""
        with database.reading(context().engine, granted=identity.current().granted) as tx:
            ages = {name: {age.district: age for age in of(tx.connection)} for name, of in facts.items() if of}
        rows = [
            DistrictFreshness(district=district, **{name: _waiting(ages.get(name, {}).get(district)) for name in facts})
            for district in sorted({district for by_district in ages.values() for district in by_district})
        ]
        return http.ok(Freshness(districts=rows))

    return api


def _waiting(age: Age | None) -> Waiting | None:
    return None if age is None else Waiting(number=age.number, seconds=max(0.0, round(age.seconds, 1)))
