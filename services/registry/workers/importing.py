"""Processes imports one at a time: reads uploads, checks staged lines, commits on order.

Invariant: only one worker processes an import: it holds the import's advisory lock on its own connection. If it dies, the lock is
released and another worker repeats the step. A failed step is retried with growing pauses (rounds.py) and given up after some
tries. Other imports continue meanwhile.
"""

import threading
from functools import partial
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from services.registry.commands.check_import import CheckImport, check_import
from services.registry.commands.commit_import import CommitImport, commit_import, reject_import
from services.registry.commands.stage_import import StageImport, stage_import
from services.registry.domain.imports import AT_WORK
from services.registry.store import import_queue, imports, progress
from services.registry.store.progress import Report
from services.registry.store.vault import Vault
from shared.events.day import business_day
from shared.messaging.rounds import Rounds, Work
from shared.refusal import Refused
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry import log, tracing

_STEPS = {"uploaded": "reading", "reading": "reading", "checking": "checking", "committing": "committing"}
# A step that crashed its worker this often would crash it again and again, and no other import would run.
_MOST_TRIES = 5
_log = log.get(__name__)


class Importer:
    """`engine` needs three connections at once: one holds the lock, one works, one reports progress."""

    def __init__(self, engine: Engine, vault: Vault, *, clock: Clock) -> None:
        self._engine, self._vault, self._clock = engine, vault, clock
        self._rounds = Rounds("importer")

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 0.3) -> None:
        while not stop.is_set():
            if not self.run_once():
                stop.wait(idle_seconds)

    def run_once(self) -> bool:
        """Moves each waiting import one step further. False when none moved."""
        waiting = import_queue.waiting(self._engine, AT_WORK)
        return bool(
            self._rounds.carry_out(
                Work(row.district, str(row.import_id), partial(self._worked_on, row.district, row.import_id))
                for row in waiting
            )
        )

    def _worked_on(self, district: str, import_id: UUID) -> int:
        # Outside a transaction: the server would end an idle one while a large import is read.
        with (
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard,
            import_queue.held(guard, import_id) as mine,
        ):
            if mine:
                imports.analyze(guard)
                self._step(district, import_id)
            return int(mine)

    def _step(self, district: str, import_id: UUID) -> None:
        now = self._clock.now()
        with database.begin(self._engine, district=district) as tx:
            state = import_queue.state_of(tx, import_id)
        if (step := _STEPS.get(state or "")) is None:
            return
        tries = progress.begin(self._engine, district, import_id, step=step)
        if tries > _MOST_TRIES:
            _log.error("import given up", import_id=str(import_id), district=district, step=step)
            self._refused(district, import_id, Refused("import-given-up", step=step, tries=tries - 1))
            return
        report = progress.noting(self._engine, district, import_id)
        if step == "reading":
            command = StageImport(district, import_id, today=business_day(now))
            stage_import(self._engine, self._vault, command, report=report)
        elif step == "checking":
            with database.begin(self._engine, district=district) as tx:
                check_import(tx, self._vault, CheckImport(import_id, at=now), report=report)
        else:
            self._commit(district, CommitImport(import_id, at=now), report)
        _log.info("import step", import_id=str(import_id), district=district, step=step)

    def _commit(self, district: str, command: CommitImport, report: Report) -> None:
        # Its events carry the import's id as their correlation id: the trace of a unit leads from the event to the import.
        trace = tracing.request(correlation_id=str(command.import_id), traceparent="")
        try:
            with trace, database.begin(self._engine, district=district) as tx:
                commit_import(tx, self._vault, command, report=report)
        except Refused as refusal:
            self._refused(district, command.import_id, refusal)
        except IntegrityError as conflict:
            _log.warning("import conflicts with the register", import_id=str(command.import_id), exc_info=conflict)
            self._refused(district, command.import_id, Refused("import-conflict"))

    def _refused(self, district: str, import_id: UUID, refusal: Refused) -> None:
        with database.begin(self._engine, district=district) as tx:
            reject_import(tx, import_id, refusal)
