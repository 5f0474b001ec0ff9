"""/parked: for command and city: what waits in parking in each service, a dry run of a key, and its redrive.

The browser asks each service (static/parked.js, the kit's shared/messaging/parked_api.py); services never call each other. Reporting
only knows the names of the units and projects that the keys are ids of.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response as Answer

from services.reporting.queries import cells, snapshot, standings
from shared.service import identity
from shared.service.context import context
from shared.web.shell import add_texts

parkings = Blueprint("parkings", __name__, template_folder="templates")
add_texts(parkings, Path(__file__).with_name("parked.toml"))

ROLES: Final = ("command", "city")
_MOST_NAMES: Final = 100


@parkings.get("/parked")
@identity.requires(*ROLES)
def parked() -> str:
    # The services are asked once the page is open; the number of the feed is none of theirs.
    moment = {"at": datetime.now(UTC), "number": None, "lag_seconds": None}
    services = context().settings.services.split()
    return render_template("parked.html", services=services, as_of=moment, live=True)


@parkings.get("/parked/names")
@identity.requires(*ROLES)
def names() -> Answer:
    """The names of the ids in `key`, as far as this reader may see them and reporting has heard of them."""
    ids = [key for value in request.args.getlist("key")[:_MOST_NAMES] if (key := _id(value))]
    with snapshot.granted() as tx:
        units = {str(cell.unit_id): [cell.compound, cell.building, cell.door] for cell in cells.of_units(tx, ids)}
        projects = {str(standing.project_id): [standing.name] for standing in standings.of(tx, ids)} if ids else {}
    return jsonify({key: " ".join(filter(None, words)) for key, words in (units | projects).items()})


def _id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
