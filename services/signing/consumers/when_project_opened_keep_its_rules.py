"""Stores period, bases, series and counting rule of an opened or changed project."""

from services.signing.domain.project import Project
from services.signing.domain.threshold import Basis
from services.signing.store import projects
from shared.events import roll
from shared.events.registry import ProjectOpened
from shared.messaging.consumer import Rejected
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def when_project_opened_keep_its_rules(tx: Transaction, batch: Batch[ProjectOpened]) -> None:
    """Raises Rejected for an unknown counting rule, and for period, bases, series or rules that differ after the roll was frozen."""
    for event in batch.events:
        if not projects.put(tx, _project(event)):
            message = f"other rules for project {event.project_id}, whose roll is frozen already"
            raise Rejected(message)


def _project(event: ProjectOpened) -> Project:
    if (rule := roll.counting_rule(event.counting_rule)) is None:
        message = f"counting rule {event.counting_rule} of project {event.project_id} is not known here"
        raise Rejected(message)
    return Project(
        event.project_id,
        event.name,
        event.series,
        event.signing_period.starts_at,
        event.signing_period.ends_at,
        event.auto_effect,
        tuple(Basis(basis.basis, basis.percent, basis.legal_ground) for basis in event.bases),
        rule,
    )
