"""Opens a project with the rules for counting its signings."""

from dataclasses import dataclass
from datetime import datetime

from uuid_utils.compat import uuid7

from services.registry.domain.act import Act
from services.registry.domain.project import Project
from services.registry.store import acts, projects
from shared.events.registry import PlannedCount, SigningPeriod, ThresholdBasis
from shared.events.terms import CountingRule, Series
from shared.service.database import Transaction


@dataclass(frozen=True)
class OpenProject:
    name: str
    period: SigningPeriod
    bases: tuple[ThresholdBasis, ...]
    series: tuple[Series, ...]
    counting_rule: CountingRule
    plan: str | None
    auto_effect: bool
    by: str
    at: datetime
    signing_plan: tuple[PlannedCount, ...] = ()


def open_project(tx: Transaction, command: OpenProject) -> Project:
    """Raises Refused: what Project.opened raises, district-not-open, project-open."""
    project = Project(
        project_id=uuid7(),
        district=tx.district,
        name=command.name,
        period=command.period,
        bases=command.bases,
        series=command.series,
        counting_rule=command.counting_rule,
        plan=command.plan,
        signing_plan=command.signing_plan,
        auto_effect=command.auto_effect,
        opened_at=command.at,
    )
    projects.add(tx, project)
    acts.record(tx, Act("project-opened", command.by, command.at, project.project_id, name=project.name))
    return project
