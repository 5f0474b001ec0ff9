"""/register/agencies and below it: agencies, what each was granted, and the acts of registering and changing one.

Proposing, approving and revoking a grant is beside it: grants.py.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from flask import Blueprint

from services.registry.queries import agencies as reads
from services.registry.queries.agencies import AgencyState, GrantState
from services.registry.web import frame
from services.registry.web.frame import FIRST, GRANTERS
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.web.shell import text

_READERS: Final = (*GRANTERS, "auditor")
_AGENCIES = 500
GRANTS: Final = 2_000  # of one page


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/agencies", agency_list, *_READERS)
    frame.add(pages, "/register/agencies/new", agency_registering, "city")
    frame.add(pages, "/register/agencies/<district>/<agency_id>", agency, *_READERS)
    frame.add(pages, "/register/agencies/<district>/<agency_id>/change", agency_change, "city")


def agency_list() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        known, names = every(tx), frame.district_names(tx)
        grants = reads.grants(tx, after=FIRST, limit=GRANTS)
    grants_of: dict[tuple[str, str], list[GrantState]] = defaultdict(list)
    for grant in reversed(grants):  # newest first
        grants_of[grant.district, grant.agency].append(grant)
    return page(
        "registry-agencies.html",
        title=text("agencies.title"),
        known=known,
        names=names,
        grants_of=grants_of,
        waiting=[grant for grant in grants if grant.state == "proposed"],
        named={(one.district, one.agency): one.name for one in known},
    )


def agency_registering() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        names, known = frame.district_names(tx), every(tx)
    return page("registry-agency-form.html", title=text("agency.title"), names=names, known=known, changed=None)


def agency(district: str, agency_id: str) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.one(tx, district, agency_id)
        grants = reads.of_agency(tx, district, agency_id, limit=GRANTS)
        names = frame.district_names(tx)
    return page("registry-agency.html", title=found.name, found=found, grants=grants, names=names)


def agency_change(district: str, agency_id: str) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.one(tx, district, agency_id)
        grants = reads.of_agency(tx, district, agency_id, limit=GRANTS)
        names = frame.district_names(tx)
    return page(
        "registry-agency-form.html", title=text("agency.change"), names=names, changed=found, in_force=in_force(grants)
    )


def page(template: str, **facts: Any) -> str:  # noqa: ANN401 - as the templates name them
    """`supply` names the state of a grant today; `is_own` is true for who proposed it, to whom the API refuses the approval."""
    now, subject = context().clock.now(), identity.current().subject
    return frame.page(
        template,
        "agencies",
        supply=lambda grant: supply(grant, now),
        may_register=frame.has("city"),
        may_decide=frame.has(*GRANTERS),
        is_own=lambda grant: grant.proposed_by == subject,
        **facts,
    )


def supply(grant: GrantState, now: datetime) -> str:
    """What is given under a grant at this instant: of an approved one, its period decides."""
    if grant.state == "revoked":
        return "revoked" if grant.approved_at else "withdrawn"
    if grant.state == "proposed":
        return "proposed"
    if now < grant.starts_at:
        return "later"
    return "live" if now < grant.ends_at else "over"


def in_force(grants: Sequence[GrantState]) -> int:
    now = context().clock.now()
    return sum(supply(grant, now) == "live" for grant in grants)


def every(tx: Transaction) -> list[AgencyState]:
    return reads.page(tx, after=("", ""), limit=_AGENCIES)
