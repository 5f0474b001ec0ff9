"""Progress of the worker in a step of an import, and how often it began that step.

Invariant: progress is written in its own short transactions, so that it is visible during the commit of 100,000 rows. It has no
influence on the import.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Engine, text

from shared.service import database

Report = Callable[[int, int], None]  # done, of how many

_BEGIN = text("""
    insert into import_progress (import_id, district, step, began_at, noted_at)
    values (:import_id, :district, :step, clock_timestamp(), clock_timestamp())
    on conflict (import_id) do update set step = excluded.step, done = 0, total = 0, began_at = excluded.began_at,
        noted_at = excluded.noted_at, tries = case import_progress.step when excluded.step then import_progress.tries + 1 else 1 end
    returning tries
""")
_NOTE = text("""
    update import_progress set done = :done, total = :total, noted_at = clock_timestamp() where import_id = :import_id
""")


def begin(engine: Engine, district: str, import_id: UUID, *, step: str) -> int:
    """How often this step has been begun, this time included."""
    with database.begin(engine, district=district) as tx:
        place = {"import_id": import_id, "district": district, "step": step}
        return int(tx.connection.execute(_BEGIN, place).scalar_one())


def noting(engine: Engine, district: str, import_id: UUID) -> Report:
    def report(done: int, total: int) -> None:
        with database.begin(engine, district=district) as tx:
            tx.connection.execute(_NOTE, {"import_id": import_id, "done": done, "total": total})

    return report
