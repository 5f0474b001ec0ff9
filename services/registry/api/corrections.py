"""PATCH /api/v1/units/{unit_id} and /people/{person_id}; their /corrections; /units/{unit_id}/tenants, /tenancies/{tenancy_id}/end"""

from uuid import UUID

from flask import Blueprint

from services.registry.api.bodies import CorrectPersonBody, CorrectUnitBody, EndTenancyBody, HolderBody, TenantBody
from services.registry.commands.correct_person import CorrectPerson, correct_person
from services.registry.commands.correct_unit import CorrectUnit, Holding, correct_unit
from services.registry.commands.keep_tenants import EndTenancy, RecordTenant, end_tenancy, record_tenant
from services.registry.domain import written
from services.registry.domain.cells import Value
from services.registry.domain.template import OF_UNIT
from services.registry.queries import corrections as reads
from services.registry.queries import units
from services.registry.queries.corrections import CorrectionState, TenancyState
from services.registry.queries.units import PersonState, UnitState
from shared.events.day import business_day
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once

corrections = Blueprint("corrections", __name__, url_prefix="/api/v1")
_CLERKS = ("clerk", "command")
READERS = ("clerk", "command", "auditor")  # of corrections, with their authors and reasons
_FIELD = ("officer", "desk", *_CLERKS)
_FIRST = UUID(int=0)
_CHOICES = [column.name for column in OF_UNIT if column.choices]
_PROBLEMS = (
    "register-busy", "version-required", "version-superseded", "person-forgotten", "correction-faulty",
)  # fmt: skip


@http.route(
    corrections,
    "PATCH",
    "/units/<uuid:unit_id>",
    roles=_CLERKS,
    answers=UnitState,
    problems=(*_PROBLEMS, "roll-frozen"),
)
def patch_unit(unit_id: UUID, body: CorrectUnitBody) -> http.Answer:
    """Corrects one unit or its right-holders, with the checks of the import. Needs If-Match."""
    subject, now = identity.current(), context().clock.now()
    command = CorrectUnit(
        unit_id,
        http.expected_version(),
        _in_words(body),
        None if body.right_holders is None else [_holding(holder) for holder in body.right_holders],
        body.reason,
        by=subject.subject,
        at=now,
        today=business_day(now),
    )
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            revision = correct_unit(tx, context().resources, command)
            return http.ok(units.one(tx, unit_id), version=revision)

        return once(tx, carry_out)


@http.route(corrections, "PATCH", "/people/<uuid:person_id>", roles=_FIELD, answers=PersonState, problems=_PROBLEMS)
def patch_person(person_id: UUID, body: CorrectPersonBody) -> http.Answer:
    """Corrects a name, a contact or the language of messages. Needs If-Match."""
    subject, now = identity.current(), context().clock.now()
    changes = body.model_dump(include=body.model_fields_set - {"reason"})
    command = CorrectPerson(
        person_id,
        http.expected_version(),
        changes,
        body.reason,
        by=subject.subject,
        at=now,
        today=business_day(now),
    )
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            revision = correct_person(tx, context().resources, command)
            return http.ok(units.person(tx, person_id), version=revision)

        return once(tx, carry_out)


@http.route(corrections, "GET", "/units/<uuid:unit_id>/corrections", roles=READERS, answers=Paged[CorrectionState])
def list_unit_corrections(unit_id: UUID, query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.of_unit(tx, unit_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.correction_id,), of=Paged[CorrectionState])


@http.route(corrections, "GET", "/people/<uuid:person_id>/corrections", roles=READERS, answers=Paged[CorrectionState])
def list_person_corrections(person_id: UUID, query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.of_person(tx, person_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.correction_id,), of=Paged[CorrectionState])


@http.route(
    corrections,
    "POST",
    "/units/<uuid:unit_id>/tenants",
    roles=_FIELD,
    answers=TenancyState,
    problems=("register-busy", "correction-faulty", "tenancy-ends-first", "tenant-there"),
)
def add_tenant(unit_id: UUID, body: TenantBody) -> http.Answer:
    subject, now = identity.current(), context().clock.now()
    details = body.model_dump(exclude={"use", "since_on", "until_on"})
    command = RecordTenant(
        unit_id, details, body.use, body.since_on, body.until_on, by=subject.subject, at=now, today=business_day(now)
    )
    with database.begin(context().engine, district=subject.district) as tx:
        return once(tx, lambda: http.created(reads.tenancy(tx, record_tenant(tx, context().resources, command))))


@http.route(
    corrections,
    "GET",
    "/units/<uuid:unit_id>/tenants",
    roles=(*_FIELD, "auditor"),
    answers=Paged[TenancyState],
)
def list_tenants(unit_id: UUID, query: Page) -> http.Answer:
    """Current and former tenants, masked."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.tenancies(tx, unit_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.tenancy_id,), of=Paged[TenancyState])


@http.route(corrections, "POST", "/tenancies/<uuid:tenancy_id>/end", roles=_FIELD, answers=TenancyState)
def end(tenancy_id: UUID, body: EndTenancyBody) -> http.Answer:
    command = EndTenancy(tenancy_id, body.ended_on, by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            end_tenancy(tx, command)
            return http.created(reads.tenancy(tx, tenancy_id))

        return once(tx, carry_out)


def _in_words(body: CorrectUnitBody) -> dict[str, Value | None]:
    """Values by column of the template, in the template's words."""
    values: dict[str, Value | None] = body.model_dump(
        include=body.model_fields_set - {"reason", "right_holders", "top_floor"}
    )
    for column in _CHOICES:
        if (code := values.get(column)) is not None:
            values[column] = written.word(column, str(code))
    if body.top_floor is not None:
        values["floor"] = f"{body.floor}至{body.top_floor}"
    return values


def _holding(body: HolderBody) -> Holding:
    details: dict[str, Value | None] = {"share": body.share}
    details["capacity"] = body.capacity and written.word("capacity", body.capacity)
    for prefix, person in (("", body.person), ("guardian_", body.guardian)):
        if person is not None:
            details |= {
                f"{prefix}name": person.name,
                f"{prefix}document_type": written.word("document_type", person.document_type),
                f"{prefix}document_number": person.document_number,
            }
    if body.person is not None:
        details |= {"mobile": body.mobile, "email": body.email, "time_zone": body.time_zone}
        details["language"] = body.language and written.word("language", body.language)
    given = {name: value for name, value in details.items() if value is not None}
    return Holding(given, body.person_id, body.guardian_id)
