"""Aggregates in a chosen state, built by their own methods."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

from services.signing.domain.agreement import Agreement
from services.signing.domain.project import Project
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import TermLine
from services.signing.domain.threshold import Basis, Counts
from shared.events.terms import Ownership

NOON = datetime(2026, 11, 28, 4, tzinfo=UTC)
LINES = (TermLine("relocation_fee", "once", 260_720), TermLine("resettlement_fee", "monthly", 325_900))


def a_holder(share: str | None = "1", **changed: Any) -> Holder:
    return Holder(uuid4(), "陈**", None if share is None else Fraction(share), **changed)


def rights_of(*holders: Holder, ownership: Ownership | None = None) -> Rights:
    return Rights(ownership or ("sole" if len(holders) == 1 else "shares"), holders)


def a_draft() -> Agreement:
    place = {"project_id": uuid4(), "unit_id": uuid4()}
    return Agreement.draft(uuid4(), **place, form="cash", rule_set_version="3", lines=LINES, at=NOON)


def a_locked(rights: Rights) -> Agreement:
    agreement = a_draft()
    agreement.pass_review(at=NOON)
    agreement.freeze(rights, rights_revision=1, at=NOON, by="desk")
    return agreement


def a_project(*bases: Basis, total: Counts | None, automatic: bool = False) -> Project:
    period = (NOON, NOON + timedelta(days=15))
    return Project(
        uuid4(),
        "澄水湾片区",
        ("exchange", "cash"),
        *period,
        automatic,
        bases,
        "any_unit_signed",
        total=total,
        roll_digest="0" * 64,
    )
