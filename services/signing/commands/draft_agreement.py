"""Drafts the agreement of a unit, edits its terms while it is open, and replaces a locked one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.signing.domain import terms
from services.signing.domain.agreement import Agreement
from services.signing.domain.case import Case
from services.signing.domain.terms import Form, TermLine
from services.signing.store import acts, agreements, cases, instants, projects
from services.signing.store.acts import Act
from shared.refusal import Refused
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class DraftAgreement:
    unit_id: UUID
    form: Form
    rule_set_version: str
    lines: tuple[TermLine, ...]
    by: str


@dataclass(frozen=True)
class SupersedeAgreement:
    """The successor is a draft with its own terms. `version`: the version of the old agreement on screen, if given."""

    agreement_id: UUID
    form: Form
    rule_set_version: str
    lines: tuple[TermLine, ...]
    reason: str
    note: str
    by: str
    version: int | None = None


@dataclass(frozen=True)
class EditTerms:
    """`version` is the one that the editor had on screen."""

    agreement_id: UUID
    version: int
    form: Form
    rule_set_version: str
    lines: tuple[TermLine, ...]
    by: str


def draft_agreement(tx: Transaction, command: DraftAgreement, clock: Clock) -> Agreement:
    """Raises Refused: case-unknown, project-unknown, series-not-offered, live-agreement-exists, terms-wrong."""
    case = cases.lock(tx, command.unit_id)
    if live := agreements.live(tx, command.unit_id):
        raise Refused("live-agreement-exists", agreement_id=live.agreement_id, state=live.state)
    _expect_offered(tx, case.unit.project_id, command.form)
    at = instants.next_one(tx, clock)
    agreement = _drawn_up(case, command, at=at)
    agreements.add(tx, agreement, at=at)
    acts.record(tx, Act("drafted", command.unit_id, command.by, at, agreement.agreement_id))
    tx.record(*agreement.recorded)
    return agreement


def supersede_agreement(tx: Transaction, command: SupersedeAgreement, clock: Clock) -> Agreement:
    """Returns the successor. One transaction, so that the unit always has exactly one live agreement.

    Raises Refused: agreement-unknown, version-superseded, series-not-offered, agreement-not-locked, terms-wrong.
    """
    case = cases.lock_of(tx, command.agreement_id)
    old = agreements.load(tx, command.agreement_id)
    old.expect_version(command.version)
    _expect_offered(tx, old.project_id, command.form)
    at, void = instants.next_one(tx, clock, old.last_at), len(old.signatures)
    successor = _drawn_up(case, command, at=at, supersedes=old.agreement_id)
    old.supersede(successor.agreement_id, reason=command.reason, at=at)
    agreements.save(tx, old)
    agreements.add(tx, successor, at=at)
    facts: dict[str, object] = {"note": command.note, "successor": successor.agreement_id, "signatures_void": void}
    unit_id, by = case.unit.unit_id, command.by
    acts.record(tx, Act("superseded", unit_id, by, at, old.agreement_id, command.reason, facts))
    acts.record(tx, Act("drafted", unit_id, by, at, successor.agreement_id))
    tx.record(*old.recorded, *successor.recorded)
    return successor


def edit_terms(tx: Transaction, command: EditTerms, clock: Clock) -> Agreement:
    """Raises Refused: agreement-unknown, version-superseded, agreement-not-open, series-not-offered, terms-wrong."""
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    _expect_offered(tx, agreement.project_id, command.form)
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.edit(command.lines, form=command.form, rule_set_version=command.rule_set_version, at=at)
    agreements.save(tx, agreement, new_lines=True)
    acts.record(tx, Act("terms-edited", case.unit.unit_id, command.by, at, agreement.agreement_id))
    tx.record(*agreement.recorded)
    return agreement


def _drawn_up(
    case: Case, command: DraftAgreement | SupersedeAgreement, *, at: datetime, supersedes: UUID | None = None
) -> Agreement:
    return Agreement.draft(
        uuid7(),
        project_id=case.unit.project_id,
        unit_id=case.unit.unit_id,
        form=command.form,
        rule_set_version=command.rule_set_version,
        lines=command.lines,
        at=at,
        supersedes=supersedes,
    )


def _expect_offered(tx: Transaction, project_id: UUID, form: Form) -> None:
    project = projects.find(tx, project_id)
    if terms.series_of(form) not in project.series:
        raise Refused("series-not-offered", offered=list(project.series))
