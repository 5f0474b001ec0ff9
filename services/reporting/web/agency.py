"""/agency: for the engineer of another system: my grants, my endpoints, my deliveries, my lag, try it.

What an endpoint is, and what was granted why, the registry says: static/agency.js asks it (decision 30). Each act is the API's own
request, by the shell's act.js (decision 31). Who acts for an agency, the registry says as well (decision 45).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request

from services.reporting.queries import exchange, subscription, webhooks
from services.reporting.queries.subscription import EndpointLine, Place
from shared.refusal import Refused, Unknown
from shared.service import database, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.web.shell import add_texts

agency = Blueprint("agency", __name__, template_folder="templates")
add_texts(agency, Path(__file__).with_name("agency.toml"))


@agency.get("/agency")
@identity.requires(identity.AGENCY)
def subscriptions() -> str:
    with database.reading(context().engine, granted=[database.EVERY]) as tx:
        places = subscription.places(tx, identity.current().subject)
    place = _chosen(places)
    if place is None:
        return render_template(
            "agency.html", page_state="unknown", places=[], subject=identity.current().subject, state="live"
        )
    with database.reading(context().engine, granted=[place.district]) as tx:
        found = _of_district(tx, place)
    return render_template("agency.html", places=places, place=place, now=datetime.now(UTC), state="live", **found)


def _of_district(tx: Transaction, place: Place) -> dict[str, Any]:
    types = _granted(tx, place)
    endpoints = subscription.endpoints(tx, place)
    wanted = _id("endpoint")
    endpoint = next((each for each in endpoints if each.endpoint_id == wanted), endpoints[0] if endpoints else None)
    reached = exchange.reached(tx).get(place.district)
    return {
        "page_state": _state(types, endpoints),
        "types": sorted(types),
        "endpoints": endpoints,
        "endpoint": endpoint,
        "awaited": wanted if wanted and wanted not in {each.endpoint_id for each in endpoints} else None,
        "cases": subscription.cases(tx, place.district, endpoint.endpoint_id) if endpoint else [],
        "tried": _tried(tx, place, endpoint),
        "last_number": reached.number if reached else 0,
    }


def _state(types: frozenset[str], endpoints: list[EndpointLine]) -> str:
    if not types:
        return "ended"
    if not endpoints:
        return "new"
    return "failing" if any(each.ill for each in endpoints) else "healthy"


def _granted(tx: Transaction, place: Place) -> frozenset[str]:
    try:
        return exchange.granted_types(tx, place.district, identity.current().subject, now=context().clock.now())
    except Refused:
        return frozenset()


def _tried(tx: Transaction, place: Place, endpoint: EndpointLine | None) -> webhooks.TriedDelivery | None:
    event_id = _id("tried")
    if endpoint is None or event_id is None:
        return None
    try:
        return webhooks.one(tx, place.district, endpoint.endpoint_id, event_id)
    except Unknown:
        return None


def _chosen(places: list[Place]) -> Place | None:
    """The district in the address, else the first. Raises Unknown for one that does not know the agency."""
    wanted = request.args.get("district")
    if wanted is None:
        return places[0] if places else None
    found = next((place for place in places if place.district == wanted), None)
    if found is None:
        raise Unknown
    return found


def _id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
