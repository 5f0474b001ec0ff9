"""A fact is undone while its message is on its way to be sent: is a message about what no longer holds still sent?"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.commands.postpone_message import PostponeMessage, postpone_message
from services.notify.commands.resend_failed import ResendFailed, resend_failed
from services.notify.commands.settle_message import SettleMessage, settle_message
from services.notify.domain.outcome import NotAccepted
from services.notify.store import known, messages
from services.notify.store.contacts import READER
from shared.events import codec
from shared.events.registry import ContactRecorded, KeyWrapped, UnitRegistered
from shared.service import database
from tests.support.owners import NOON, Owner


def event_of(message, kind):
    return codec.decode(kind, message.payload)


def templates_sent(notify) -> list[str]:
    rows = notify.rows("select template from messages where state = 'sent' order by template")
    assert len(notify.mail.arrived) == len(rows)
    return [row.template for row in rows]


def undone(notify) -> list[tuple[str, int]]:
    """Template and tries of the messages that are not to be sent any more."""
    rows = notify.rows("select template, tries, settled_at from messages where state = 'superseded'")
    assert all(row.settled_at for row in rows)
    return [(row.template, row.tries) for row in rows]


class Signed:
    """A unit with one owner, whose signing is told; `rescinds` undoes it."""

    def __init__(self, notify) -> None:
        self._notify, self.owner, self._unit, self._agreement = notify, Owner(), uuid4(), uuid4()
        story = notify.story
        self.unit = story.unit(self._unit, self.owner)
        self.of_owner = (story.contact(self.owner), story.key(self.owner))
        self.signed = story.signed(self._unit, self.owner, agreement_id=self._agreement)

    def planned(self) -> "Signed":
        self._notify.receive(self.unit, *self.of_owner, self.signed)
        return self

    def rescinds(self) -> None:
        self._notify.receive(self._notify.story.rescinded(self._unit, self._agreement))


def claimed(notify) -> messages.Claimed:
    with database.begin(notify.engine, district=notify.district) as tx:
        found = messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC))
    assert found is not None
    return found


def later(notify) -> None:
    """Back-off and night are over."""
    notify.clock.at = NOON + timedelta(days=1)
    with database.begin(notify.engine, district=notify.district) as tx:
        tx.connection.exec_driver_sql("update messages set next_try_at = now() where next_try_at is not null")


def given_back(notify, claim: messages.Claimed) -> None:
    now = {"at": NOON, "real_at": datetime.now(UTC)}
    outcome = NotAccepted("smtp-451", permanent=False)
    command = SettleMessage(claim.message_key, claim.tries, claim.tried_at, outcome, **now)
    with database.begin(notify.engine, district=notify.district) as tx:
        settle_message(tx, command)


def postponed(notify, claim: messages.Claimed) -> None:
    until = NOON + timedelta(hours=12)
    with database.begin(notify.engine, district=notify.district) as tx:
        command = PostponeMessage(
            claim.message_key, claim.tries, claim.tried_at, until=until, real_at=datetime.now(UTC)
        )
        postpone_message(tx, command)


@pytest.mark.parametrize(("ends", "tries"), [(given_back, 1), (postponed, 0)])
def test_a_message_whose_fact_is_undone_during_a_try_is_not_tried_again(notify, ends, tries: int) -> None:
    signing = Signed(notify).planned()
    claim = claimed(notify)

    signing.rescinds()
    ends(notify, claim)
    later(notify)
    notify.dispatches()

    assert templates_sent(notify) == ["rescinded"]
    assert undone(notify) == [("signed-exchange", tries)]
    assert notify.balance().planned == 2


def test_a_fact_that_is_undone_while_its_message_is_planned_sends_nothing(notify) -> None:
    """The planner has not seen what undoes it, and the undoing has not seen the message."""
    signing = Signed(notify)
    contact, key = signing.of_owner
    notify.receive(signing.signed)  # of a unit that is not known yet
    with database.begin(notify.engine, district=notify.district) as tx:
        known.units_registered(tx, [event_of(signing.unit, UnitRegistered)])
        known.contacts_recorded(tx, [event_of(contact, ContactRecorded)])
        known.keys_wrapped(tx, [event_of(key, KeyWrapped)], reader=READER)

    with database.begin(notify.engine, district=notify.district) as tx:
        assert plan_messages(tx, PlanMessages(NOON), opener=notify.opener) == 1
        signing.rescinds()
    later(notify)
    notify.dispatches()

    assert templates_sent(notify) == ["rescinded"]
    assert undone(notify) == [("signed-exchange", 0)]


def test_what_was_undone_after_it_had_failed_is_not_among_what_is_sent_again(notify) -> None:
    signing = Signed(notify).planned()
    notify.mail.recipients_refused = "550 no such mailbox"
    notify.dispatches()
    notify.mail.recipients_refused = ""

    signing.rescinds()
    order = ResendFailed("smtp-550", "the mailbox is there now", ordered_by="command-1", real_at=datetime.now(UTC))
    with database.begin(notify.engine, district=notify.district) as tx:
        resend_failed(tx, order)
    later(notify)
    notify.dispatches()

    assert templates_sent(notify) == ["rescinded"]
    assert undone(notify) == [("signed-exchange", 1)]
