"""Has every case one next step, and does a list begin with what is nearest to a signature?"""

import tomllib
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from services.signing.domain import next_step
from services.signing.domain.agreement import State
from services.signing.web import officer

RIGHTS = ("pending", "reviewing", "confirmed", "disputed")
TEXTS = tomllib.loads(Path(officer.__file__).with_name("officer.toml").read_text(encoding="utf-8"))


def step(state, rights="confirmed", *, area_disputed=False, signatures=0):
    return next_step.of(state=state, rights=rights, area_disputed=area_disputed, signatures=signatures)


def test_every_case_has_a_next_step_with_its_words_in_three_languages():
    for state, rights, area, signatures in product((None, *get_args(State)), RIGHTS, (False, True), (0, 1)):
        found = step(state, rights, area_disputed=area, signatures=signatures)
        assert found in next_step.ORDER
        for section in ("mine_step", "mine_why"):
            assert {"zh", "zh_hant", "en"} == set(TEXTS[section][found])
        assert next_step.turn(found) == "done" or found in TEXTS["mine_go"]


@pytest.mark.parametrize(
    ("state", "rights", "expected"),
    [
        (None, "pending", "confirm"), (None, "reviewing", "confirm"), (None, "confirmed", "draft"),
        ("drafted", "confirmed", "review"), ("reviewed", "confirmed", "lock"), ("locked", "confirmed", "ready"),
        ("pre_registered", "confirmed", "pre_registered"), ("returned", "confirmed", "returned"),
        ("rescinded", "confirmed", "rescinded"), ("signed", "confirmed", "signed"), ("performed", "confirmed", "effective"),
    ],
)  # fmt: skip
def test_a_case_that_nobody_disputes_goes_from_the_rights_to_the_signature(state, rights, expected):
    assert step(state, rights) == expected


@pytest.mark.parametrize("state", [None, "returned", "rescinded"])
@pytest.mark.parametrize("rights", ["pending", "reviewing"])
def test_rights_are_confirmed_before_terms_are_drafted_anew(state, rights):
    assert step(state, rights) == "confirm"


def test_what_is_open_is_the_officers_own_turn():
    open_steps = set(next_step.ORDER) - {"disputed", "area_disputed", "signed", "effective", "void"}

    assert {next_step.turn(found) for found in open_steps} == {"mine"}


def test_a_first_signature_makes_the_others_the_next_step():
    assert step("locked", signatures=1) == step("pre_registered", signatures=2) == "half_signed"


@pytest.mark.parametrize("state", [None, "drafted", "reviewed", "locked", "pre_registered", "returned", "rescinded"])
def test_a_dispute_waits_for_others_whatever_else_is_done(state):
    assert next_step.turn(step(state, "disputed", signatures=1)) == "others"


@pytest.mark.parametrize("state", ["signed", "effective", "performed", "void"])
def test_a_signed_or_closed_case_waits_for_nobody_also_when_its_rights_are_disputed_later(state):
    assert next_step.turn(step(state, "disputed")) == "done"


@pytest.mark.parametrize("state", [None, "drafted", "returned", "superseded"])
def test_an_area_dispute_waits_for_others_where_a_review_comes_next(state):
    assert step(state, area_disputed=True) == "area_disputed"
    assert next_step.turn("area_disputed") == "others"


def test_an_area_dispute_stops_the_review_and_not_what_is_locked():
    assert step("locked", area_disputed=True) == "ready"
    assert step("reviewed", area_disputed=True) == "lock"
    assert step("rescinded", area_disputed=True) == "rescinded"


@pytest.mark.parametrize(("state", "expected"), [("drafted", "review"), ("reviewed", "lock"), ("locked", "ready")])
def test_terms_that_are_drafted_go_on_while_the_rights_are_not_confirmed(state, expected):
    assert step(state, "pending") == expected
