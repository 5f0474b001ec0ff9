"""/register/units/{unit_id} and its /correction: a unit, its right-holders and tenants, what was corrected; and the act of correcting."""

from typing import Any
from uuid import UUID

from flask import Blueprint

from services.registry.domain import documents
from services.registry.domain.template import OF_UNIT
from services.registry.queries import acts, corrections, projects, units
from services.registry.web import frame
from services.registry.web.frame import CLERKS, FIELD, FIRST, IMPORTERS
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction, reading

_LISTED = 200


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/units/<uuid:unit_id>", unit)
    frame.add(pages, "/register/units/<uuid:unit_id>/correction", correction, *CLERKS)


def unit(unit_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, unit_id)
        tenants = corrections.tenancies(tx, unit_id, after=FIRST, limit=_LISTED) if frame.has(*FIELD, "auditor") else []
        ends = acts.of(tx, [tenant.tenancy_id for tenant in tenants], "tenancy-ended")
        trace = corrections.of_unit(tx, unit_id, after=FIRST, limit=_LISTED) if frame.has(*IMPORTERS) else []
    return frame.page(
        "registry-unit.html",
        "units",
        tenants=tenants,
        ends=ends,
        trace=trace[::-1],
        documents=documents.TYPES,
        may_desk=frame.has("desk", "officer", "command"),
        may_see_tenants=frame.has(*FIELD, "auditor"),
        **facts,
    )


def correction(unit_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, unit_id)
    return frame.page("registry-correct.html", "units", documents=documents.TYPES, **facts)


def _facts(tx: Transaction, unit_id: UUID) -> dict[str, Any]:
    found = units.one(tx, unit_id)
    return {
        "unit": found,
        "fields": OF_UNIT,
        "project": projects.one(tx, found.project_id),
        "project_id": found.project_id,
        "title": " ".join(filter(None, (found.compound, found.building, found.stairwell, found.door))),
    }
