"""The table of an agreement's moves: complete, drawn in the documents as it stands, and kept by every act."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from deploy.local.place import ROOT
from services.signing.domain.moves import LIVE, MOVES, OPEN, SIGNABLE, SIGNED, UNLOCKED, Act, State, diagram, steps
from shared.refusal import Refused
from tests.unit.signing.builders import NOON, SUCCESSOR, a_draft, a_holder, carry_out

LATER = NOON + timedelta(minutes=5)
# How a state is reached from a draft of one right-holder.
WAY: dict[State, tuple[Act, ...]] = {
    "drafted": (),
    "reviewed": ("review",),
    "locked": ("review", "lock"),
    "pre_registered": ("review", "lock", "pre-register"),
    "signed": ("review", "lock", "sign"),
    "effective": ("review", "lock", "sign", "take effect"),
    "performed": ("review", "lock", "sign", "take effect", "perform"),
    "returned": ("return",),
    "superseded": ("review", "lock", "supersede"),
    "rescinded": ("review", "lock", "sign", "rescind"),
    "void": ("review", "lock", "sign", "lapse"),
}
# The event of each act, with what it says beside the ids.
EVENT_OF: dict[Act, tuple[str, dict[str, object]]] = {
    "edit": ("AgreementRevised", {"revised_at": LATER, "series": "exchange", "compensation_fen": 0}),
    "review": ("AgreementReviewed", {"reviewed_at": LATER}),
    "lock": ("AgreementLocked", {"locked_at": LATER, "rule_set_version": "3"}),
    "unlock": ("AgreementUnlocked", {"unlocked_at": LATER, "reason": "wrong"}),
    "pre-register": ("AgreementPreRegistered", {"pre_registered_at": LATER}),
    "return": ("AgreementReturned", {"returned_at": LATER, "reason": "papers_missing"}),
    "supersede": ("AgreementSuperseded", {"superseded_at": LATER, "successor": SUCCESSOR, "reason": "rule_set_superseded"}),
    "sign": ("AgreementSigned", {"signed_at": LATER, "series": "cash", "sequence_number": 7}),
    "take effect": ("AgreementEffective", {"effective_at": LATER, "declaration": "1号"}),
    "perform": ("AgreementPerformed", {"performed_at": LATER}),
    "rescind": ("AgreementRescinded", {"rescinded_at": LATER, "reason": "withdrawn", "series": "cash", "sequence_number": 7}),
    "lapse": ("AgreementVoid", {"void_at": LATER}),
}  # fmt: skip


def test_the_drawing_in_the_documents_is_made_from_the_table():
    """When it fails: `python -m services.signing.domain.moves` prints what belongs there."""
    assert f"```mermaid\n{diagram()}\n```\n" in (ROOT / "docs" / "domain.md").read_text(encoding="utf-8")


def test_every_act_has_its_move_and_every_state_is_reached():
    assert set(MOVES) == set(get_args(Act))
    assert {"drafted", *(target for _, target, _ in steps())} == set(get_args(State))


def test_nothing_leads_out_of_a_state_that_is_not_live():
    assert {source for source, _, _ in steps()} <= set(LIVE)
    assert {target for _, target, _ in steps()} - set(LIVE) == {"returned", "superseded", "rescinded", "void"}


def test_the_groups_of_states_follow_from_the_moves():
    assert set(MOVES["sign"].sources) == set(SIGNABLE)
    assert set(MOVES["edit"].sources) == set(OPEN)
    assert not set(UNLOCKED) & {*SIGNABLE, *SIGNED}
    after_signing = {"signed"}
    for _ in get_args(State):
        after_signing |= {target for source, target, _ in steps() if source in after_signing}
    assert after_signing & set(LIVE) == set(SIGNED)


@pytest.mark.parametrize("act", get_args(Act))
@pytest.mark.parametrize("state", get_args(State))
def test_every_act_in_every_state_is_the_move_of_the_table_with_its_event_or_changes_nothing(state, act):
    owner, agreement = a_holder(), a_draft()
    for step in WAY[state]:
        carry_out(agreement, step, owner, NOON)
    before, move = replace(agreement, recorded=list(agreement.recorded)), MOVES[act]
    again = act == "sign" and state in SIGNED  # whoever has signed has signed

    if state in move.sources:
        carry_out(agreement, act, owner, LATER)
    elif move.refusal and not again:
        with pytest.raises(Refused, match=f"^{move.refusal}$"):
            carry_out(agreement, act, owner, LATER)
    else:
        assert not carry_out(agreement, act, owner, LATER)

    event, facts = EVENT_OF[act]
    added = agreement.recorded[len(before.recorded) :]
    if state in move.sources and (state != move.target or act == "edit"):
        assert (agreement.state, [type(recorded).__name__ for recorded in added]) == (move.target, [event])
        assert facts.items() <= dict(added[0]).items()
        ids = (agreement.project_id, agreement.unit_id, agreement.agreement_id)
        assert (added[0].project_id, added[0].unit_id, added[0].agreement_id) == ids
        assert agreement.last_at == LATER
        assert agreement.superseded_by == (SUCCESSOR if act == "supersede" else before.superseded_by)
    else:
        assert agreement == before
