"""Commits a clean import to the register: all of it in one transaction, or nothing.

Invariant: the rows are checked again under the project's lock, because the register may have changed since the dry run. What a clerk has
corrected since is not overwritten: the dry run did not show it to whoever ordered the commit.
Events are flushed in batches of a thousand. This cannot deadlock here, and only here, because imports of a district run one after
another (below) and no other command writes events about units and people that do not exist yet.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain import person
from services.registry.domain.act import Act
from services.registry.domain.imports import Import
from services.registry.domain.person import Personal
from services.registry.domain.template import HOLDERS_SHEET
from services.registry.store import acts, alike, checks, imports, people, projects, units
from services.registry.store import vault as sealed
from services.registry.store.progress import Report
from services.registry.store.vault import Vault
from shared.messaging.sealing import DataKey
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class CommitImport:
    import_id: UUID
    at: datetime


def ask_for_commit(tx: Transaction, import_id: UUID, *, by: str, at: datetime) -> None:
    """Orders the commit; the worker carries it out. Raises Unknown; Refused: import-faulty, import-not-ready, roll-frozen."""
    it = imports.load(tx, import_id)
    projects.refuse_when_frozen(tx, it.project_id)
    before = it.state
    it.commit()
    imports.save(tx, it)
    if it.state != before:
        acts.record(tx, Act("commit-ordered", by, at, it.project_id, import_id))


def commit_import(tx: Transaction, vault: Vault, command: CommitImport, *, report: Report) -> None:
    """Ends as `committed`, or as `faulty` with nothing written. Reports its progress in lines and units. Refused: roll-frozen,
    import-outdated, import-file-gone.
    """
    people.lock_district(tx)
    it = imports.load(tx, command.import_id)
    projects.lock(tx, it.project_id)
    projects.refuse_when_frozen(tx, it.project_id)
    if checks.outdated(tx, it.import_id, it.project_id):
        raise Refused("import-outdated")
    found_in(tx, vault, it)
    counted = imports.checked(tx, it.import_id, at=command.at)
    if counted.faults:
        it.move("faulty")
        imports.save(tx, it)
        return
    if renewed_in(tx, vault, it) > imports.contacts_shown(tx, it.import_id):
        raise Refused("import-outdated")
    done, total = 0, counted.lines + counted.units
    for lines, found in people_in(tx, vault, it):
        tx.record(*people.record(tx, vault, found, at=command.at))
        tx.flush()
        done += lines
        report(done, total)
    units.carry_over(tx, it.import_id, it.project_id, at=command.at)
    it.move("committed")
    imports.save(tx, it)
    for batch in units.changed(tx, it.import_id, it.project_id):
        tx.record(*batch)
        tx.flush()
        done += len({event.unit_id for event in batch})
        report(done, total)
    imports.committed(tx, it.import_id, at=command.at)


def found_in(tx: Transaction, vault: Vault, it: Import, *, report: Report = lambda _done, _total: None) -> None:
    """Runs all checks over the staged lines. Raises Refused import-file-gone."""
    checks.run(tx, it.import_id, it.project_id, report=report)
    alike.explain_differences(tx, vault, it.import_id, _key(vault, it), sheet=HOLDERS_SHEET)


def reject_import(tx: Transaction, import_id: UUID, refusal: Refused) -> None:
    """Ends the import without a commit; the register is unchanged."""
    it = imports.load(tx, import_id)
    it.reject()
    imports.save(tx, it)
    imports.refuse(tx, import_id, refusal.code, refusal.facts)


def people_in(tx: Transaction, vault: Vault, it: Import) -> Iterator[tuple[int, dict[bytes, Personal]]]:
    """Per batch: the number of lines, and their people by document mark. Raises Refused import-file-gone."""
    key = _key(vault, it)
    for batch in imports.sealed_lines(tx, it.import_id):
        found: dict[bytes, Personal] = {}
        for row, content in batch:
            for personal in _people(sealed.opened_line(content, key=key, import_id=it.import_id, row=row)):
                mark = vault.document_mark(personal)
                found[mark] = found[mark].renewed(personal) if mark in found else personal
        yield len(batch), found


def renewed_in(tx: Transaction, vault: Vault, it: Import) -> int:
    """How many people have other contact data in the register. Raises Refused import-file-gone."""
    return sum(people.renewed(tx, vault, found) for _, found in people_in(tx, vault, it))


def _key(vault: Vault, it: Import) -> DataKey:
    if it.wrapped_key is None:
        raise Refused("import-file-gone")
    return vault.key(it.import_id, it.key_id, bytes(it.wrapped_key))


def _people(content: bytes) -> list[Personal]:
    values = json.loads(content)
    holder = person.of_line(values)
    return [holder, person.of_line(values, guardian=True)] if values["guardian_name"] else [holder]
