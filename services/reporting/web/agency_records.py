"""/agency/deliveries, /agency/statements: what was sent to an endpoint with every attempt, and what was stated day by day."""

from datetime import UTC, date, datetime
from typing import Any, Final, get_args
from uuid import UUID

from flask import Blueprint, render_template, request

from services.reporting.domain.delivering import DeliveryState
from services.reporting.queries import statements, webhooks
from services.reporting.web import agency_frame
from services.reporting.web.agency_frame import id_of
from services.reporting.web.days import written_day
from shared.events.day import business_day
from shared.refusal import Unknown
from shared.service import identity
from shared.service.database import Transaction

STATES: Final[tuple[DeliveryState, ...]] = get_args(DeliveryState)
_SHOWN: Final = 50
_DAYS: Final = 31
_LAST: Final = (datetime(9998, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


def add_to(agency: Blueprint) -> None:
    for name, view in (("deliveries", deliveries), ("statements", own_statements)):
        agency.add_url_rule(f"/agency/{name}", name, identity.requires(identity.AGENCY)(view))


def deliveries() -> str:
    state = next((state for state in STATES if state == request.args.get("state")), None)
    with agency_frame.subscribed() as mine:
        district, endpoint_id = mine.place.district, mine.endpoint.endpoint_id
        found = webhooks.page(mine.tx, district, endpoint_id, state=state, before=_before() or _LAST, limit=_SHOWN + 1)
        event_id = id_of("event")
        return render_template(
            "agency-deliveries.html",
            mine=mine,
            chosen_state=state,
            states=STATES,
            found=found[:_SHOWN],
            older=found[_SHOWN - 1] if len(found) > _SHOWN else None,
            one=webhooks.one(mine.tx, district, endpoint_id, event_id) if event_id else None,
            state="live",
        )


def own_statements() -> str:
    with agency_frame.reading() as (tx, place):
        facts = stated(tx, place.district, place.agency)
    return render_template("agency-statements.html", place=place, state="live", **facts)


def stated(tx: Transaction, district: str, agency: str) -> dict[str, Any]:
    """The days that are stated, and the day of the address, else the newest one. Raises Unknown for a day without a statement."""
    lines = statements.lines(tx, district, agency, before=_day("before") or date.max, limit=_DAYS + 1)
    wanted = _day("day")
    day = wanted or (lines[0].business_on if lines else None)
    today = business_day(datetime.now(UTC))
    signed = statements.signed(tx, district, agency, day, today=today) if day else None
    return {
        "lines": lines[:_DAYS],
        "older": lines[_DAYS - 1].business_on if len(lines) > _DAYS else None,
        "day": day,
        "checked": statements.opened(tx, district, signed) if signed else None,
    }


def _before() -> tuple[datetime, UUID] | None:
    """The last row that the page before has shown."""
    written = request.args.get("before")
    if written is None:
        return None
    at, _, event_id = written.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(event_id)
    except (ValueError, OverflowError) as fault:
        raise Unknown from fault


def _day(name: str) -> date | None:
    return written_day(request.args.get(name, ""))
