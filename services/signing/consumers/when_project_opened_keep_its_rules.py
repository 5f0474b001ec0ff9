"""A project is opened or changed: its period, bases and series are kept for the decisions here."""

from collections.abc import Sequence

from services.signing.consumers.reading import events
from services.signing.domain.project import Project
from services.signing.domain.threshold import Basis
from services.signing.store import projects
from shared.events.registry import ProjectOpened
from shared.messaging.ports import Message
from shared.service.database import Transaction


def when_project_opened_keep_its_rules(tx: Transaction, messages: Sequence[Message]) -> None:
    for event in events(ProjectOpened, messages):
        projects.put(
            tx,
            Project(
                event.project_id,
                event.name,
                event.series,
                event.signing_period.starts_at,
                event.signing_period.ends_at,
                event.auto_effect,
                tuple(Basis(each.basis, each.percent, each.legal_ground) for each in event.bases),
            ),
        )
