"""GET /api/v1/districts/{district}/agencies/{agency}/taken, /endpoints

What left for an agency and where to, for the auditor and the city.
"""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint

from services.reporting.queries import oversight as reads
from services.reporting.queries.oversight import EndpointLine, TakenLine
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged

oversight = Blueprint("oversight", __name__, url_prefix="/api/v1/districts/<district>/agencies/<agency>")
_ROLES = ("auditor", "city")
_LAST = (datetime(9998, 1, 1, tzinfo=UTC), "", "", 0)


@http.route(oversight, "GET", "/taken", roles=_ROLES, answers=Paged[TakenLine], problems=("not-found",))
def list_taken(district: str, agency: str, query: Page) -> http.Answer:
    """By hour, newest first. Who was given a right to it, by whom, says the registry's list of grants."""
    found = query.after(datetime, str, str, int) or _LAST
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rows = reads.taken(tx, district, agency, before=(found[0], found[1], found[2], found[3]), limit=query.limit + 1)
    return http.paged(
        rows, query=query, place=lambda row: (row.hour, row.taker, row.channel, row.epoch), of=Paged[TakenLine]
    )


@http.route(oversight, "GET", "/endpoints", roles=_ROLES, answers=Paged[EndpointLine], problems=("not-found",))
def list_endpoints(district: str, agency: str, query: Page) -> http.Answer:
    """The addresses to which its events are sent, and how they are."""
    (after,) = query.after(UUID) or (UUID(int=0),)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.endpoints(tx, district, agency, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.endpoint_id,), of=Paged[EndpointLine])
