"""Aggregates in a chosen state, built by their own methods."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

from services.signing.domain.agreement import Agreement, Taking, Turn
from services.signing.domain.moves import Act
from services.signing.domain.project import Project
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import TermLine
from services.signing.domain.threshold import Basis, Counts
from shared.events.terms import Ownership

SUCCESSOR = uuid4()
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


def carry_out(agreement: Agreement, act: Act, owner, at, *, taking: Taking | None = None) -> object:
    signature = {"hand": owner.person_id, "capacity": "self", "mandates": (), "rights_revision": 1, "area": 6_518}
    acts = {
        "edit": lambda: agreement.edit(LINES[1:], form="mixed", rule_set_version="4", at=at),
        "review": lambda: agreement.pass_review(at=at),
        "lock": lambda: agreement.freeze(rights_of(owner), rights_revision=1, at=at, by="desk"),
        "unlock": lambda: agreement.unfreeze(reason="wrong", at=at),
        "pre-register": lambda: agreement.pre_register(at=at),
        "return": lambda: agreement.give_back(reason="papers_missing", at=at),
        "supersede": lambda: agreement.supersede(SUCCESSOR, reason="rule_set_superseded", at=at),
        "sign": lambda: agreement.sign(owner.person_id, **signature, at=at, turn=Turn(7, at), taking=taking),
        "take effect": lambda: agreement.take_effect(declared_at=at, document_number="1号"),
        "perform": lambda: agreement.perform(at=at),
        "rescind": lambda: agreement.rescind(reason="withdrawn", at=at),
        "lapse": lambda: agreement.lapse(at),
    }
    return acts[act]()


TURN = Turn(1, NOON)


def signs(  # noqa: PLR0913 - what a test varies
    agreement: Agreement, holder, *, hand=None, capacity="self", mandates=(), revision=1, at=NOON
) -> None:
    turn = TURN if agreement.completed_by(holder.person_id) else None
    agreement.sign(
        holder.person_id,
        hand=hand or holder.person_id,
        capacity=capacity,
        mandates=mandates,
        rights_revision=revision,
        area=6_518,
        at=at,
        turn=turn,
    )
