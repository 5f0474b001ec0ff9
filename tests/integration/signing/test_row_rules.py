"""Does each check, key and reference of signing's tables refuse the row that breaks it, for the service's role and for the owner?"""

from datetime import date

from sqlalchemy import Engine

from services.signing.commands.decide_project import DeclareEffect, declare_effect
from tests.integration.signing.given import AFTER, AGENT, CLOSE, DAY, SUCCEED, carry_out, of
from tests.support import row_rules
from tests.support.platform import Database
from tests.support.row_rules import Row
from tests.support.signing import DESK, District, a_holder

NEW, NOBODY, NEIGHBOUR = "gen_random_uuid()", "'00000000-0000-0000-0000-000000000009'::uuid", "440305"
_LATER = "'2099-01-01'::timestamptz"
_DRAFT = {"agreement_id": NEW, "state": "'drafted'", "lock_count": "0", "effective_at": "null", "supersedes": "null"}
_NEXT = {"feed_number": "(select max(feed_number) + 1 from counted)"}
_NUMBER = {"number": "(select max(number) + 1 from numbers)", "signed_at": _LATER}
_LOCKED = "(select agreement_id from agreements where state = 'locked')"
_UNSIGNED = {
    "agreement_id": _LOCKED,
    "right_holder": f"(select person_id from locked_holders where agreement_id = {_LOCKED})",
}
_LAST = "number = (select max(number) from numbers)"
_OF_A_DRAFT = "agreement_id in (select agreement_id from agreements where state = 'drafted')"

# The name of a rule, and the row that it refuses.
BREACHES = {
    "acts_check": Row("acts", {"kind": "'unlocked'", "reason": "''"}),
    "acts_pkey": Row("acts"),
    "acts_unit_id_fkey": Row("acts", {"act_id": NEW, "unit_id": NOBODY}),
    "agreements_check": Row("agreements", {**_DRAFT, "form": "'cash'", "series": "'exchange'"}),
    "agreements_check1": Row("agreements", {**_DRAFT, "agreement_id": NOBODY, "supersedes": NOBODY}),
    "agreements_form_check": Row("agreements", {**_DRAFT, "form": "'gift'", "series": "'exchange'"}),
    "agreements_pkey": Row("agreements", {**_DRAFT, "agreement_id": "agreement_id"}),
    "agreements_rule_set_version_check": Row("agreements", {**_DRAFT, "rule_set_version": "''"}),
    "agreements_supersedes_key": Row("agreements", {**_DRAFT, "supersedes": "supersedes"}, "supersedes is not null"),
    "agreements_supersedes_unit_id_fkey": Row("agreements", {**_DRAFT, "supersedes": NOBODY}, "state = 'rescinded'"),
    "agreements_unit_id_fkey": Row("agreements", {**_DRAFT, "unit_id": NOBODY}),
    "one_live_agreement": Row("agreements", _DRAFT, "live"),
    "assignments_pkey": Row("assignments"),
    "case_holders_check": Row("case_holders", {"parts": "1", "whole": "null"}),
    "case_holders_kind_check": Row("case_holders", {"kind": "'robot'"}),
    "case_holders_parts_check": Row("case_holders", {"parts": "0", "whole": "1"}),
    "case_holders_pkey": Row("case_holders"),
    "case_holders_unit_id_fkey": Row("case_holders", {"unit_id": NOBODY}),
    "case_holders_whole_check": Row("case_holders", {"parts": "1", "whole": "0"}),
    "cases_area_check": Row("cases", {"area": "-1"}),
    "cases_check": Row("cases", {"rights_revision": "revision + 1"}),
    "cases_ownership_check": Row("cases", {"ownership": "'shared'"}),
    "cases_pkey": Row("cases"),
    "cases_rights_state_check": Row("cases", {"rights_state": "'settled'"}),
    "closings_pkey": Row("closings"),
    "closings_project_id_fkey": Row("closings", {"project_id": NOBODY}),
    "counted_agreement_id_fact_key": Row("counted", _NEXT, "fact = 'signed'"),
    "counted_agreement_id_fkey": Row("counted", {**_NEXT, "agreement_id": NOBODY}, "fact = 'signed'"),
    "counted_check": Row("counted", {"fact": "'matched'"}, "fact = 'signed'"),
    "counted_check1": Row("counted", {"area": "-1"}, "fact = 'signed'"),
    "counted_check2": Row("counted", {"area": "1"}, "fact = 'undone'"),
    "counted_effective_check": Row("counted", {"fact": "'effective'", "area": "1"}, "fact = 'signed'"),
    "counted_fact_check": Row("counted", {"fact": "'lost'"}, "fact = 'signed'"),
    "counted_feed_number_check": Row("counted", {"feed_number": "0"}),
    "counted_pkey": Row("counted"),
    "counted_project_id_fkey": Row("counted", {"feed_number": "1", "project_id": NOBODY}, "fact = 'matched'"),
    "days_as_of_check": Row("days", {"as_of": "-1"}),
    "days_check": Row("days", {"closed_at": "business_on::timestamptz"}),
    "days_counting_rule_check": Row("days", {"counting_rule": "'most_units_signed'"}),
    "days_pkey": Row("days"),
    "days_project_id_business_on_follows_fkey": Row("days", {"restatement": "restatement + 2"}),
    "days_project_id_fkey": Row("days", {"project_id": NOBODY}),
    "days_restatement_check": Row("days", {"restatement": "-1"}),
    "declarations_document_number_check": Row("declarations", {"document_number": "''"}),
    "declarations_pkey": Row("declarations"),
    "declarations_project_id_fkey": Row("declarations", {"project_id": NOBODY}),
    "detachments_agreement_id_fkey": Row("detachments", {"agreement_id": NOBODY}),
    "detachments_pkey": Row("detachments"),
    "detachments_reason_check": Row("detachments", {"reason": "''"}),
    "groups_pkey": Row("groups"),
    "latches_pkey": Row("latches"),
    "latches_project_id_fkey": Row("latches", {"project_id": NOBODY}),
    "locked_holders_agreement_id_lock_count_fkey": Row("locked_holders", {"lock_count": "lock_count + 1"}),
    "locked_holders_parts_check": Row("locked_holders", {"parts": "0"}),
    "locked_holders_pkey": Row("locked_holders"),
    "locked_holders_whole_check": Row("locked_holders", {"whole": "0"}),
    "locks_agreement_id_fkey": Row("locks", {"agreement_id": NOBODY}),
    "locks_digest_check": Row("locks", {"digest": "upper(digest)"}),
    "locks_lock_count_check": Row("locks", {"lock_count": "0"}),
    "locks_pkey": Row("locks"),
    "mandates_evidence_check": Row("mandates", {"evidence": "''", "recorded_at": _LATER}),
    "mandates_pkey": Row("mandates", {"recorded_at": _LATER}),
    "mandates_unit_id_fkey": Row(
        "mandates", {"mandate_id": NEW, "recorded_at": _LATER, "district": f"'{NEIGHBOUR}'"}, district=NEIGHBOUR
    ),
    "numbers_agreement_id_key": Row("numbers", _NUMBER, _LAST),
    "numbers_agreement_id_project_id_series_fkey": Row("numbers", {**_NUMBER, "agreement_id": NOBODY}, _LAST),
    "numbers_number_check": Row("numbers", {"number": "0"}),
    "numbers_pkey": Row("numbers", {}, "number = 1"),
    "numbers_project_id_series_fkey": Row(
        "numbers",
        {"number": "1", "series": "'exchange'", "agreement_id": "(select agreement_id from agreements where series = 'exchange')"},
    ),
    "projects_bases_check": Row("projects", {"bases": "'{}'"}),
    "projects_check": Row("projects", {"ends_at": "starts_at"}),
    "projects_check1": Row("projects", {"total_area": "null", "signed_area": "0"}),
    "projects_check2": Row("projects", {"signed_units": "total_units + 1"}),
    "projects_check3": Row("projects", {"signed_households": "total_households + 1"}),
    "projects_check4": Row("projects", {"signed_right_holders": "total_right_holders + 1"}),
    "projects_check5": Row("projects", {"signed_area": "total_area + 1"}),
    "projects_counting_rule_check": Row("projects", {"counting_rule": "'most_units_signed'"}),
    "projects_pkey": Row("projects"),
    "roll_holders_pkey": Row("roll_holders"),
    "roll_holders_unit_id_fkey": Row("roll_holders", {"unit_id": NOBODY}),
    "roll_members_pkey": Row("roll_members"),
    "roll_members_project_id_kind_party_id_fkey": Row("roll_members", {"party_id": NOBODY}),
    "roll_members_project_id_unit_id_fkey": Row("roll_members", {"unit_id": NOBODY}),
    "roll_parties_check": Row("roll_parties", {"counts_from": "2"}, "units = 1 and kind = 'right_holder'"),
    "roll_parties_check1": Row("roll_parties", {"units": "2", "counts_from": "1"}, "kind = 'household'"),
    "roll_parties_check2": Row("roll_parties", {"signed": "units + 1"}),
    "roll_parties_kind_check": Row("roll_parties", {"kind": "'company'"}),
    "roll_parties_pkey": Row("roll_parties"),
    "roll_parties_project_id_fkey": Row("roll_parties", {"project_id": NOBODY}),
    "roll_parties_units_check": Row("roll_parties", {"units": "0", "signed": "0"}, "kind = 'right_holder'"),
    "roll_units_area_check": Row("roll_units", {"area": "-1"}),
    "roll_units_pkey": Row("roll_units"),
    "roll_units_project_id_fkey": Row("roll_units", {"project_id": NOBODY}),
    "rolls_pkey": Row("rolls"),
    "series_check": Row("series", {"last_number": "0"}),
    "series_district_project_id_fkey": Row("series", {"project_id": NOBODY}),
    "series_pkey": Row("series"),
    "series_series_check": Row("series", {"series": "'gift'"}),
    "signatures_agreement_id_lock_count_right_holder_fkey": Row(
        "signatures", {"right_holder": NOBODY, "hand": NOBODY}, "capacity = 'self'"
    ),
    "signatures_capacity_check": Row("signatures", {"capacity": "'friend'", "mandate_id": NEW}),
    "signatures_check": Row("signatures", {"capacity": "'agent'"}, "mandate_id is null"),
    "signatures_check1": Row("signatures", {"hand": NOBODY}, "capacity = 'self'"),
    "signatures_mandate_id_fkey": Row("signatures", {**_UNSIGNED, "capacity": "'agent'", "mandate_id": NOBODY}),
    "signatures_pkey": Row("signatures"),
    "signatures_taken_by_check": Row("signatures", {"taken_by": "''"}),
    "staff_pkey": Row("staff"),
    "tasks_pkey": Row("tasks"),
    "tasks_unit_id_fkey": Row("tasks", {"task_id": NEW, "unit_id": NOBODY}),
    "term_lines_agreement_id_fkey": Row(
        "term_lines", {"head": "'other'", "district": f"'{NEIGHBOUR}'"}, _OF_A_DRAFT, NEIGHBOUR
    ),
    "term_lines_amount_fen_check": Row("term_lines", {"amount_fen": "-1"}, _OF_A_DRAFT),
    "term_lines_head_check": Row("term_lines", {"head": "'Head'"}, _OF_A_DRAFT),
    "term_lines_kind_check": Row("term_lines", {"kind": "'yearly'"}, _OF_A_DRAFT),
    "term_lines_pkey": Row("term_lines", {}, _OF_A_DRAFT),
    "term_lines_quantity_check": Row("term_lines", {"quantity": "-1"}, _OF_A_DRAFT),
    "term_lines_unit_price_fen_check": Row("term_lines", {"unit_price_fen": "-1"}, _OF_A_DRAFT),
}  # fmt: skip
# What comes before these, whatever the row.
COVERED = {
    "agreements_state_check": "agreement_moves",
    "cases_revision_check": "cases_check",
    "mandates_kind_check": "mandate_is_good",
    "tallies_pkey": "tallies_follow_their_tables",
}


def test_every_rule_of_a_row_has_a_breach(urls: Database) -> None:
    assert row_rules.declared(urls) == {*BREACHES, *COVERED}


def test_every_rule_of_a_row_refuses_what_breaks_it(engine: Engine, urls: Database) -> None:
    district = District(engine, "440303")
    district.open_project(("units", 1))
    a_row_in_each_table(district)

    for address in (urls.app, urls.owner):
        assert row_rules.refusals(address, district.district, BREACHES) == {rule: rule for rule in BREACHES}


def a_row_in_each_table(district: District) -> None:
    owner = a_holder("1/2")
    unit = district.register(owner, a_holder("1/2"))
    district.mandate(unit, owner.person_id, AGENT, "agent", date(2027, 1, 1))
    signed = district.signed(unit)
    district.rescind(district.signed(district.register()))
    district.ready(district.register())
    district.drafted(district.register(), form="exchange")
    to_succeed = district.register()
    carry_out(district.engine, district.district, SUCCEED, of(to_succeed, district, district.ready(to_succeed)))
    district.freeze()
    with district.transaction() as tx:
        declare_effect(tx, DeclareEffect(district.project_id, "罗府〔2026〕1号", DESK), district.clock)
    carry_out(district.engine, district.district, "; ".join(_BY_HAND), of(unit, district, signed))


_BY_HAND = (
    CLOSE.format(reached="true", at=AFTER),
    DAY.format(on="2026-11-26", restatement=0),
    "insert into tasks values (:d, gen_random_uuid(), :unit, 'visit', now(), null)",
    "insert into groups values (:d, gen_random_uuid(), :p, 'x', '[]')",
    "insert into assignments values (:d, :unit, gen_random_uuid(), null)",
    "insert into staff (district, subject, name, roles, staff_number) values (:d, 'x', 'x', '{}', '')",
)
