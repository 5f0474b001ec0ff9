"""/register/agencies/{district}/{agency}/grants/new, /register/grants/{grant_id}/approval and /revocation: the acts on a grant."""

from itertools import groupby
from uuid import UUID

from flask import Blueprint

from services.registry.queries import agencies as reads
from services.registry.web import agencies, frame
from services.registry.web.frame import GRANTERS
from shared.events import catalogue
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import text


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/agencies/<district>/<agency_id>/grants/new", grant_proposal, *GRANTERS)
    frame.add(pages, "/register/grants/<uuid:grant_id>/approval", grant_approval, *GRANTERS)
    frame.add(pages, "/register/grants/<uuid:grant_id>/revocation", grant_revocation, *GRANTERS)


def grant_proposal(district: str, agency_id: str) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.one(tx, district, agency_id)
        grants = reads.of_agency(tx, district, agency_id, limit=agencies.GRANTS)
    return agencies.page(
        "registry-grant-new.html",
        title=text("grant.propose"),
        found=found,
        in_force=agencies.in_force(grants),
        grantable=_grantable(),
    )


def grant_approval(grant_id: UUID) -> str:
    return _deciding(grant_id, "registry-grant-approve.html", text("grant.approve"))


def grant_revocation(grant_id: UUID) -> str:
    return _deciding(grant_id, "registry-grant-revoke.html", text("grant.revoke"))


def _deciding(grant_id: UUID, template: str, title: str) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        grant = reads.grant(tx, grant_id)
        found = reads.one(tx, grant.district, grant.agency)
    is_past = grant.ends_at <= context().clock.now()
    return agencies.page(template, title=title, grant=grant, found=found, is_past=is_past)


def _grantable() -> list[tuple[str, list[tuple[str, str]]]]:
    """The types of event that may be granted, each with its audience, by the service that owns them."""
    given = [event.declared for event in catalogue.grantable()]
    types = [(declared.type, declared.audience) for declared in given]
    return [(owner, list(mine)) for owner, mine in groupby(types, key=lambda pair: pair[0].split(".")[1])]
