"""/api/v1/agencies, /agencies/{agency}, /agencies/{agency}/grants; /grants, /grants/{grant_id}, …/approval, …/revocation"""

from uuid import UUID

from flask import Blueprint

from services.registry.api.bodies import ApprovalBody, ChangeAgencyBody, GrantBody, ReasonBody, RegisterAgencyBody
from services.registry.commands.grant_events import (
    ApproveGrant,
    ProposeGrant,
    RevokeGrant,
    approve_grant,
    propose_grant,
    revoke_grant,
)
from services.registry.commands.keep_agencies import ChangeAgency, RegisterAgency, change_agency, register_agency
from services.registry.domain.agency import Agency
from services.registry.queries import agencies as reads
from services.registry.queries.agencies import AgencyState, GrantState
from shared.events.registry import Terms
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once

agencies = Blueprint("agencies", __name__, url_prefix="/api/v1")
_DECIDERS = ("command", "city")
_READERS = ("city", "command", "auditor")


@http.route(
    agencies,
    "POST",
    "/agencies",
    roles=("city",),
    answers=AgencyState,
    problems=("district-not-open", "agency-registered", "client-taken"),
)
def add_agency(body: RegisterAgencyBody) -> http.Answer:
    """Registers an agency in this district. It gets nothing before a grant is approved."""
    subject = identity.current()
    command = RegisterAgency(Agency(**body.model_dump()), by=subject.subject, at=context().clock.now())
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            added = register_agency(tx, command)
            return http.created(reads.one(tx, tx.district, added.agency), version=added.revision)

        return once(tx, carry_out)


@http.route(agencies, "GET", "/agencies", roles=_READERS, answers=Paged[AgencyState])
def list_agencies(query: Page) -> http.Answer:
    after = query.after(str, str) or ("", "")
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.page(tx, after=(after[0], after[1]), limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.district, row.agency), of=Paged[AgencyState])


@http.route(agencies, "GET", "/agencies/<agency>", roles=_READERS, answers=AgencyState, problems=("district-required",))
def show_agency(agency: str) -> http.Answer:
    district = identity.current().district
    with database.reading(context().engine, granted=[district]) as tx:
        found = reads.one(tx, district, agency)
    return http.ok(found, version=found.revision)


@http.route(
    agencies,
    "PATCH",
    "/agencies/<agency>",
    roles=("city",),
    answers=AgencyState,
    problems=("version-required", "version-superseded", "client-taken"),
)
def patch_agency(agency: str, body: ChangeAgencyBody) -> http.Answer:
    """Replaces what is known of the agency; a client that is not named no longer acts for it. Needs If-Match."""
    command = ChangeAgency(Agency(agency=agency, **body.model_dump()), http.expected_version())
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            changed = change_agency(tx, command)
            return http.ok(reads.one(tx, tx.district, agency), version=changed.revision)

        return once(tx, carry_out)


@http.route(
    agencies,
    "POST",
    "/agencies/<agency>/grants",
    roles=("city", "command"),
    answers=GrantState,
    problems=("not-found", "grant-period-empty", "event-type-not-granted"),
)
def add_grant(agency: str, body: GrantBody) -> http.Answer:
    """Proposes to give the agency events of this district. Another person has to approve it."""
    subject = identity.current()
    command = ProposeGrant(agency, Terms(**body.model_dump()), by=subject.subject, at=context().clock.now())
    with database.begin(context().engine, district=subject.district) as tx:
        return once(tx, lambda: http.created(reads.grant(tx, propose_grant(tx, command))))


@http.route(agencies, "GET", "/grants", roles=_READERS, answers=Paged[GrantState])
def list_grants(query: Page) -> http.Answer:
    """Who was given what, by whom: proposed, approved and revoked."""
    (after,) = query.after(UUID) or (UUID(int=0),)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.grants(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.grant_id,), of=Paged[GrantState])


@http.route(agencies, "GET", "/grants/<uuid:grant_id>", roles=_READERS, answers=GrantState)
def show_grant(grant_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.grant(tx, grant_id))


@http.route(
    agencies,
    "POST",
    "/grants/<uuid:grant_id>/approval",
    roles=_DECIDERS,
    answers=GrantState,
    problems=("grant-decided", "grant-needs-two"),
)
def approve(grant_id: UUID, body: ApprovalBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    """Approves the grant: the agency may read from now on. Refused for the person who proposed it."""
    subject = identity.current()
    command = ApproveGrant(grant_id, by=subject.subject, at=context().clock.now())
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            approve_grant(tx, command)
            return http.created(reads.grant(tx, grant_id))

        return once(tx, carry_out)


@http.route(
    agencies,
    "POST",
    "/grants/<uuid:grant_id>/revocation",
    roles=_DECIDERS,
    answers=GrantState,
    problems=("grant-decided",),
)
def revoke(grant_id: UUID, body: ReasonBody) -> http.Answer:
    """Revokes the grant: within seconds nothing more is given under it. A proposal is withdrawn in the same way."""
    subject = identity.current()
    command = RevokeGrant(grant_id, body.reason, by=subject.subject, at=context().clock.now())
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            revoke_grant(tx, command)
            return http.created(reads.grant(tx, grant_id))

        return once(tx, carry_out)
