"""Is a message sent once, by one worker, and never again while its outcome is unknown? Real mail server, real gateway, real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notify.commands.resolve_message import ResolveMessage, resolve_message
from services.notify.commands.retry_message import RetryMessage, retry_message
from services.notify.store import messages
from shared.service import database
from tests.support.owners import NOON, Owner


def planned(notify, *owners):
    """A signed unit whose messages to the owners are waiting."""
    unit_id, story = uuid4(), notify.story
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))


def claims(notify):
    with database.begin(notify.engine, district=notify.district) as tx:
        return messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC))


def is_due_now(notify):
    with database.begin(notify.engine, district=notify.district) as tx:
        tx.connection.exec_driver_sql("update messages set next_try_at = now() where next_try_at is not null")


def test_eight_workers_send_each_message_once(notify):
    owners = [Owner() for _ in range(24)]
    planned(notify, *owners)

    with ThreadPoolExecutor(8) as workers:
        for _ in workers.map(lambda _: notify.dispatches(), range(8)):
            pass

    assert sorted(to for to, _ in notify.mail.arrived) == sorted(owner.email for owner in owners)
    assert (notify.balance().planned, notify.balance().sent) == (24, 24)
    assert notify.event_types().count("message.sent.v1") == 24


def test_a_crash_between_the_mark_and_the_outcome_leaves_it_unknown_and_unsent(notify):
    planned(notify, Owner())
    claims(notify)  # and the worker dies here

    notify.dispatches()
    assert [state for state, _, _ in notify.states()] == ["trying"]
    notify.inquires()
    notify.dispatches()

    assert notify.states() == [("unknown", "mail", "answer-lost")] and notify.mail.arrived == []
    assert notify.event_types() == ["message.planned.v1", "message.unknown.v1"]


def test_a_slow_attempt_is_not_treated_as_a_crash(notify):
    planned(notify, Owner())
    claims(notify)

    assert notify.inquires(lease=timedelta(seconds=90)) == 0
    assert [state for state, _, _ in notify.states()] == ["trying"]


@pytest.mark.parametrize(("arrived", "state"), [(True, "sent"), (False, "waiting")])
def test_a_gateway_with_a_status_query_resolves_a_crash(notify, arrived, state):
    planned(notify, Owner(channels=("sms",)))
    claimed = claims(notify)
    if arrived:
        notify.sms.arrived[claimed.message_key] = {}

    notify.inquires()

    assert [found for found, _, _ in notify.states()] == [state]


def test_a_message_with_a_lost_answer_is_queried_and_never_resent(notify):
    planned(notify, Owner())
    notify.mail.answers = ["silence"]
    notify.dispatches()
    is_due_now(notify)
    notify.inquires()
    is_due_now(notify)
    notify.dispatches()

    assert notify.states() == [("unknown", "mail", "answer-lost")]
    assert len(notify.mail.arrived) == 1  # it had arrived, as an unknown one may have


def test_a_message_certainly_not_accepted_is_retried(notify):
    planned(notify, Owner())
    notify.mail.answers = ["451 later"]
    notify.dispatches()
    assert notify.states() == [("waiting", "mail", "smtp-451")] and notify.balance().waiting == 1

    is_due_now(notify)
    notify.dispatches()

    assert notify.states() == [("sent", "mail", None)] and len(notify.mail.arrived) == 1
    assert [row.outcome for row in notify.rows("select outcome from attempts order by try")] == ["not_accepted", "sent"]


def test_a_permanently_refused_message_fails_until_a_person_orders_a_retry(notify):
    planned(notify, Owner())
    notify.mail.recipients_refused = "550 no such mailbox"
    notify.dispatches()
    assert notify.states() == [("failed", "mail", "smtp-550")]

    notify.mail.recipients_refused = ""
    with database.begin(notify.engine, district=notify.district) as tx:
        [key] = tx.connection.exec_driver_sql("select message_key from messages where state = 'failed'").scalars()
        retry_message(tx, RetryMessage(key, done_by="command-1", real_at=datetime.now(UTC)))
    notify.dispatches()

    assert notify.states() == [("sent", "mail", None)]
    assert notify.event_types() == ["message.planned.v1", "message.failed.v1", "message.sent.v1"]


def test_a_person_resolves_an_unknown_message_without_sending_it(notify):
    planned(notify, Owner())
    key = claims(notify).message_key
    notify.inquires()

    with database.begin(notify.engine, district=notify.district) as tx:
        resolve_message(tx, ResolveMessage(key, "arrived", done_by="command-1", at=NOON, real_at=datetime.now(UTC)))

    assert notify.states() == [("sent", "mail", None)] and notify.mail.arrived == []
    assert notify.balance().sent == 1


def test_a_late_answer_to_an_earlier_attempt_changes_nothing(notify):
    planned(notify, Owner())
    first = claims(notify)
    notify.inquires()  # given up on
    with database.begin(notify.engine, district=notify.district) as tx:
        resolve_message(
            tx,
            ResolveMessage(first.message_key, "not_arrived", done_by="command-1", at=NOON, real_at=datetime.now(UTC)),
        )
        retry_message(tx, RetryMessage(first.message_key, done_by="command-1", real_at=datetime.now(UTC)))
    notify.dispatches()

    assert notify.inquires() == 0
    assert notify.states() == [("sent", "mail", None)]
