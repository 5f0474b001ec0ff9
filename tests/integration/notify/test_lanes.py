"""Does a gateway that hangs delay its own channel and nothing else? Real SMTP server that hangs, real HTTP gateway, real database."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from services.notify.gateways.smtp import Mail
from services.notify.workers.dispatch import Dispatcher
from services.notify.workers.lanes import Lanes
from tests.integration.notify.liar import Liar
from tests.integration.notify.test_sending import planned
from tests.support.eventually import eventually
from tests.support.owners import NOON, Owner


class Hanging:
    """A mail server that hangs at the end of each text until it is let go."""

    def __init__(self, stage="dot"):
        self.stage, self.free, self.hung = stage, threading.Event(), 0
        self.server = Liar(pause=self.pause)

    def pause(self, verb):
        if verb == self.stage and not self.free.is_set():
            self.hung += 1
            self.free.wait(60)


@pytest.fixture
def running(notify):
    """running(processes) runs the lanes of that many worker processes against a hanging mail server."""
    hanging, stop, threads = Hanging(), threading.Event(), []

    def start(processes=1, **more):
        for _ in range(processes):
            gateways = {
                "mail": Mail("127.0.0.1", hanging.server.port, sender="n@clearwater.example", kept=4),
                "sms": notify.sms_gateway,
            }
            dispatcher = Dispatcher(
                notify.engine, gateways, opener=notify.opener, clock=notify.clock, districts=[notify.district]
            )
            lanes = Lanes(dispatcher, **more)
            threads.append(threading.Thread(target=lanes.run_forever, args=(stop,), kwargs={"idle_seconds": 0.05}))
            threads[-1].start()
        return hanging

    with hanging.server:
        yield start
        hanging.free.set()
        stop.set()
        for thread in threads:
            thread.join(30)


def test_a_text_message_leaves_while_every_mail_hangs(notify, running):
    hanging = running()
    planned(notify, *(Owner() for _ in range(20)))
    eventually(lambda: hanging.hung >= 2)  # all threads of the lane wait for the silent server

    began = time.monotonic()
    planned(notify, *(Owner(channels=("sms",)) for _ in range(3)))
    eventually(lambda: len(notify.sms.arrived) == 3)
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"3 text messages left within {seconds:.2f} s beside a mail server that hangs\n"
    )  # pytest -rP shows it

    assert hanging.server.mails and not notify.rows("select from messages where channel = 'mail' and state = 'sent'")
    hanging.free.set()
    eventually(lambda: notify.balance().sent == 23)
    assert len(hanging.server.mails) == 20


def test_an_urgent_mail_leaves_while_others_that_are_not_hang(notify, running):
    later = [Owner() for _ in range(12)]
    for owner in later:
        unit_id, story = uuid4(), notify.story
        notify.receive(
            story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.rescinded(unit_id, uuid4())
        )
    hanging = running()
    eventually(lambda: hanging.hung >= 2)
    hung_before = hanging.hung

    planned(notify, Owner())
    eventually(lambda: hanging.hung > hung_before)  # it has reached the server, although those before it hang there
    [urgent] = notify.rows("select state from messages join facts using (event_id) where facts.urgent")
    assert urgent.state == "trying"


def test_a_district_has_no_more_threads_than_its_lane_and_a_class_no_more_than_its_bound(notify, running):
    planned(notify, *(Owner() for _ in range(30)))
    hanging = running(senders=3, most=4)
    eventually(lambda: hanging.hung == 6)  # three of the lane of all, three of the urgent one

    lanes = [thread for thread in threading.enumerate() if thread.name == "mail-lane"]
    assert len(lanes) == 6


def test_several_processes_send_each_message_once_over_kept_sessions(notify, running):
    owners = [Owner() for _ in range(40)] + [Owner(channels=("sms",)) for _ in range(20)]
    planned(notify, *owners)
    hanging = running(processes=3)
    hanging.free.set()
    eventually(lambda: notify.balance().sent == 60)

    assert len(hanging.server.mails) == 40 and len(notify.sms.requests) == 20
    assert hanging.server.sessions < 40
    assert notify.event_types().count("message.sent.v1") == 60


def test_the_messages_of_one_person_keep_their_order_across_workers(notify):
    owner, agreement_id = Owner(), uuid4()
    unit_id, story = uuid4(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner))
    for number in range(8):
        notify.clock.at = NOON.replace(minute=number)
        notify.receive(story.rescinded(unit_id, agreement_id if number == 0 else uuid4()))
    with ThreadPoolExecutor(6) as workers:
        for _ in range(6):
            list(workers.map(lambda _: notify.dispatches(), range(6)))

    tries = notify.rows(
        "select planned_at, began_at, ended_at from attempts join messages using (message_key) order by began_at"
    )
    assert len(tries) == 8 and [attempt.planned_at for attempt in tries] == sorted(item.planned_at for item in tries)
    assert all(before.ended_at <= after.began_at for before, after in pairwise(tries))


@pytest.mark.logs_error("gateway failed", "message cannot be written")
def test_a_message_that_raises_an_exception_is_settled_and_the_others_are_sent(notify):
    class Stumbling:
        def __init__(self, gateway, bad):
            self.gateway, self.bad = gateway, bad

        def send(self, address, text, *, message_key):
            if address == self.bad:
                raise RuntimeError("planted")
            return self.gateway.send(address, text, message_key=message_key)

        def ask(self, message_key):
            raise RuntimeError("planted")

    owners = [Owner() for _ in range(6)]
    planned(notify, *owners)
    with notify.as_owner() as connection:
        connection.exec_driver_sql(
            "update messages set particulars = '{}' where person_id = %s", (str(owners[1].person_id),)
        )
    notify.dispatcher._gateways = {**notify.gateways, "mail": Stumbling(notify.gateways["mail"], owners[0].email)}
    notify.dispatches()

    states = {
        row.person_id: (row.state, row.code) for row in notify.rows("select person_id, state, code from messages")
    }
    assert [states[owner.person_id] for owner in owners] == [
        ("unknown", "gateway-failed"),
        ("failed", "not-writable"),
        *[("sent", None)] * 4,
    ]


@pytest.mark.logs_error("message cannot be planned")
def test_a_recipient_whose_planning_fails_does_not_delay_the_others(notify):
    owners, story, unit_id = [Owner() for _ in range(4)], notify.story, uuid4()
    with notify.as_owner() as connection:
        connection.exec_driver_sql(
            f"create or replace function planted() returns trigger language plpgsql as $$ begin"
            f" if new.person_id = '{owners[2].person_id}' then raise exception 'planted'; end if; return new; end $$"
        )
        connection.exec_driver_sql(
            "create trigger planted before insert on messages for each row execute function planted()"
        )
    try:
        known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
        notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))
        notify.completer.run_once()
        notify.dispatches()
        assert (notify.balance().sent, notify.balance().incomplete) == (3, 1)
    finally:
        with notify.as_owner() as connection:
            connection.exec_driver_sql("drop function planted() cascade")
    notify.completer.run_once()
    notify.dispatches()
    assert (notify.balance().sent, notify.balance().incomplete) == (4, 0)


@pytest.mark.logs_error("lane broken off")
def test_a_lane_that_breaks_off_counts_as_failing_until_one_of_its_messages_is_through(notify):
    """As an item of any other loop does: the alert ItemFailing names it."""
    dispatcher, stop = notify.dispatcher, threading.Event()
    serve, broken = dispatcher.serve, threading.Event()

    def breaks(lane):
        if broken.is_set():
            raise RuntimeError("planted")
        return serve(lane)

    def failing():
        return REGISTRY.get_sample_value("clearwater_failing_items", {"loop": "dispatch", "district": notify.district})

    def failed():
        return REGISTRY.get_sample_value(
            "clearwater_item_failed_total", {"loop": "dispatch", "district": notify.district}
        )

    dispatcher.serve = breaks
    broken.set()
    planned(notify, Owner(channels=("sms",)))
    thread = threading.Thread(target=Lanes(dispatcher).run_forever, args=(stop,), kwargs={"idle_seconds": 0.02})
    thread.start()
    try:
        assert eventually(lambda: failing() == 2)  # the urgent lane, and the lane of all
        assert failed() > 0
        broken.clear()
        assert eventually(lambda: notify.balance().sent == 1)
        planned(notify, Owner(channels=("sms",)))
        assert eventually(lambda: failing() < 2)
    finally:
        stop.set()
        thread.join(30)
