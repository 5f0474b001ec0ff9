"""/register/people/{person_id}: a person, masked: revealed for a reason, corrected, and forgotten."""

from uuid import UUID

from flask import Blueprint

from services.registry.queries import corrections, units
from services.registry.web import frame
from services.registry.web.frame import FIELD, FIRST, IMPORTERS
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading

_LISTED = 200


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/people/<uuid:person_id>", person, *FIELD, "auditor")


def person(person_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = units.person(tx, person_id)
        trace = corrections.of_person(tx, person_id, after=FIRST, limit=_LISTED) if frame.has(*IMPORTERS) else []
    return frame.page(
        "registry-person.html",
        "people",
        title=found.masked_name,
        who=found,
        trace=trace[::-1],
        may_forget=frame.has("command"),
    )
