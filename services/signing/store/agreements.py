"""Agreements in PostgreSQL: loaded under a lock, after their case; saved with what they have frozen and collected."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.agreement import Agreement, Detachment, Lock, Signature, Turn
from services.signing.domain.moves import SIGNABLE, UNLOCKED
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import LineKind, TermLine
from services.signing.store import pipeline, rights
from services.signing.store.pipeline import Query
from shared.refusal import Refused
from shared.service.database import Transaction
from shared.telemetry import tracing

# Whoever changes what is joined holds the lock of the case, so it stands still while the agreement is being locked.
# The parts come in the same row: a statement of their own costs more than they do. Numbers beyond JSON's are text in it.
_AGREEMENTS = """
    select agreements.*, ownership, rights_revision, digest, locked_at, locked_by, number, numbers.signed_at, detached_at, reason,
        (select successor.agreement_id from agreements successor where successor.supersedes = agreements.agreement_id) as superseded_by,
        (select json_agg(json_build_array(head, kind, amount_fen, quantity::text, unit_price_fen) order by position)
         from term_lines line where line.agreement_id = agreements.agreement_id) as lines,
        (select json_agg(json_build_array(person_id, name, parts, whole, kind, capable, written) order by position)
         from locked_holders holder
         where (holder.agreement_id, holder.lock_count) = (agreements.agreement_id, agreements.lock_count)) as right_holders,
        (select json_agg(json_build_array(right_holder, hand, capacity, mandate_id, signed_at, taken_by, desk, papers) order by signed_at)
         from signatures signature
         where (signature.agreement_id, signature.lock_count) = (agreements.agreement_id, agreements.lock_count)) as signatures
    from agreements left join locks using (agreement_id, lock_count) left join numbers using (agreement_id)
    left join detachments using (agreement_id)
    where agreement_id {} order by unit_id
"""
# For one agreement without an array: the database plans such a statement once, and one with an array for every array.
_ONE = text(_AGREEMENTS.format("= :agreement_id") + "for update of agreements")
_MANY = text(_AGREEMENTS.format("= any(:agreement_ids)") + "for update of agreements")
_READ = text(_AGREEMENTS.format("= :agreement_id"))
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
SIGN = f"""
    saved as ({_SAVE})
    insert into signatures (district, agreement_id, lock_count, right_holder, hand, capacity, mandate_id, signed_at, taken_by, desk, papers,
                            trace_id)
    values (:district, :agreement_id, :lock_count, :right_holder, :hand, :capacity, :mandate_id, :signed_at, :taken_by, :desk,
            cast(:papers as text[]), :trace_id)
"""  # noqa: S608 - a constant
_SIGN = text(f"with {SIGN}")


def load(tx: Transaction, agreement_id: UUID) -> Agreement:
    """Raises Refused: agreement-unknown."""
    return read_one(pipeline.together(tx, loading(agreement_id))[0])


def loading(agreement_id: UUID) -> Query:
    """For `read_one`, under its lock."""
    return Query(_ONE, {"agreement_id": agreement_id})


def read_one(rows: Sequence[Any]) -> Agreement:
    """Raises Refused: agreement-unknown."""
    if not rows:
        raise Refused("agreement-unknown")
    return _agreement(rows[0])


def read(tx: Transaction, agreement_id: UUID) -> Agreement:
    """Without a lock, for a reader. Raises Refused: agreement-unknown."""
    return read_one(pipeline.together(tx, Query(_READ, {"agreement_id": agreement_id}))[0])


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
    return [_agreement(row) for row in pipeline.together(tx, Query(_MANY, {"agreement_ids": list(agreement_ids)}))[0]]


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
    tx.write(_SIGN, signed_row(tx, agreement))
    agreement.version += 1


def signed_row(tx: Transaction, agreement: Agreement) -> dict[str, object]:
    """For SIGN."""
    signature = agreement.signatures[-1]
    its = {**vars(signature), "papers": list(signature.papers), "trace_id": tracing.trace_id()}
    return {**_row(tx, agreement), **its}


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


def _agreement(row: Any) -> Agreement:  # noqa: ANN401 - a row of _AGREEMENTS
    frozen = row.state not in UNLOCKED
    return Agreement(
        row.agreement_id,
        row.project_id,
        row.unit_id,
        row.form,
        row.rule_set_version,
        tuple(_line(*line) for line in row.lines or ()),
        row.supersedes,
        state=row.state,
        version=row.version,
        lock_count=row.lock_count,
        lock=_lock(row) if frozen and row.digest is not None else None,
        signatures=[_signature(signature) for signature in row.signatures or ()] if frozen else [],
        turn=Turn(row.number, row.signed_at) if row.number else None,
        effective_at=row.effective_at,
        moved_at=row.moved_at,
        detachment=Detachment(row.detached_at, row.reason) if row.detached_at else None,
        superseded_by=row.superseded_by,
    )


def _line(head: str, kind: LineKind, amount_fen: int, quantity: str | None, unit_price_fen: int | None) -> TermLine:
    return TermLine(head, kind, amount_fen, Decimal(quantity) if quantity else None, unit_price_fen)


def _lock(row: Any) -> Lock:  # noqa: ANN401 - a row of _AGREEMENTS
    holders = tuple(
        Holder(UUID(person_id), name, rights.share(parts, whole), kind, capable, written)
        for person_id, name, parts, whole, kind, capable, written in row.right_holders or ()
    )
    return Lock(
        row.lock_count, Rights(row.ownership, holders), row.rights_revision, row.digest, row.locked_at, row.locked_by
    )


def _signature(row: Sequence[Any]) -> Signature:
    right_holder, hand, capacity, mandate_id, signed_at, taken_by, desk, papers = row
    mandate, at = UUID(mandate_id) if mandate_id else None, datetime.fromisoformat(signed_at)
    return Signature(UUID(right_holder), UUID(hand), capacity, mandate, at, taken_by, desk, tuple(papers))


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
