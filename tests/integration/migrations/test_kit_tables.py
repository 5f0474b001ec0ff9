"""Each service's migrations create the kit's tables, reporting's also those of the feed. Are they as they are declared?"""

import pytest

from services.reporting.store import feed
from shared.messaging import schema
from shared.service import database as databases
from shared.service import idempotency, row_security
from tests.support import dumps, kit

_JOURNAL = ("events", "unsent", "event_keys", "epochs", "held", "outbox")
_INBOX = ("inbox", "positions", "lags", "doubted", "parked", "quarantined", "decisions")
_FEED = ("feed_numbers", "feed")
_SERVED = ("row_probe", "idempotent_answers")
TABLES = {
    "registry": (*_SERVED, *_JOURNAL, *_INBOX),
    "signing": (*_SERVED, *_JOURNAL, *_INBOX),
    "notify": (*_SERVED, *_JOURNAL, *_INBOX),
    "reporting": (*_SERVED, *_INBOX, *_FEED),
}


@pytest.mark.parametrize("service", TABLES)
def test_the_kits_tables_of_a_service_are_those_that_the_kit_declares(service, platform, database, empty_database):
    declared = empty_database(kit.SERVICE)
    owner = databases.connect(declared.owner, application_name="declared")
    statements = [*row_security.schema(kit.SERVICE), *idempotency.schema(kit.SERVICE), *schema.journal(kit.SERVICE)]
    kit.create(
        owner, [*statements, *schema.inbox(kit.SERVICE), *schema.decisions(kit.SERVICE), *feed.schema(kit.SERVICE)]
    )
    owner.dispose()

    migrated = dumps.schema(platform, database(service), TABLES[service])
    expected = dumps.schema(platform, declared, TABLES[service])

    assert sorted(_plain(migrated, service)) == sorted(_plain(expected, kit.SERVICE))


def _plain(lines, service):
    return [line.replace(f"{service}_", "").replace("model.", "public.") for line in lines]
