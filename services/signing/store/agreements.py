"""Agreements in PostgreSQL: loaded under a lock, after their case; saved with what they have frozen and collected."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from services.signing.domain.agreement import Agreement, Detachment, Lock, Signature, Turn
from services.signing.domain.moves import SIGNABLE, UNLOCKED
from services.signing.domain.terms import TermLine
from services.signing.store import pipeline, rights
from services.signing.store.pipeline import Query
from shared.refusal import Refused
from shared.service.database import Transaction
from shared.telemetry import tracing

# Whoever changes what is joined holds the lock of the case, so it stands still while the agreement is being locked.
_AGREEMENTS = """
    select agreements.*, ownership, rights_revision, digest, locked_at, locked_by, number, signed_at, detached_at, reason, (
        select successor.agreement_id from agreements successor where successor.supersedes = agreements.agreement_id) as superseded_by
    from agreements left join locks using (agreement_id, lock_count) left join numbers using (agreement_id)
    left join detachments using (agreement_id)
    where agreement_id {} order by unit_id
"""
_PARTS = (
    "select * from term_lines where agreement_id {} order by position",
    "select locked_holders.* from locked_holders join agreements using (agreement_id, lock_count) where agreement_id {}",
    "select signatures.* from signatures join agreements using (agreement_id, lock_count) where agreement_id {} order by signed_at",
)
# For one agreement without an array: the database plans such a statement once, and one with an array for every array.
_ONE, _MANY, _READ = (
    tuple(text(part.format(which)) for part in (_AGREEMENTS + lock, *_PARTS))
    for which, lock in (
        ("= :agreement_id", "for update of agreements"),
        ("= any(:agreement_ids)", "for update of agreements"),
        ("= :agreement_id", ""),
    )
)
_LIVE = text("select agreement_id from agreements where unit_id = :unit_id and live")
_SIGNED_OF = text("""
    select unit_id, agreement_id from agreements where project_id = :project_id and state = 'signed' order by unit_id limit :limit
""")
_SIGNED_ON = text("select agreement_id from agreements where unit_id = any(:unit_ids) and state = 'signed'")
_ADD = text("""
    insert into agreements (district, agreement_id, unit_id, project_id, form, series, rule_set_version, supersedes, state, drafted_at,
                            moved_at)
    values (:district, :agreement_id, :unit_id, :project_id, :form, :series, :rule_set_version, :supersedes, :state, :drafted_at,
            :moved_at)
""")
_SAVE = """
    update agreements set form = :form, series = :series, rule_set_version = :rule_set_version, state = :state,
           lock_count = :lock_count, effective_at = :effective_at, moved_at = :moved_at, version = version + 1
    where agreement_id = :agreement_id and version = :version
"""
_SAVE_ALONE = text(_SAVE)
_DROP_LINES = text("delete from term_lines where agreement_id = :agreement_id")
_ADD_LINE = text("""
    insert into term_lines (district, agreement_id, head, position, kind, amount_fen, quantity, unit_price_fen)
    values (:district, :agreement_id, :head, :position, :kind, :amount_fen, :quantity, :unit_price_fen)
""")
_ADD_LOCK = text("""
    insert into locks (district, agreement_id, lock_count, holders, ownership, rights_revision, rule_set_version, digest,
                       locked_at, locked_by)
    values (:district, :agreement_id, :lock_count, :holders, :ownership, :rights_revision, :rule_set_version, :digest,
            :locked_at, :locked_by)
""")
_ADD_HOLDER = text("""
    insert into locked_holders (district, agreement_id, lock_count, person_id, position, name, kind, capable, parts, whole, written)
    values (:district, :agreement_id, :lock_count, :person_id, :position, :name, :kind, :capable, :parts, :whole, :written)
""")
_SIGN = text(f"""
    with saved as ({_SAVE})
    insert into signatures (district, agreement_id, lock_count, right_holder, hand, capacity, mandate_id, signed_at, taken_by, desk, papers,
                            trace_id)
    values (:district, :agreement_id, :lock_count, :right_holder, :hand, :capacity, :mandate_id, :signed_at, :taken_by, :desk,
            cast(:papers as text[]), :trace_id)
""")  # noqa: S608 - a constant


def load(tx: Transaction, agreement_id: UUID) -> Agreement:
    """Raises Refused: agreement-unknown."""
    if found := _load(tx, _ONE, {"agreement_id": agreement_id}):
        return found[0]
    raise Refused("agreement-unknown")


def read(tx: Transaction, agreement_id: UUID) -> Agreement:
    """Without a lock, for a reader. Raises Refused: agreement-unknown."""
    if found := _load(tx, _READ, {"agreement_id": agreement_id}):
        return found[0]
    raise Refused("agreement-unknown")


def signed_of(tx: Transaction, project_id: UUID, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Units and agreements that are signed but neither effective nor undone. Without a lock: the caller checks again under one."""
    rows = tx.connection.execute(_SIGNED_OF, {"project_id": project_id, "limit": limit})
    return [(row.unit_id, row.agreement_id) for row in rows]


def signed_on(tx: Transaction, unit_ids: Collection[UUID]) -> list[UUID]:
    """The same for units whose cases are locked."""
    return list(tx.connection.execute(_SIGNED_ON, {"unit_ids": list(unit_ids)}).scalars())


def live(tx: Transaction, unit_id: UUID) -> Agreement | None:
    agreement_id = tx.connection.execute(_LIVE, {"unit_id": unit_id}).scalar_one_or_none()
    return None if agreement_id is None else load(tx, agreement_id)


def load_many(tx: Transaction, agreement_ids: Sequence[UUID]) -> list[Agreement]:
    """Under their locks, by unit. Call it under the locks of their cases."""
    return _load(tx, _MANY, {"agreement_ids": list(agreement_ids)})


def add(tx: Transaction, agreement: Agreement, *, at: datetime) -> None:
    """Call it under the case's lock, after a check that the unit has no live one. The index one_live_agreement enforces it too."""
    tx.connection.execute(_ADD, {**_row(tx, agreement), "drafted_at": at})
    _replace_lines(tx, agreement)
    agreement.version = 1


def save(tx: Transaction, agreement: Agreement, *, new_lines: bool = False) -> None:
    if tx.write(_SAVE_ALONE, _row(tx, agreement)) != 1:
        message = f"agreement {agreement.agreement_id} was changed under its lock"
        raise AssertionError(message)
    agreement.version += 1
    if new_lines:
        tx.connection.execute(_DROP_LINES, {"agreement_id": agreement.agreement_id})
        _replace_lines(tx, agreement)


def save_signed(tx: Transaction, agreement: Agreement) -> None:
    """Saves it with its last signature."""
    signature = agreement.signatures[-1]
    its = {**vars(signature), "papers": list(signature.papers), "trace_id": tracing.trace_id()}
    tx.write(_SIGN, {**_row(tx, agreement), **its})
    agreement.version += 1


def save_lock(tx: Transaction, agreement: Agreement) -> None:
    """Call it with the first save after the lock."""
    if agreement.state not in SIGNABLE or agreement.lock is None:
        message = f"{agreement.state} is not a lock"
        raise AssertionError(message)
    lock = agreement.lock
    key = {"district": tx.district, "agreement_id": agreement.agreement_id, "lock_count": lock.count}
    facts = {"ownership": lock.rights.ownership, "rights_revision": lock.rights_revision, "digest": lock.digest}
    what = {
        **facts,
        "holders": len(lock.rights.holders),
        "rule_set_version": agreement.rule_set_version,
        "locked_at": lock.locked_at,
        "locked_by": lock.locked_by,
    }
    tx.connection.execute(_ADD_LOCK, {**key, **what})
    tx.connection.execute(_ADD_HOLDER, rights.rows(lock.rights, **key))


def _load(tx: Transaction, statements: Sequence[TextClause], which: dict[str, object]) -> list[Agreement]:
    """In one round trip."""
    rows, *parts = pipeline.together(tx, *(Query(statement, which) for statement in statements))
    return [_Parts(*parts).agreement(row) for row in rows]


class _Parts:
    """The parts of several agreements."""

    def __init__(self, *parts: Sequence[Any]) -> None:
        self._lines, self._holders, self._signatures = parts

    def agreement(self, row: Any) -> Agreement:  # noqa: ANN401 - a row of the table
        return Agreement(
            row.agreement_id,
            row.project_id,
            row.unit_id,
            row.form,
            row.rule_set_version,
            self._lines_of(row.agreement_id),
            row.supersedes,
            state=row.state,
            version=row.version,
            lock_count=row.lock_count,
            lock=None if row.state in UNLOCKED else self._lock_of(row),
            signatures=[] if row.state in UNLOCKED else self._signatures_of(row),
            turn=Turn(row.number, row.signed_at) if row.number else None,
            effective_at=row.effective_at,
            moved_at=row.moved_at,
            detachment=Detachment(row.detached_at, row.reason) if row.detached_at else None,
            superseded_by=row.superseded_by,
        )

    def _lines_of(self, agreement_id: UUID) -> tuple[TermLine, ...]:
        ours = (line for line in self._lines if line.agreement_id == agreement_id)
        return tuple(
            TermLine(line.head, line.kind, line.amount_fen, line.quantity, line.unit_price_fen) for line in ours
        )

    def _lock_of(self, row: Any) -> Lock | None:  # noqa: ANN401 - a row of the table
        if row.digest is None:
            return None
        frozen = rights.read(
            row.ownership, (holder for holder in self._holders if holder.agreement_id == row.agreement_id)
        )
        return Lock(row.lock_count, frozen, row.rights_revision, row.digest, row.locked_at, row.locked_by)

    def _signatures_of(self, row: Any) -> list[Signature]:  # noqa: ANN401 - a row of the table
        ours = (signature for signature in self._signatures if signature.agreement_id == row.agreement_id)
        return [Signature(*(getattr(signature, part.name) for part in fields(Signature))) for signature in ours]


def _replace_lines(tx: Transaction, agreement: Agreement) -> None:
    key = {"district": tx.district, "agreement_id": agreement.agreement_id}
    lines = [{**key, **vars(line), "position": position} for position, line in enumerate(agreement.lines, start=1)]
    if lines:
        tx.connection.execute(_ADD_LINE, lines)


def _row(tx: Transaction, agreement: Agreement) -> dict[str, object]:
    names = (
        *("agreement_id", "unit_id", "project_id", "form", "series"),
        *("rule_set_version", "supersedes", "state", "lock_count", "effective_at", "moved_at", "version"),
    )
    return {"district": tx.district, **{name: getattr(agreement, name) for name in names}}
