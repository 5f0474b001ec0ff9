"""Does each check, key and reference of reporting's tables refuse the row that breaks it?"""

from collections.abc import Callable

import pytest

from tests.support import row_rules
from tests.support.platform import Database
from tests.support.row_rules import Filled, Row

NEW = "gen_random_uuid()"
# A row of each table, where a value of the column's type alone would break a rule; and the rows that the rules refuse.
RECORDS = {
    "deliveries": {"state": "'waiting'"},
    "exchange_log": {"epoch": "1", "number": "1"},
    "exchange_taken": {"channel": "'feed'"},
}
OF_RECORDS = {
    "agency_statements_pkey": Row("agency_statements"),
    "daily_reports_pkey": Row("daily_reports"),
    "daily_reports_restatement_check": Row("daily_reports", {"restatement": "-1"}),
    "deliveries_pkey": Row("deliveries"),
    "deliveries_state_check": Row("deliveries", {"state": "'lost'"}),
    "delivery_attempts_pkey": Row("delivery_attempts"),
    "display_grants_name_check": Row("display_grants", {"name": "''"}),
    "display_grants_pkey": Row("display_grants"),
    "endpoint_states_allowed_rate_check": Row("endpoint_states", {"allowed_rate": "0"}),
    "endpoint_states_pkey": Row("endpoint_states"),
    "endpoint_states_status_check": Row("endpoint_states", {"status": "'lost'"}),
    "exchange_log_district_epoch_event_id_key": Row("exchange_log", {"number": "2"}),
    "exchange_log_number_check": Row("exchange_log", {"number": "0"}),
    "exchange_log_pkey": Row("exchange_log", {"event_id": NEW}),
    "exchange_numbers_pkey": Row("exchange_numbers"),
    "exchange_taken_channel_check": Row("exchange_taken", {"channel": "'fax'"}),
    "exchange_taken_pkey": Row("exchange_taken"),
    "feed_numbers_pkey": Row("feed_numbers"),
    "feed_pkey": Row("feed"),
    "statement_keys_pkey": Row("statement_keys"),
}
MODEL = {"signings": {"fact": "'signed'"}}
OF_MODEL = {
    **{
        f"{table}_pkey": Row(f"model.{table}")
        for table in (
            *("agency_clients", "agency_grants", "assignments", "calls", "case_steps", "cases", "closed_days"),
            *("districts", "endpoints", "groups", "holders", "projects", "rolls", "signings", "tallies", "units"),
        )
    },
    "closed_days_restatement_check": Row("model.closed_days", {"restatement": "-1"}),
    "signings_fact_check": Row("model.signings", {"fact": "'lost'"}),
}


@pytest.mark.parametrize(
    ("schema", "filled", "breaches"),
    [("public", RECORDS, OF_RECORDS), ("model", MODEL, OF_MODEL)],
    ids=["records", "read model"],
)
def test_every_rule_of_a_row_refuses_what_breaks_it(
    database: Callable[[str], Database], schema: str, filled: dict[str, dict[str, str]], breaches: dict[str, Row]
) -> None:
    urls = database("reporting")

    assert row_rules.declared(urls, schema=schema) == set(breaches)

    found = row_rules.refusals(urls.owner, "440303", breaches, filled=Filled(filled, schema=schema))
    assert found == {rule: rule for rule in breaches}
