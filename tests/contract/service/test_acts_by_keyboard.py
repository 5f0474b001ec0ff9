"""Has every act of signing, and every act of an agency's engineer, a case in a browser that uses no mouse?

A new act fails here until its case is named. Routes of the kit (parked keys) have a page of their own, tests/browser/test_parked.py.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from services.reporting.web.agency_acts import ACTS
from services.signing.api import BLUEPRINTS
from shared.service import openapi
from tests.support import described

BROWSER = ROOT / "tests" / "browser"
_OWN = "test_every_act.py"
_RIGHTS = (_OWN, "test_rights_are_taken_up_an_area_is_disputed_and_settled_and_rights_are_confirmed")
_REPLACED = (_OWN, "test_an_agreement_is_pre_registered_and_replaced_by_another_one")
_HOUSEHOLD = ("test_desk.py", "test_a_household_of_two_gets_its_number_by_keyboard_alone")
_GUARDIAN = ("test_acts.py", "test_rights_are_disputed_confirmed_again_and_a_guardian_is_recorded_and_withdrawn")
_EFFECT = ("test_acts.py", "test_command_declares_effect_with_its_document_and_closes_a_day")
Case = tuple[str, str]
SIGNING: Mapping[str, Case] = {
    "cases.take_up": _RIGHTS,
    "cases.confirm": _RIGHTS,
    "cases.dispute": _GUARDIAN,
    "cases.dispute_area": _RIGHTS,
    "cases.record": _GUARDIAN,
    "cases.revoke": _GUARDIAN,
    "agreements.draft": ("test_acts.py", "test_an_agreement_is_drafted_line_by_line_with_exact_fen_and_capitals"),
    "agreements.edit": ("test_acts.py", "test_terms_that_somebody_saved_first_are_shown_before_they_are_replaced"),
    "agreements.review": _HOUSEHOLD,
    "agreements.lock": _HOUSEHOLD,
    "agreements.unlock": ("test_desk.py", "test_only_the_command_post_unlocks_and_gives_a_reason"),
    "agreements.give_back": (_OWN, "test_an_open_agreement_is_returned"),
    "agreements.pre_register": _REPLACED,
    "agreements.supersede": _REPLACED,
    "agreements.rescind": (_OWN, "test_a_signed_agreement_is_rescinded_by_typing_its_number"),
    "agreements.perform": (_OWN, "test_an_agreement_in_force_is_performed_with_its_evidence"),
    "signatures.add_signature": _HOUSEHOLD,
    "projects.declare": _EFFECT,
    "projects.freeze_day": _EFFECT,
    "projects.close": ("test_acts.py", "test_a_period_that_ends_without_the_threshold_is_closed_by_typing_what_becomes_void"),
}  # fmt: skip
_PAUSE = ("test_agency_acts.py", "test_pausing_changing_and_resuming_leave_their_trace")
_REMOVED = ("test_agency_acts.py", "test_a_removed_endpoint_is_gone_and_needs_its_name")
ENGINEER: Mapping[str, Case] = {
    "change": _PAUSE,
    "pause": _PAUSE,
    "resume": _PAUSE,
    "switch-on": _REMOVED,
    "remove": _REMOVED,
    "replay": ("test_agency_acts.py", "test_events_are_sent_again_by_time_and_by_id"),
    "rotate": ("test_agency_acts.py", "test_a_secret_is_rotated_with_an_overlap"),
}
CASES = sorted({*SIGNING.values(), *ENGINEER.values()})


def test_every_act_of_signing_has_its_case():
    own = {blueprint.name for blueprint in BLUEPRINTS}
    writes = {
        route.endpoint
        for route in openapi.routes(described.app("signing"))
        if route.declared.method != "GET" and route.endpoint.partition(".")[0] in own
    }

    assert writes == SIGNING.keys()


def test_every_act_of_an_engineer_has_its_case():
    assert ACTS.keys() == ENGINEER.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1])
def test_an_act_has_a_case_in_a_browser_that_uses_only_the_keyboard(case: Case):
    assert clicks(BROWSER / case[0], case[1]) == []


@pytest.mark.parametrize("act", ENGINEER)
def test_the_case_of_an_engineer_names_its_act(act: str):
    file, name = ENGINEER[act]
    assert f'carry_out(page, "{act}")' in ast.unparse(function(BROWSER / file, name)).replace("'", '"')


def test_a_case_with_a_mouse_is_found(tmp_path: Path):
    file = tmp_path / "test_it.py"
    file.write_text("def test_it(page):\n    page.locator('#it').click()\n", encoding="utf-8")

    assert clicks(file, "test_it") == [2]


def function(file: Path, name: str) -> ast.FunctionDef:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)


def clicks(file: Path, name: str) -> list[int]:
    """The lines on which the case uses the mouse."""
    return [
        node.lineno
        for node in ast.walk(function(file, name))
        if isinstance(node, ast.Attribute) and node.attr in ("click", "dblclick", "tap", "check", "select_option")
    ]
