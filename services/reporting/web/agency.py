"""/agency: for the engineer of another system: my grants, my endpoints, my deliveries, my lag, try it.

What an endpoint is, and what was granted why, the registry says: static/agency.js asks it (decision 30). Each act has a page
(agency_acts.py); what was sent and stated is below it (agency_records.py). Who acts for an agency, the registry says, too (decision 45).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, render_template, request

from services.reporting.queries import exchange, statements, subscription, webhooks
from services.reporting.queries.subscription import EndpointLine, Place
from services.reporting.web import agency_acts, agency_frame, agency_records, agency_replay
from services.reporting.web.agency_frame import id_of
from shared.refusal import Unknown
from shared.service import database, edge, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.web.shell import add_texts

agency = Blueprint("agency", __name__, template_folder="templates")
add_texts(agency, Path(__file__).with_name("agency.toml"))
add_texts(agency, Path(__file__).with_name("agency-acts.toml"))
agency_records.add_to(agency)
agency_replay.add_to(agency)
agency_acts.add_to(agency)

_STATEMENTS: Final = 3  # of the newest ones


@agency.get("/agency")
@identity.requires(identity.AGENCY)
def subscriptions() -> str:
    places = agency_frame.places()
    place = agency_frame.chosen(places)
    if place is None:
        return render_template(
            "agency.html", page_state="unknown", places=[], subject=identity.current().subject, state="live"
        )
    with database.reading(context().engine, granted=[place.district]) as tx:
        found = _of_district(tx, place)
    return render_template("agency.html", places=places, place=place, now=datetime.now(UTC), state="live", **found)


def _of_district(tx: Transaction, place: Place) -> dict[str, Any]:
    types = agency_frame.granted(tx, place)
    endpoints = subscription.endpoints(tx, place, now=context().clock.now())
    wanted = id_of("endpoint")
    endpoint = _shown(endpoints, wanted)
    reached = exchange.reached(tx).get(place.district)
    return {
        "page_state": _state(types, endpoints),
        "types": sorted(types),
        "endpoints": endpoints,
        "endpoint": endpoint,
        "awaited": wanted if wanted and endpoint is None else None,
        "cases": subscription.cases(tx, place.district, endpoint.endpoint_id) if endpoint else [],
        "tried": _tried(tx, place, endpoint),
        "did": _did(),
        "last_number": reached.number if reached else 0,
        "stated": statements.newest(tx, place.district, place.agency, limit=_STATEMENTS),
    }


def _shown(endpoints: list[EndpointLine], wanted: UUID | None) -> EndpointLine | None:
    """The one in the address, else the first. While one is awaited, none: an act must not be offered for another one."""
    if wanted is None:
        return endpoints[0] if endpoints else None
    return next((endpoint for endpoint in endpoints if endpoint.endpoint_id == wanted), None)


def _did() -> dict[str, Any] | None:
    """The act whose trace is shown."""
    name = request.args.get("did", "")
    numbers = {key: edge.whole_number(request.args.get(key, "")) for key in ("revision", "events")}
    return {"name": name, **numbers} if name in agency_acts.ACTS else None


def _state(types: frozenset[str], endpoints: list[EndpointLine]) -> str:
    if not types:
        return "ended"
    if not endpoints:
        return "new"
    return "failing" if any(endpoint.ill for endpoint in endpoints) else "healthy"


def _tried(tx: Transaction, place: Place, endpoint: EndpointLine | None) -> webhooks.TriedDelivery | None:
    event_id = id_of("tried")
    if endpoint is None or event_id is None:
        return None
    try:
        return webhooks.one(tx, place.district, endpoint.endpoint_id, event_id)
    except Unknown:
        return None
