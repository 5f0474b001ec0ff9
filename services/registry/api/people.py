"""/api/v1/people, /people/searches, /people/{person_id}, its /reveals and /forgetting; /reveals and /name-searches for the auditor."""

from uuid import UUID

from flask import Blueprint
from pydantic import BaseModel

from services.registry.api.bodies import ReasonBody, SearchNamesBody
from services.registry.commands.forget_person import ForgetPerson, forget_person
from services.registry.commands.reveal_person import RevealPerson, reveal_person
from services.registry.commands.search_names import SearchNames, search_names
from services.registry.queries import name_searches, reveals
from services.registry.queries import units as reads
from services.registry.queries.name_searches import SearchState
from services.registry.queries.reveals import RevealState
from services.registry.queries.units import PersonState
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once

people = Blueprint("people", __name__, url_prefix="/api/v1")
_AT_WORK = ("clerk", "desk", "officer", "command")
_FIRST = UUID(int=0)
_SHOWN = 50


class Revealed(BaseModel):
    """The only response with readable values. Of the document number it shows the last four characters."""

    person_id: UUID
    name: str
    document_type: str
    document_number: str
    mobile: str | None
    email: str | None
    language: str
    time_zone: str | None


class Named(BaseModel):
    """How many people bear the name, and the first 50 of them, masked."""

    found: int
    people: list[PersonState]


class Forgotten(BaseModel):
    person_id: UUID
    key_id: UUID


@http.route(people, "GET", "/people", roles=_AT_WORK, answers=Paged[PersonState])
def list_people(query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.people(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.person_id,), of=Paged[PersonState])


@http.route(people, "GET", "/people/<uuid:person_id>", roles=(*_AT_WORK, "auditor"), answers=PersonState)
def show_person(person_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.person(tx, person_id)
    return http.ok(found, version=found.revision)


# As for a reveal: no idempotency key, and every search is recorded separately. The name stands in the body, never in an address.
@http.route(people, "POST", "/people/searches", roles=_AT_WORK, answers=Named, changes=False)
def search(body: SearchNamesBody) -> http.Answer:
    subject = identity.current()
    command = SearchNames(
        body.name, body.reason, subject.subject, roles=tuple(sorted(subject.roles)), at=context().clock.now()
    )
    with database.begin(context().engine, district=subject.district) as tx:
        found = search_names(tx, context().resources, command)
        return http.ok(Named(found=len(found), people=reads.named(tx, found, limit=_SHOWN)))


# No idempotency key: a reveal changes nothing twice, and its response must not be stored for a replay. Every reveal is
# recorded separately.
@http.route(
    people,
    "POST",
    "/people/<uuid:person_id>/reveals",
    roles=_AT_WORK,
    answers=Revealed,
    problems=("person-forgotten",),
    changes=False,
)
def reveal(person_id: UUID, body: ReasonBody) -> http.Answer:
    subject = identity.current()
    command = RevealPerson(
        person_id, body.reason, subject.subject, roles=tuple(sorted(subject.roles)), at=context().clock.now()
    )
    with database.begin(context().engine, district=subject.district) as tx:
        found = reveal_person(tx, context().resources, command)
    return http.ok(
        Revealed(
            person_id=person_id,
            name=found.name,
            document_type=found.document_type,
            document_number="*" * (len(found.document_number) - 4) + found.document_number[-4:],
            mobile=found.mobile,
            email=found.email,
            language=found.message_language,
            time_zone=found.time_zone,
        )
    )


@http.route(
    people,
    "POST",
    "/people/<uuid:person_id>/forgetting",
    roles=("command",),
    answers=Forgotten,
    problems=("register-busy", "person-forgotten"),
)
def forget(person_id: UUID, body: ReasonBody) -> http.Answer:
    command = ForgetPerson(person_id, body.reason, by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:
        return once(tx, lambda: http.created(Forgotten(person_id=person_id, key_id=forget_person(tx, command))))


@http.route(people, "GET", "/reveals", roles=("auditor",), answers=Paged[RevealState])
def list_reveals(query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reveals.page(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.reveal_id,), of=Paged[RevealState])


@http.route(people, "GET", "/name-searches", roles=("auditor",), answers=Paged[SearchState])
def list_searches(query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = name_searches.page(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.search_id,), of=Paged[SearchState])
