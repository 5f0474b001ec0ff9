"""The register as rows of the template: masked, or readable for an export with a recorded reason.

Invariant: each batch of units is read in its own transaction. So a slow client keeps no transaction open, and only one batch is in
memory. Each unit is shown as of the time when its batch was read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Engine, text

from services.registry.domain import written
from services.registry.domain.cells import Value
from services.registry.domain.person import Personal
from services.registry.domain.written import Words
from services.registry.store import people
from services.registry.store.columns import BUILDING_NAMES
from services.registry.store.vault import Vault
from shared.service import database
from shared.service.database import Transaction

Row = Mapping[str, Value]
_BATCH = 500


class ExportState(BaseModel):
    """A readable export: who made it, why and when."""

    export_id: UUID
    district: str
    project_id: UUID
    subject: str
    roles: list[str]
    reason: str
    units: int
    exported_at: datetime


_UNITS = text("""
    select unit_id, source, (
        select jsonb_agg(jsonb_build_object('person_id', holders.person_id, 'masked_name', people.masked_name,
            'guardian_id', guardian_id, 'guardian_name', guardians.masked_name, 'guardian_type', guardians.document_type) order by place)
        from holders join people using (person_id) left join people as guardians on guardians.person_id = holders.guardian_id
        where holders.unit_id = units.unit_id) as holders
    from units where project_id = :project_id and unit_id > :after order by unit_id limit :batch
""")
_BUILDINGS = text(f"""
    select building_id, {BUILDING_NAMES} from buildings
    where project_id = :project_id and building_id > :after order by building_id limit :batch
""")  # noqa: S608 - names of ours
_EXPORTS = text("""
    select export_id, district, project_id, subject, roles, reason, units, exported_at from exports
    where export_id > :after order by export_id limit :limit
""")

_LATEST = text("""
    select export_id, district, project_id, subject, roles, reason, units, exported_at from exports
    order by export_id desc limit :limit
""")


def page(tx: Transaction, *, after: UUID, limit: int) -> list[ExportState]:
    rows = tx.connection.execute(_EXPORTS, {"after": after, "limit": limit}).mappings()
    return [ExportState.model_validate(dict(row)) for row in rows]


def latest(tx: Transaction, *, limit: int) -> list[ExportState]:
    rows = tx.connection.execute(_LATEST, {"limit": limit}).mappings()
    return [ExportState.model_validate(dict(row)) for row in rows]


def buildings(engine: Engine, project_id: UUID, *, granted: Sequence[str]) -> Iterator[Row]:
    for batch in _batches(engine, _BUILDINGS, project_id, granted, lambda _, rows: list(rows)):
        for row in batch:
            yield {name: value for name, value in row.items() if value is not None and name != "building_id"}


def masked(engine: Engine, project_id: UUID, *, granted: Sequence[str]) -> Iterator[Row]:
    """Without document numbers and telephones; names masked as on the pages."""

    def described(_: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [line for row in rows for line in _lines(row, _masked)]

    return (line for batch in _batches(engine, _UNITS, project_id, granted, described) for line in batch)


def readable(engine: Engine, vault: Vault, project_id: UUID, *, district: str) -> Iterator[Row]:
    """All values. Importing the result again changes nothing. A forgotten person stays forgotten."""

    def described(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        holders = [holder for row in rows for holder in row["holders"]]
        person_ids = {UUID(holder[name]) for holder in holders for name in ("person_id", "guardian_id") if holder[name]}
        known = people.opened(tx, vault, list(person_ids), district=district)
        return [line for row in rows for line in _lines(row, lambda kept, holder: _readable(kept, holder, known))]

    return (line for batch in _batches(engine, _UNITS, project_id, [district], described) for line in batch)


def _batches(
    engine: Engine,
    statement: Any,  # noqa: ANN401 - one of the two above
    project_id: UUID,
    granted: Sequence[str],
    described: Callable[[Transaction, Sequence[Mapping[str, Any]]], list[Row]],
) -> Iterator[list[Row]]:
    after = UUID(int=0)
    while True:
        with database.reading(engine, granted=granted) as tx:
            place = {"project_id": project_id, "after": after, "batch": _BATCH}
            rows = [dict(row) for row in tx.connection.execute(statement, place).mappings()]
            found = described(tx, rows) if rows else []
        if not rows:
            return
        yield found
        after = next(iter(rows[-1].values()))


def _lines(row: Mapping[str, Any], of: Callable[[Mapping[str, str | None], Mapping[str, Any]], Words]) -> Iterator[Row]:
    unit = written.unit(row["source"])
    for kept, holder in zip(row["source"]["holders"], row["holders"], strict=True):
        yield {**unit, **written.holder(kept), **of(kept, holder)}


def _masked(kept: Mapping[str, str | None], holder: Mapping[str, Any]) -> Words:
    words: Words = {
        "name": holder["masked_name"],
        "document_type": written.word("document_type", str(kept["document_type"])),
    }
    if holder["guardian_id"]:
        words["guardian_name"] = holder["guardian_name"]
        words["guardian_document_type"] = written.word("document_type", holder["guardian_type"])
    return words


def _readable(kept: Mapping[str, str | None], holder: Mapping[str, Any], known: Mapping[UUID, Personal]) -> Words:
    words = _masked(kept, holder)
    if personal := known.get(UUID(holder["person_id"])):
        words |= written.person(personal)
    if holder["guardian_id"] and (guardian := known.get(UUID(holder["guardian_id"]))):
        words |= written.guardian(guardian)
    return words
