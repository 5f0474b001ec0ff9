"""Does each check, key and reference of notify's tables refuse the row that breaks it?"""

from collections.abc import Callable

from tests.support import row_rules
from tests.support.platform import Database
from tests.support.row_rules import Filled, Row

NEW = "gen_random_uuid()"
# A row of each table, where a value of the column's type alone would break a rule.
FILLED = {
    "acts": {"kind": "'retry'"},
    "attempts": {"outcome": "'sent'"},
    "channel_holds": {"channel": "'mail'"},
    "messages": {"channel": "'mail'", "state": "'waiting'", "language": "'en'"},
    "person_keys": {"wrapped": "'x'"},
    "resends": {"channel": "'mail'"},
    "right_holders": {"masked_name": "'陈**'"},
}
# The name of a rule, and the row that it refuses.
BREACHES = {
    "acts_done_by_check": Row("acts", {"done_by": "' '"}),
    "acts_kind_check": Row("acts", {"kind": "'forgotten'"}),
    "acts_message_key_fkey": Row("acts", {"act_id": NEW, "message_key": "'another'"}),
    "acts_pkey": Row("acts"),
    "attempts_message_key_fkey": Row("attempts", {"message_key": "'another'"}),
    "attempts_outcome_check": Row("attempts", {"outcome": "'lost'"}),
    "attempts_pkey": Row("attempts"),
    "channel_holds_channel_check": Row("channel_holds", {"channel": "'fax'"}),
    "channel_holds_open": Row("channel_holds", {"hold_id": NEW}),
    "channel_holds_pkey": Row("channel_holds"),
    "contacts_pkey": Row("contacts"),
    "facts_pkey": Row("facts"),
    "messages_channel_check": Row("messages", {"channel": "'fax'"}),
    "messages_check": Row("messages", {"channel": "null"}),
    "messages_check1": Row("messages", {"state": "'sent'"}),
    "messages_check2": Row("messages", {"state": "'failed'"}),
    "messages_event_id_fkey": Row("messages", {"message_key": "'another'", "event_id": NEW}),
    "messages_event_id_person_id_template_channel_key": Row("messages", {"message_key": "'another'"}),
    "messages_forgiven_check": Row("messages", {"forgiven": "-1"}),
    "messages_holds_begun_check": Row("messages", {"holds_begun": "-1"}),
    "messages_language_check": Row("messages", {"language": "'fr'"}),
    "messages_pkey": Row("messages"),
    "messages_state_check": Row("messages", {"state": "'lost'"}),
    "person_keys_check": Row("person_keys", {"dropped_at": "now()"}),
    "person_keys_pkey": Row("person_keys"),
    "projects_pkey": Row("projects"),
    "recipients_event_id_fkey": Row("recipients", {"event_id": NEW}),
    "recipients_pkey": Row("recipients"),
    "resends_channel_check": Row("resends", {"channel": "'fax'"}),
    "resends_ordered_by_check": Row("resends", {"ordered_by": "' '"}),
    "resends_pkey": Row("resends"),
    "resends_reason_check": Row("resends", {"reason": "' '"}),
    "right_holders_masked_name_check": Row("right_holders", {"masked_name": "'陈安'"}),
    "right_holders_pkey": Row("right_holders"),
    "units_pkey": Row("units"),
}


def test_every_rule_of_a_row_refuses_what_breaks_it(database: Callable[[str], Database]) -> None:
    urls = database("notify")

    assert row_rules.declared(urls) == set(BREACHES)

    found = row_rules.refusals(urls.owner, "440303", BREACHES, filled=Filled(FILLED))
    assert found == {rule: rule for rule in BREACHES}
