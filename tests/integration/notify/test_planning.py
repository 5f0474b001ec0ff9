"""Does each right-holder get one message, in any order of the facts and after any number of repeats?"""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from tests.support.owners import NOON, Owner


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_facts_of_different_topics_arrive_in_any_order(notify, order):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    facts = [story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner)]

    for place in order:
        notify.receive(facts[place])

    assert notify.states() == [("waiting", "mail", None)]
    assert notify.event_types() == ["message.planned.v1"]


def test_every_right_holder_gets_a_message_by_their_channel_and_in_their_language(notify):
    unit_id, story = uuid4(), notify.story
    owners = [
        Owner(language="zh-Hant", channels=("mail",)),
        Owner(language="en", channels=("sms", "mail")),
        Owner(channels=("sms", "mail"), mobile=None),
    ]
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))

    planned = notify.rows("select person_id, channel, language from messages")

    expected = {
        (owners[0].person_id, "mail", "zh-Hant"),
        (owners[1].person_id, "sms", "en"),
        (owners[2].person_id, "mail", "zh-Hans"),
    }
    assert {tuple(row) for row in planned} == expected


def test_a_replay_of_all_topics_plans_and_sends_nothing_twice(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.dispatches()
    before = notify.states()

    notify.reads(f"another-{uuid4()}")  # from the first record, with an empty inbox
    notify.dispatches()

    assert before == notify.states() == [("sent", "mail", None)]
    assert len(notify.mail.arrived) == 1
    assert notify.event_types() == ["message.planned.v1", "message.sent.v1"]


def test_the_worker_completes_two_facts_that_arrive_at_the_same_moment(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.signed(unit_id, owner))
    assert notify.balance().incomplete == 1

    notify.receive(story.key(owner))
    notify.completer.run_once()

    assert (notify.balance().planned, notify.balance().incomplete) == (1, 0)


def test_a_later_buyer_gets_no_message_of_the_signing(notify):
    unit_id, seller, buyer, story = uuid4(), Owner(), Owner(), notify.story
    notify.receive(story.unit(unit_id, seller), story.signed(unit_id, seller), story.unit(unit_id, buyer))
    notify.receive(story.contact(buyer), story.key(buyer), story.contact(seller), story.key(seller))

    assert [row.person_id for row in notify.rows("select person_id from messages")] == [seller.person_id]


def test_a_rescission_withdraws_a_message_that_was_not_sent(notify):
    unit_id, owner, story, agreement_id = uuid4(), Owner(), notify.story, uuid4()
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner))
    notify.receive(story.signed(unit_id, owner, agreement_id=agreement_id), story.rescinded(unit_id, agreement_id))

    assert sorted(state for state, _, _ in notify.states()) == ["superseded", "waiting"]
    assert notify.rows("select template from messages where state = 'waiting'")[0].template == "rescinded"


def test_the_message_of_a_rescission_at_night_waits_until_morning(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.clock.at = NOON + timedelta(hours=12)  # midnight in Shanghai
    notify.receive(
        story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.rescinded(unit_id, uuid4())
    )
    notify.dispatches()
    assert notify.states() == [("held", "mail", None)] and notify.mail.arrived == []

    notify.clock.at = NOON + timedelta(hours=20)  # eight in the morning
    notify.dispatches()

    assert notify.states() == [("sent", "mail", None)]


@pytest.mark.parametrize("owner", [Owner(channels=()), Owner(email=None, mobile=None)])
def test_a_person_without_an_address_is_recorded_as_withheld(notify, owner):
    unit_id, story = uuid4(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))

    assert notify.states() == [("withheld", None, "no-channel")]
    assert (notify.balance().planned, notify.balance().withheld, notify.event_types()) == (1, 1, [])
