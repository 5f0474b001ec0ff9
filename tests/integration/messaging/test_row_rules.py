"""Does each check, key and reference of the kit's tables refuse the row that breaks it? They are the same in each service."""

from collections.abc import Callable

from tests.support import row_rules
from tests.support.platform import Database
from tests.support.row_rules import Filled, Row

NEW = "gen_random_uuid()"
# A row of each table, where a value of the column's type alone would break a rule.
FILLED = {
    "decisions": {"decision": "'keep-ours'"},
    "epochs": {"epoch": "2"},
    "events": {"payload": "'x'"},
    "unsent": {"id": "(select max(id) from events)"},
}
# The name of a rule, and the row that it refuses.
BREACHES = {
    "decisions_decided_by_check": Row("decisions", {"decided_by": "''"}),
    "decisions_decision_check": Row("decisions", {"decision": "'toss'"}),
    "decisions_pkey": Row("decisions"),
    "decisions_reason_check": Row("decisions", {"reason": "''"}),
    "doubted_pkey": Row("doubted"),
    "epochs_epoch_check": Row("epochs", {"epoch": "0"}),
    "epochs_pkey": Row("epochs"),
    "event_keys_pkey": Row("event_keys"),
    "events_event_id_key": Row("events", {"sequence": "2"}),
    "events_payload_check": Row("events", {"payload": "convert_to(repeat('x', 262145), 'UTF8')"}),
    "events_sequence_check": Row("events", {"sequence": "0"}),
    "events_topic_key_sequence_key": Row("events", {"event_id": NEW}),
    "held_pkey": Row("held"),
    "idempotent_answers_pkey": Row("idempotent_answers"),
    "inbox_pkey": Row("inbox"),
    "lags_pkey": Row("lags"),
    "outbox_pkey": Row("outbox"),
    "parked_pkey": Row("parked"),
    "positions_pkey": Row("positions"),
    "quarantined_pkey": Row("quarantined"),
    "row_probe_pkey": Row("row_probe"),
    "unsent_id_fkey": Row("unsent", {"id": "-1"}),
    "unsent_pkey": Row("unsent"),
}
# The database gives the number itself.
GIVEN = {"events_pkey"}


def test_every_rule_of_a_row_refuses_what_breaks_it(database: Callable[[str], Database]) -> None:
    urls = database("signing")

    assert row_rules.declared(urls, kit=True) == set(BREACHES) | GIVEN
    assert row_rules.refusals(urls.owner, "440303", BREACHES, filled=Filled(FILLED)) == {
        rule: rule for rule in BREACHES
    }
