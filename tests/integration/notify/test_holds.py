"""A fault of ours or of the channel holds the channel and never fails a message. Real gateway, real mail server, real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.service import database
from tests.integration.notify.test_sending import claims, is_due_now, planned
from tests.support.owners import NOON, Owner


def texted(notify, count=3):
    owners = [Owner(channels=("sms",)) for _ in range(count)]
    planned(notify, *owners)
    return owners


def holds(notify):
    return [
        tuple(row)
        for row in notify.rows("select channel, code, probes, ended_at is null from channel_holds order by began_at")
    ]


def next_probe(notify):
    [row] = notify.rows("select next_probe_at from channel_holds where ended_at is null")
    return row.next_probe_at - datetime.now(UTC)


def probe_is_due(notify):
    with database.begin(notify.engine, district=notify.district) as tx:
        tx.connection.exec_driver_sql("update channel_holds set next_probe_at = now() where ended_at is null")


@pytest.mark.logs_error("channel held")
@pytest.mark.parametrize("status", [401, 402, 403, 404, 405, 407, 408, 410, 429, 503])
def test_an_outage_fails_no_message_and_ends_with_the_first_accepted_message(notify, status):
    texted(notify)
    notify.sms.answer = status
    notify.dispatches()
    assert holds(notify) == [("sms", f"sms-{status}", 0, True)]
    assert {state for state, _, _ in notify.states()} == {"waiting"}

    for _ in range(30):  # one probe each time, whatever it says
        probe_is_due(notify)
        is_due_now(notify)
        notify.dispatches()
    assert holds(notify) == [("sms", f"sms-{status}", 30, True)]
    assert {state for state, _, _ in notify.states()} == {"waiting"} and notify.balance().waiting == 3

    notify.sms.answer = 202
    probe_is_due(notify)
    is_due_now(notify)
    notify.dispatches()
    assert holds(notify)[0][3] is False
    assert notify.states() == [("sent", "sms", None)] * 3 and len(notify.sms.arrived) == 3


@pytest.mark.logs_error("channel held")
def test_while_a_channel_is_held_only_one_message_at_a_time_is_tried(notify):
    texted(notify, 8)
    notify.sms.answer = 401
    notify.dispatches()
    before = len(notify.sms.requests)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: notify.dispatches(), range(8)))
    assert len(notify.sms.requests) == before  # the pause is not over

    probe_is_due(notify)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: notify.dispatches(), range(8)))
    assert len(notify.sms.requests) == before + 1


@pytest.mark.logs_error("channel held")
def test_a_hold_does_not_stop_another_channel_or_district(notify):
    texted(notify, 2)
    planned(notify, Owner(channels=("mail",)))
    notify.sms.answer = 402
    notify.dispatches()

    assert sorted(state for state, _, _ in notify.states()) == ["sent", "waiting", "waiting"]
    assert len(notify.mail.arrived) == 1


@pytest.mark.logs_error("channel held")
def test_a_probe_respects_the_retry_after_of_the_gateway(notify):
    texted(notify)
    notify.sms.answer, notify.sms.retry_after = 429, "1000"
    notify.dispatches()
    assert timedelta(seconds=990) < next_probe(notify) <= timedelta(seconds=1000)

    notify.sms.retry_after = ""
    probe_is_due(notify)
    notify.dispatches()
    assert next_probe(notify) <= timedelta(seconds=15)


@pytest.mark.logs_error("channel held")
def test_one_message_that_makes_the_gateway_refuse_everything_does_not_stop_the_others(notify):
    [bad] = texted(notify, 1)
    [first] = notify.rows("select message_key from messages where person_id = :person", person=bad.person_id)
    notify.sms.answers = {first.message_key: 403}
    notify.dispatches()
    for _ in range(12):
        texted(notify, 1)
        for _ in range(3):
            probe_is_due(notify)
            is_due_now(notify)
            notify.dispatches()

    states = {
        row.person_id: (row.state, row.code) for row in notify.rows("select person_id, state, code from messages")
    }
    assert states.pop(bad.person_id) == ("failed", "sms-403")
    assert set(states.values()) == {("sent", None)} and len(states) == 12
    assert holds(notify)[-1][3] is False


@pytest.mark.logs_error("channel held")
def test_a_gateway_that_never_answers_is_held_after_three_lost_answers(notify):
    texted(notify, 6)
    notify.sms.answer = 0
    notify.dispatches()

    states = sorted(state for state, _, _ in notify.states())
    assert states == ["unknown"] * 3 + ["waiting"] * 3
    assert holds(notify) == [("sms", "sms-gateway-silent", 0, True)]


@pytest.mark.logs_error("channel held")
def test_a_broken_gateway_leaves_one_message_in_doubt_not_all(notify):
    texted(notify, 4)
    notify.sms.answer = 500
    notify.dispatches()

    assert sorted(state for state, _, _ in notify.states()) == ["unknown", "waiting", "waiting", "waiting"]


@pytest.mark.logs_error("channel held")
def test_a_mail_server_that_wants_a_login_holds_the_mails(notify):
    planned(notify, Owner(), Owner())
    notify.mail.recipients_refused = "530 5.7.0 authentication required"
    notify.dispatches()
    assert notify.states() == [("waiting", "mail", "smtp-530"), ("waiting", "mail", None)]

    notify.mail.recipients_refused = ""
    probe_is_due(notify)
    is_due_now(notify)
    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)] * 2


@pytest.mark.logs_error("channel held")
def test_a_probe_whose_process_died_is_made_again(notify):
    texted(notify, 2)
    notify.sms.answer = 401
    notify.dispatches()
    probe_is_due(notify)
    [lane] = [lane for lane in notify.dispatcher.due() if not lane.urgent]
    with database.begin(notify.engine, district=notify.district) as tx:
        claimed, probe = notify.dispatcher._claim(tx, lane)
    assert claimed is not None and probe
    assert timedelta(seconds=60) < next_probe(notify) <= timedelta(minutes=2)

    notify.sms.answer = 202
    probe_is_due(notify)
    is_due_now(notify)
    notify.dispatches()
    assert sorted(state for state, _, _ in notify.states()) == ["sent", "trying"]


def test_a_message_delayed_into_quiet_hours_waits_for_the_morning(notify):
    london = Owner(channels=("mail",), mobile="+447400123456")
    unit_id, story = uuid4(), notify.story
    notify.clock.at = NOON + timedelta(hours=16)  # 21:00 in London, 04:00 in Shanghai
    notify.receive(story.unit(unit_id, london), story.contact(london), story.key(london))
    notify.receive(story.rescinded(unit_id, uuid4()))
    notify.mail.answers = ["451 later"]
    notify.dispatches()
    assert notify.states() == [("waiting", "mail", "smtp-451")]  # tried at once: it is evening there

    notify.clock.at = NOON + timedelta(hours=19)  # midnight in London
    is_due_now(notify)
    notify.dispatches()
    assert notify.states() == [("held", "mail", "quiet-hours")] and notify.mail.arrived == []

    notify.clock.at = datetime(2026, 6, 1, 7, tzinfo=UTC)  # eight in London, by summer time
    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)]


def test_the_number_of_a_signature_goes_at_once_at_night(notify):
    notify.clock.at = NOON + timedelta(hours=11)  # 23:00 in Shanghai
    planned(notify, Owner())

    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)]


def test_the_number_of_a_signature_that_could_not_leave_for_two_hours_waits_for_the_morning(notify):
    notify.clock.at = NOON + timedelta(hours=11)
    planned(notify, Owner())
    notify.mail.answers = ["451 later"]
    notify.dispatches()
    assert notify.states() == [("waiting", "mail", "smtp-451")]

    notify.clock.at = NOON + timedelta(hours=13)
    is_due_now(notify)
    notify.dispatches()
    assert notify.states() == [("held", "mail", "quiet-hours")] and notify.mail.arrived == []


def test_the_time_zone_named_by_the_person_is_used(notify):
    owner = Owner(channels=("mail",), time_zone="America/Vancouver")
    unit_id, story = uuid4(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner))
    notify.receive(story.rescinded(unit_id, uuid4()))  # noon in Shanghai, 21:00 in Vancouver the day before

    assert notify.states() == [("waiting", "mail", None)]
    notify.clock.at = NOON + timedelta(hours=1)
    notify.dispatches()
    [row] = notify.rows("select state, hold_until from messages")
    assert (row.state, row.hold_until) == ("held", datetime(2026, 5, 31, 15, tzinfo=UTC))


def test_an_urgent_message_goes_first_and_one_person_has_one_at_a_time(notify):
    early, late = Owner(), Owner()
    unit_id, story = uuid4(), notify.story
    notify.receive(
        story.unit(unit_id, early), story.contact(early), story.key(early), story.rescinded(unit_id, uuid4())
    )
    notify.clock.at = NOON + timedelta(minutes=1)
    planned(notify, late)

    first, second = claims(notify), claims(notify)
    assert [first.person_id, second.person_id] == [late.person_id, early.person_id]
    notify.receive(story.signed(unit_id, early))
    assert claims(notify) is None  # the same person's other message is being sent
