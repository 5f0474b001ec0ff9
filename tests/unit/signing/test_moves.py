"""The table of an agreement's moves: complete, and drawn in the documents as it stands."""

from typing import get_args

from deploy.local.place import ROOT
from services.signing.domain.moves import LIVE, MOVES, OPEN, SIGNABLE, SIGNED, UNLOCKED, Act, State, diagram, steps


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
