"""When each column of reporting may change, as the service's role: declared below, and held against the grants and guards of the database.

A column without a line may not be granted for update. A line without a grant is out of date. A guard that a line names must exist.
A table of the read model has one verdict as a whole: a rebuild replaces it.
"""

import pytest

from services.reporting.store import model_schema
from tests.support import may_change
from tests.support.platform import Database

_FORWARD = ("forward, with its entry", "numbers_go_on")
_GROWS = ("it grows", "only_grows")
_PAIRED = ("once, when the display takes the grant up", "taken_up_once")
_REVOKED = ("once", "revoked_stays_revoked")
_PLANNED = ("forward, or from the beginning under a new epoch", "planned_goes_on")
_CONDITION = ("with an answer of the endpoint, or when it is switched on", "")
_ANEW = ("when it is planned anew", "planned_anew")
_SETTLED = ("until the delivery is settled, and when it is planned anew", "settled_stands")
_LEASE = ("with a claim: only what waits is claimed", "")
_TRY = ("not at all, but for a delivery that was trimmed and planned anew", "attempt_stands")

# (table, column): when it may change, and the trigger of the table that refuses it at another time.
MAY_CHANGE: dict[tuple[str, str], tuple[str, str]] = {
    ("feed_numbers", "last_number"): _FORWARD,
    ("exchange_numbers", "epoch"): _FORWARD,
    ("exchange_numbers", "last_number"): _FORWARD,
    ("exchange_numbers", "whole"): ("to false by a fill; to true with a new epoch", "numbers_go_on"),
    **{
        ("exchange_taken", column): _GROWS
        for column in ("grants", "first_number", "last_number", "events", "answers", "addresses")
    },
    ("display_grants", "tries"): ("by one", "tries_by_one"),
    ("display_grants", "token_digest"): _PAIRED,
    ("display_grants", "since"): _PAIRED,
    ("display_grants", "last_seen_at"): ("when the display asks: it proves nothing", ""),
    ("display_grants", "expires_at"): (
        "when the display takes the grant up; later only to an earlier end",
        "lasts_no_longer",
    ),
    ("display_grants", "revoked_by"): _REVOKED,
    ("display_grants", "revoked_at"): _REVOKED,
    ("endpoint_states", "url"): ("with the registry's event: it has to be greeted", "address_is_greeted"),
    ("endpoint_states", "status"): ("open after a handshake only", "address_is_greeted"),
    **{("endpoint_states", column): _PLANNED for column in ("epoch", "scanned", "planned")},
    **{
        ("endpoint_states", column): _CONDITION
        for column in ("code", "since", "failures", "paused_until", "succeeded_at", "allowed_rate")
    },
    **{
        ("endpoint_states", column): ("at each round: it decides when, never whether", "")
        for column in ("served_at", "tokens", "refilled_at")
    },
    **{("deliveries", column): _ANEW for column in ("epoch", "number", "after")},
    ("deliveries", "state"): ("with a move of the delivery", "delivery_moves"),
    ("deliveries", "tries"): ("by one, with a claim", "tries_by_one"),
    **{
        ("deliveries", column): _SETTLED
        for column in ("code", "failures", "first_failed_at", "tried_at", "settled_at", "planned_at")
    },
    **{("deliveries", column): _LEASE for column in ("next_try_at", "claimed_until")},
    **{("delivery_attempts", column): _TRY for column in ("began_at", "milliseconds", "status", "code")},
    ("pulses", "caught_up_at"): ("forward", "pulse_goes_on"),
}
# Tables of the read model, by why their rows may change or go as a whole.
_STATE = "the state by the newest event"
MODEL = {
    **dict.fromkeys(
        (
            "districts",
            "projects",
            "rolls",
            "calls",
            "units",
            "groups",
            "assignments",
            "cases",
            "agency_clients",
            "endpoints",
        ),
        _STATE,
    ),
    "holders": "replaced with their unit",
    "tallies": "recounted from units and cases",
    "signings": "a fact by its event",
    "case_steps": "an event by its number; another one stands there after a decision",
    "agency_grants": "the grants in force",
}


def test_each_column_that_the_service_may_change_has_a_verdict_and_no_other_is_granted(urls: Database) -> None:
    assert may_change.updatable(urls) == set(MAY_CHANGE)


def test_each_verdict_has_the_guard_that_it_names(urls: Database) -> None:
    named = {(table, guard) for (table, _), (_, guard) in MAY_CHANGE.items() if guard}

    assert named - may_change.guards(urls) == set()


def test_no_row_of_a_record_goes_and_no_table_is_emptied(urls: Database) -> None:
    assert may_change.tables_with(urls, "delete") == set()


@pytest.mark.parametrize("privilege", ["update", "delete"])
def test_each_table_of_the_read_model_that_the_service_may_write_has_a_verdict(urls: Database, privilege: str) -> None:
    """Any other one, as that of closed days, is only added to."""
    assert may_change.tables_with(urls, privilege, model_schema.LIVE) == set(MODEL)
    assert {table for table, _ in may_change.updatable(urls, model_schema.LIVE)} == set(MODEL)


@pytest.mark.parametrize("jump", may_change.JUMPS)
def test_the_service_cannot_leave_its_role(urls: Database, jump: str) -> None:
    may_change.assert_is_refused(urls, may_change.JUMPS[jump].format(service="reporting", table="deliveries"))
