"""One round over many projects. Stays true: what goes wrong with one project holds up no other, and is not swallowed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.service import database
from shared.telemetry import log, metrics

_TRIES = 3
_log = log.get(__name__)


class Work(NamedTuple):
    """`act` carries out one step in transactions of its own and returns how much that was."""

    district: str
    project_id: UUID
    act: Callable[[], int]


def carry_out(works: Sequence[Work]) -> int:
    """How much was done. Raises ExceptionGroup of what went wrong, once a round has nothing else left to do."""
    done, failures = 0, list[Exception]()
    for work in works:
        try:
            done += _again(work)
        except Exception as failure:  # noqa: BLE001 - raised below, after the others have had their turn
            metrics.PROJECT_FAILED.labels(work.district).inc()
            _log.error("project failed", district=work.district, project_id=str(work.project_id), exc_info=failure)
            failures.append(failure)
    if failures and not done:
        raise ExceptionGroup("projects that could not be carried out", failures)
    return done


def _again(work: Work) -> int:
    for _ in range(_TRIES - 1):
        try:
            return work.act()
        except Exception as failure:
            if not database.transient(failure):
                raise
            metrics.TRANSIENT.labels("fan-out").inc()
            _log.info("carried out again", district=work.district, project_id=str(work.project_id))
    return work.act()
