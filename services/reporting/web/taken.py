"""/taken: for auditor and city: what left for each agency, by which client or endpoint, and under whose grant.

Reporting has what was taken and stated (decision 46). Who was granted what, by whom, the registry says: static/taken.js asks it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request

from services.reporting.queries import oversight, snapshot
from services.reporting.queries.oversight import AgencyLine
from services.reporting.web import agency_records
from shared.refusal import Unknown
from shared.service import edge, identity
from shared.service.database import Transaction
from shared.web.shell import add_texts

oversights = Blueprint("taken", __name__, template_folder="templates")
add_texts(oversights, Path(__file__).with_name("taken.toml"))

ROLES: Final = ("auditor", "city")
_RECENT: Final = timedelta(days=30)
_SHOWN: Final = 50
_ENDPOINTS: Final = 200
_LAST: Final = (datetime(9998, 1, 1, tzinfo=UTC), "", "", 0)


@oversights.get("/taken")
@identity.requires(*ROLES)
def overview() -> str:
    with snapshot.granted() as tx:
        known = oversight.agencies(tx, since=datetime.now(UTC) - _RECENT)
        line = _chosen(known)
        if line is None:
            return render_template("taken.html", known=known, line=None, state="live")
        place = (line.district, line.agency)
        takers = oversight.takers(tx, *place)
        hours = oversight.taken(tx, *place, before=_before() or _LAST, limit=_SHOWN + 1)
        return render_template(
            "taken.html",
            known=known,
            line=line,
            takers=takers,
            hours=hours[:_SHOWN],
            older=hours[_SHOWN - 1] if len(hours) > _SHOWN else None,
            endpoints=oversight.endpoints(tx, *place, after=UUID(int=0), limit=_ENDPOINTS),
            state="live",
        )


@oversights.get("/taken/statements")
@identity.requires(*ROLES)
def statements() -> str:
    with snapshot.granted() as tx:
        line = _chosen(oversight.agencies(tx, since=datetime.now(UTC)))
        if line is None:
            raise Unknown
        return render_template("taken-statements.html", line=line, state="live", **_stated(tx, line))


def _stated(tx: Transaction, line: AgencyLine) -> dict[str, object]:
    return agency_records.stated(tx, line.district, line.agency)


def _chosen(known: list[AgencyLine]) -> AgencyLine | None:
    """The agency in the address, else the first. Raises Unknown for one that no district of the reader knows."""
    district, agency = request.args.get("district"), request.args.get("agency")
    if district is None and agency is None:
        return known[0] if known else None
    found = next((line for line in known if (line.district, line.agency) == (district, agency)), None)
    if found is None:
        raise Unknown
    return found


def _before() -> tuple[datetime, str, str, int] | None:
    """The last row that the page before has shown."""
    written = request.args.get("before")
    if written is None:
        return None
    hour, epoch, channel, taker = [*written.split("~", 3), "", "", "", ""][:4]
    number = edge.whole_number(epoch)
    try:
        at = datetime.fromisoformat(hour).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise Unknown from fault
    if number is None:
        raise Unknown
    return at, taker, channel, number
