"""The tests' own service: notes are written, edited, crossed and uploaded through the kit, and through nothing else."""

import threading
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from uuid import UUID, uuid4

from flask import Blueprint, request
from sqlalchemy import text

from shared.refusal import Refused, Unknown
from shared.service import database, http, idempotency, identity
from shared.service.context import context
from shared.service.database import Transaction

NOTES = """create table notes (note_id uuid primary key, district text not null, words text not null,
                             version int not null default 1, number bigint generated always as identity)"""
notes = Blueprint("notes", __name__, url_prefix="/api/v1")
pages = Blueprint("pages", __name__)


class Meeting:
    """Lets a test hold the first calls of a view inside their transactions. Given as the service's `resources`."""

    def __init__(self) -> None:
        self.numbers = count()
        self.both, self.inside, self.go_on = threading.Barrier(2), threading.Event(), threading.Event()

    def hold(self) -> None:
        self.inside.set()
        assert self.go_on.wait(20)


class WriteNote(http.Body):
    words: str
    copies: int = 1


class Cross(http.Body):
    first: UUID
    second: UUID


class Note(http.BaseModel):
    note_id: UUID
    words: str


@http.route(notes, "POST", "/notes", roles=("desk", "city"), answers=Note, problems=("note-forbidden",))
def write_note(body: WriteNote) -> http.Answer:
    """Writes a note.

    The word 禁 is refused.
    """
    return _once(lambda tx: _written(tx, body.words))


@http.route(notes, "POST", "/notes/<uuid:note_id>/answers", roles=("desk",), answers=Note, problems=("note-forbidden",))
def answer_note(note_id: UUID, body: WriteNote) -> http.Answer:
    return _once(lambda tx: _written(tx, f"{note_id}: {body.words}"))


@http.route(notes, "POST", "/careless-notes", roles=("desk",), answers=Note)
def write_carelessly(body: WriteNote) -> http.Answer:
    return http.created(Note(note_id=uuid4(), words=body.words))


@http.route(notes, "POST", "/held-notes", roles=("desk",), answers=Note, problems=("note-forbidden",))
def write_held(body: WriteNote) -> http.Answer:
    """The first call is held inside its transaction; with the word 禁 it is then refused."""

    def carry_out(tx: Transaction) -> http.Answer:
        if next(context().resources.numbers):
            return _written(tx, body.words.replace("禁", ""))
        context().resources.hold()
        return _written(tx, body.words)

    return _once(carry_out)


@http.route(notes, "POST", "/crossings", roles=("desk",), answers=Note)
def cross(body: Cross) -> http.Answer:
    """Locks two notes in the order given; the first two calls meet between the one and the other."""

    def carry_out(tx: Transaction) -> http.Answer:
        _append(tx, body.first, "×")
        if next(context().resources.numbers) < 2:
            context().resources.both.wait(20)
        _append(tx, body.second, "×")
        return http.created(Note(note_id=body.first, words="×"))

    return _once(carry_out)


@http.route(notes, "POST", "/storms", roles=("desk",), answers=Note)
def storm(body: WriteNote) -> http.Answer:
    """`copies` calls end in a serialization failure, after having written."""

    def carry_out(tx: Transaction) -> http.Answer:
        answer = _written(tx, body.words)
        if next(context().resources.numbers) < body.copies:
            tx.connection.execute(text("do $$ begin raise exception 'storm' using errcode = '40001'; end $$"))
        return answer

    return _once(carry_out)


@http.route(notes, "POST", "/uploads", roles=("desk",), answers=Note, files=("file",))
def upload(**_: object) -> http.Answer:
    """The first call reads the file and then fails as a deadlock does."""

    def carry_out(tx: Transaction) -> http.Answer:
        digest = sha256(request.files["file"].stream.read()).hexdigest()
        if not next(context().resources.numbers):
            tx.connection.execute(text("do $$ begin raise exception 'storm' using errcode = '40P01'; end $$"))
        return _written(tx, digest)

    return _once(carry_out)


@http.route(
    notes, "PUT", "/notes/<uuid:note_id>", roles=("desk",), answers=Note, problems=("version-required", "version-superseded")
)  # fmt: skip
def edit_note(note_id: UUID, body: WriteNote) -> http.Answer:
    expected = {"n": note_id, "w": body.words, "v": http.expected_version()}
    update = "update notes set words = :w, version = version + 1 where note_id = :n and version = :v returning version"
    with database.begin(context().engine, district=identity.current().district) as tx:
        if (version := tx.connection.execute(text(update), expected).scalar()) is None:
            raise Refused("version-superseded")
    return http.ok(Note(note_id=note_id, words=body.words), version=version)


@http.route(notes, "GET", "/notes/<uuid:note_id>", roles=identity.ROLES, answers=Note)
def read_note(note_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = tx.connection.execute(text("select words, version from notes where note_id = :n"), {"n": note_id})
        if (row := found.one_or_none()) is None:
            raise Unknown
    return http.ok(Note(note_id=note_id, words=row.words), version=row.version)


@http.route(notes, "GET", "/notes", roles=identity.ROLES, answers=http.Paged[Note])
def list_notes(query: http.Page) -> http.Answer:
    after = query.after(int) or (0,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = tx.connection.execute(
            text("select note_id, words, number from notes where number > :after order by number limit :limit"),
            {"after": after[0], "limit": query.limit + 1},
        ).all()
    numbers = {row.note_id: row.number for row in found}
    items = [Note(note_id=row.note_id, words=row.words) for row in found]
    return http.paged(items, query=query, place=lambda note: (numbers[note.note_id],), of=http.Paged[Note])


@http.route(notes, "GET", "/failure", roles=identity.EVERYBODY)
def fail() -> http.Answer:
    message = "secret of the house"
    raise RuntimeError(message)


@http.route(notes, "GET", "/surprises", roles=identity.EVERYBODY)
def surprise() -> http.Answer:
    raise Refused("note-forbidden", words="禁", stray=1)


@pages.get("/desk")
@identity.requires("desk")
def desk() -> str:
    return f"<p>{identity.current().name}</p>"


def _once(carry_out: Callable[[Transaction], http.Answer]) -> http.Answer:
    with database.begin(context().engine, district=identity.current().district) as tx:
        return idempotency.once(tx, lambda: carry_out(tx))


def _written(tx: Transaction, words: str) -> http.Answer:
    if "禁" in words:
        raise Refused("note-forbidden", words=words)
    note = Note(note_id=uuid4(), words=words)
    tx.connection.execute(
        text("insert into notes (note_id, district, words) values (:n, :d, :w)"),
        {"n": note.note_id, "d": tx.district, "w": words},
    )
    return http.created(note, version=1, location=f"/api/v1/notes/{note.note_id}")


def _append(tx: Transaction, note_id: UUID, words: str) -> None:
    tx.connection.execute(text("update notes set words = words || :w where note_id = :n"), {"n": note_id, "w": words})
