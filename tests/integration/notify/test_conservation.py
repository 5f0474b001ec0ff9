"""Is every planned message accounted for, and is a missing or extra message named?"""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.notify.queries.conservation import Planned
from shared.messaging.reconciler import Reconciler
from shared.service import database
from tests.support.owners import Owner


@pytest.fixture
def counted(notify, notify_database):
    """Counts all districts and returns the equation of this test's district."""
    mechanism = database.connect(notify_database.mechanism, application_name="test-reconciler")
    counting = Reconciler(Planned(mechanism, notify.clock))

    def count():
        (found,) = [item for item in counting.run_once() if item.place.district == notify.district]
        return found

    yield count
    mechanism.dispose()


@pytest.fixture
def two_owners(notify):
    """Two owners, one of whom has been sent a message while the other's waits."""
    unit_id, story = uuid4(), notify.story
    owners = [Owner(), Owner()]
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))
    notify.dispatcher.run_once()
    return owners


def as_owner(notify_database, district, statement, **values):
    owner = database.connect(notify_database.owner, application_name="test-planted")
    with database.begin(owner, district=district) as tx:
        tx.connection.execute(text(statement), values)
    owner.dispose()


def test_planned_messages_equal_the_sum_of_their_states(counted, two_owners):
    found = counted()

    assert found.left == 2
    assert {state: count for state, count in found.right.items() if count} == {"sent": 1, "waiting": 1}
    assert str(found).endswith(": holds")


def test_a_message_that_is_gone_is_named(notify, notify_database, counted, two_owners):
    gone = "delete from messages where person_id = :person and state = 'waiting'"
    for owner in two_owners:
        as_owner(notify_database, notify.district, gone, person=owner.person_id)
    (lost,) = notify.rows("select recipients.* from recipients left join messages using (event_id, person_id)"
                          " where message_key is null")  # fmt: skip

    assert counted().missing == [f"{lost.event_id}/{lost.person_id}"]


@pytest.mark.logs_error("an equation is broken")
def test_a_message_that_nobody_planned_is_named(notify, notify_database, counted, two_owners):
    unplanned = "delete from recipients where person_id = :person"
    as_owner(notify_database, notify.district, unplanned, person=two_owners[0].person_id)
    (extra,) = notify.rows("select message_key from messages where person_id = :person", person=two_owners[0].person_id)

    assert (counted().left, counted().extra) == (1, [extra.message_key])
