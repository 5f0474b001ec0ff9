"""Has a person one message at a time, also when two dispatchers claim at the same moment?"""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notify.store import messages
from shared.service import database
from tests.support.eventually import eventually
from tests.support.owners import NOON, Owner


@pytest.mark.parametrize("first_is_urgent", [True, False])
def test_two_dispatchers_claim_one_message_of_a_person(notify, first_is_urgent: bool) -> None:
    unit_id, owner, story = uuid4(), Owner(), notify.story
    rescinded = story.rescinded(unit_id, uuid4())
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), rescinded)
    notify.clock.at = NOON + timedelta(minutes=1)
    notify.receive(story.signed(unit_id, owner))
    of_person = notify.rows("select message_key, channel, facts.urgent from messages join facts using (event_id)")
    assert {row.urgent for row in of_person} == {True, False}
    found: list[messages.Claimed | None] = []

    def claim(*, urgent: bool, hold: threading.Event | None = None) -> None:
        with database.begin(notify.engine, district=notify.district) as tx:
            real_at = datetime.now(UTC)
            found.append(messages.claim(tx, at=notify.clock.now(), real_at=real_at, channel="mail", urgent=urgent))
            if hold:
                hold.wait(10)

    hold = threading.Event()
    first = threading.Thread(target=claim, kwargs={"urgent": first_is_urgent, "hold": hold})
    first.start()
    eventually(lambda: found)
    second = threading.Thread(target=claim, kwargs={"urgent": not first_is_urgent})
    second.start()
    second.join(0.5)
    hold.set()
    first.join()
    second.join()

    assert found[0] is not None and found[0].urgent
    assert found[1:] == [None]
