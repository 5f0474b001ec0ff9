"""A small service of the tests' own: real database, real issuer, the kit's factory."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Blueprint, Flask
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

from deploy.local import issuer as local_issuer
from shared.refusal import Refused, Unknown
from shared.service import database, factory, http, idempotency, identity, rows
from shared.service.clock import RealClock
from shared.service.limits import Limits
from shared.service.running import running
from tests.support.platform import Database

OURS, THEIRS = "440303", "440305"
NOTES = """create table notes (note_id uuid primary key, district text not null, words text not null,
                             number bigint generated always as identity)"""

notes = Blueprint("notes", __name__, url_prefix="/api/v1")


class WriteNote(http.Body):
    words: str
    copies: int = 1


class Note(http.BaseModel):
    note_id: UUID
    words: str


@http.route(notes, "POST", "/notes", roles=("desk", "city"), answers=Note, problems=("note-forbidden",))
def write_note(body: WriteNote) -> http.Answer:
    """Writes a note.

    The word 禁 is refused.
    """
    with database.begin(running().engine, district=identity.current().district) as tx:
        return idempotency.once(tx, lambda: _written(tx, body))


@http.route(notes, "POST", "/careless-notes", roles=("desk",), answers=Note)
def write_carelessly(body: WriteNote) -> http.Answer:
    return http.created(Note(note_id=uuid4(), words=body.words))


@http.route(notes, "GET", "/notes/<uuid:note_id>", roles=identity.ROLES, answers=Note)
def read_note(note_id: UUID) -> http.Answer:
    with database.reading(running().engine, granted=identity.current().granted) as tx:
        found = tx.connection.execute(text("select note_id, words from notes where note_id = :n"), {"n": note_id})
        if (row := found.one_or_none()) is None:
            raise Unknown(note_id=note_id)
        return http.ok(Note(**row._asdict()), version=1)


@http.route(notes, "GET", "/notes", roles=identity.ROLES, answers=http.Paged[Note])
def list_notes(query: http.Page) -> http.Answer:
    after = query.after(int) or (0,)
    with database.reading(running().engine, granted=identity.current().granted) as tx:
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


pages = Blueprint("pages", __name__)


@pages.get("/desk")
@identity.requires("desk")
def desk() -> str:
    return f"<p>{identity.current().name}</p>"


def _written(tx: database.Transaction, body: WriteNote) -> http.Answer:
    if "禁" in body.words:
        raise Refused("note-forbidden", words=body.words)
    note = Note(note_id=uuid4(), words=body.words)
    tx.connection.execute(
        text("insert into notes (note_id, district, words) values (:n, :d, :w)"),
        {"n": note.note_id, "d": tx.district, "w": body.words},
    )
    return http.created(note, version=1, location=f"/api/v1/notes/{note.note_id}")


@dataclass(frozen=True)
class Settings:
    issuer_url: str
    public_url: str = "http://localhost"
    session_secret: str = "only-for-tests"


@dataclass(frozen=True)
class Kit:
    """The service under test."""

    app: Flask
    engine: Engine
    owner: Engine
    mechanism: Engine
    local_dir: Path

    def bearer(self, *, role: str = "desk", districts: tuple[str, ...] = (OURS,), **more: str) -> dict[str, str]:
        token = local_issuer.mint(self.local_dir, role=role, districts=districts)
        return {"Authorization": f"Bearer {token}", **more}


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    local_dir = tmp_path_factory.mktemp("issuer")
    server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    server.app = local_issuer.create(local_dir, issuer=url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield url, local_dir
    server.shutdown()


@pytest.fixture
def kit(empty_database: Callable[[str], Database], issuer: tuple[str, Path], tmp_path: Path) -> Iterator[Kit]:
    urls = empty_database("kit")
    owner, app, mechanism = (
        database.connect(url, application_name="kit", pool_size=20, statement_seconds=20)
        for url in (urls.owner, urls.app, urls.mechanism)
    )
    with owner.begin() as connection:
        for statement in (
            *rows.schema("kit"),
            *idempotency.schema("kit"),
            NOTES,
            *rows.protect("notes", service="kit"),
        ):
            connection.execute(text(statement))
    codes = tmp_path / "problems.toml"
    codes.write_text(
        '[note-forbidden]\nstatus = 409\nzh = "不可写"\nzh_hant = "不可寫"\nen = "Forbidden word"\nnext = "换一个词"\n'
    )
    application = factory.create(
        "kit",
        engine=app,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=[notes, pages],
        problem_files=[codes],
        limits=Limits(per_second=1000, burst=1000),
    )
    yield Kit(application, app, owner, mechanism, issuer[1])
    for engine in (owner, app, mechanism):
        engine.dispose()
