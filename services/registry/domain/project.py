"""A project: its signing period, thresholds and their legal grounds. And its groups.

Invariant: at least one basis, none twice, each with its legal ground. The period ends after it starts. No series is repeated.
The signing plan is a rising curve within the period (signing_plan.py).
Held by tests/unit/registry/test_groups.py and tests/integration/registry/test_projects.py.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain import codes, signing_plan
from shared.events.registry import (
    DistrictOpened,
    GroupFormed,
    Officer,
    PlannedCount,
    ProjectOpened,
    SigningPeriod,
    ThresholdBasis,
)
from shared.events.terms import CountingRule, Series
from shared.refusal import Refused


@dataclass(frozen=True)
class Project:
    project_id: UUID
    district: str
    name: str
    period: SigningPeriod
    bases: tuple[ThresholdBasis, ...]
    series: tuple[Series, ...]
    counting_rule: CountingRule
    plan: str | None
    auto_effect: bool
    opened_at: datetime
    signing_plan: tuple[PlannedCount, ...] = ()

    def opened(self) -> ProjectOpened:
        """Raises Refused: period-empty, basis-twice, series-twice, signing-plan-disordered."""
        if self.period.ends_at <= self.period.starts_at:
            raise Refused("period-empty")
        if len({basis.basis for basis in self.bases}) < len(self.bases):
            raise Refused("basis-twice")
        if len(set(self.series)) < len(self.series):
            raise Refused("series-twice")
        if faults := signing_plan.faults(self.signing_plan, self.period):
            raise Refused("signing-plan-disordered", faults=faults)
        return ProjectOpened(
            project_id=self.project_id,
            district=self.district,
            name=self.name,
            bases=self.bases,
            signing_period=self.period,
            series=self.series,
            auto_effect=self.auto_effect,
            plan=self.plan,
            counting_rule=self.counting_rule,
            signing_plan=self.signing_plan,
        )


@dataclass(frozen=True)
class Member:
    """An officer. `subject`: their login, if known."""

    staff_id: UUID
    staff_number: str
    name: str
    subject: str | None = None


@dataclass(frozen=True)
class Group:
    group_id: UUID
    project_id: UUID
    name: str
    officers: tuple[Member, ...]

    def formed(self) -> GroupFormed:
        """Raises Refused officer-twice."""
        if len({officer.staff_number for officer in self.officers}) < len(self.officers):
            raise Refused("officer-twice")
        officers = tuple(
            Officer(staff_id=officer.staff_id, name=officer.name, staff_number=officer.staff_number)
            for officer in self.officers
        )
        return GroupFormed(project_id=self.project_id, group_id=self.group_id, name=self.name, officers=officers)


def district_opened(district: str, name: str) -> DistrictOpened:
    """Raises Refused district-code-invalid."""
    if not codes.is_district(district):
        raise Refused("district-code-invalid", district=district)
    return DistrictOpened(district=district, name=name)
