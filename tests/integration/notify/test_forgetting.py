"""A deleted key forgets the person in notify, also for late events. No person is readable in the database."""

from uuid import uuid4

from services.notify.queries import messages
from shared.service import database
from tests.support import scanning
from tests.support.owners import Owner


def test_a_deleted_key_forgets_the_person_and_says_so(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.receive(story.key_deleted(owner))
    notify.dispatches()

    assert notify.states() == [("withheld", "mail", "person-forgotten")] and notify.mail.arrived == []
    assert notify.event_types() == ["message.planned.v1", "key.dropped.v1"]
    assert notify.rows("select from contacts") == []
    assert [row.wrapped for row in notify.rows("select wrapped from person_keys")] == [None]


def test_a_contact_that_comes_after_its_key_was_dropped_is_not_kept(notify):
    owner, story = Owner(), notify.story
    notify.receive(story.key(owner), story.key_deleted(owner), story.contact(owner))

    assert notify.rows("select from contacts") == []


def test_a_later_signing_of_a_forgotten_person_is_recorded_as_withheld(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.key_deleted(owner))
    notify.receive(story.signed(unit_id, owner))

    assert notify.states() == [("withheld", None, "person-forgotten")]


def test_no_planted_person_is_readable_in_any_table(notify, platform, notify_database):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)]

    assert scanning.tables(platform.superuser_url(notify_database.name), owner.planted) == []


def test_a_stored_message_can_be_rendered_again_with_the_masked_name(notify):
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(
        story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner, number=17)
    )
    notify.dispatches()
    [key] = [row.message_key for row in notify.rows("select message_key from messages")]

    with database.reading(notify.engine, granted=[notify.district]) as tx:
        found = messages.lineage(tx, key)

    assert "欧**您好" in found.text and "产权调换17" in found.text
    assert [attempt.outcome for attempt in found.tries] == ["sent"]
