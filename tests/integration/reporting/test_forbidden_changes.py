"""Forbidden changes in SQL: what the database refuses the service's role, in the records that a rebuild leaves alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.reporting.store import displays
from shared.service import database
from tests.support.hooks import DISTRICT, SIGNED, Endpoint, Hooks
from tests.support.receiver import Answer, Receiver


@dataclass
class Day:
    hooks: Hooks
    receiver: Receiver

    def signed(self) -> None:
        """An agency with a grant and an endpoint, and an event for it."""
        self.hooks.grant(SIGNED)
        self.hooks.register(Endpoint(self.receiver.url))
        self.hooks.happen(self.hooks.launch.sign(0))


def logged(day: Day) -> None:
    day.hooks.happen(*day.hooks.launch.opening())


def lacking(day: Day) -> None:
    logged(day)
    change(day.hooks.engine, "update exchange_numbers set whole = false")


def delivered(day: Day) -> None:
    day.signed()
    day.hooks.run()


def not_taken(day: Day) -> None:
    day.receiver.answer = lambda _: Answer(500)
    delivered(day)


def gone(day: Day) -> None:
    day.receiver.answer = lambda _: Answer(410)
    delivered(day)


def withheld(day: Day) -> None:
    not_taken(day)
    change(day.hooks.engine, "update deliveries set state = 'withheld', code = 'grant-missing', settled_at = now()")


def granted(day: Day) -> None:
    with database.begin(day.hooks.engine, district=DISTRICT) as tx:
        facts = {"name": "大厅东屏", "code": "ABCD", "secret_digest": "x", "granted_by": "command-1"}
        displays.add(tx, grant_id=uuid4(), project_id=uuid4(), **facts)


def paired(day: Day) -> None:
    granted(day)
    with database.begin(day.hooks.engine, district=DISTRICT) as tx:
        [shown] = displays_of(tx)
        displays.count_try(tx, shown)
        displays.pair(tx, shown, "y")


def revoked(day: Day) -> None:
    paired(day)
    with database.begin(day.hooks.engine, district=DISTRICT) as tx:
        displays.revoke(tx, displays_of(tx)[0], revoked_by="command-1")


def displays_of(tx: database.Transaction) -> list[UUID]:
    return list(tx.connection.execute(text("select grant_id from display_grants")).scalars())


def change(engine: Engine, statement: str) -> None:
    with database.begin(engine, district=DISTRICT) as tx:
        tx.connection.execute(text(statement))


_LOG_ENTRY = """
    insert into exchange_log (district, epoch, number, feed_number, event_id, topic, key, sequence, type, headers)
    select district, {epoch}, {number}, 1, gen_random_uuid(), 't', 'k', 1, 'x', '{{}}' from exchange_numbers
"""
_FEED_ENTRY = (
    "insert into feed (district, number, kind, body) select district, {number}, 'changed', '{{}}' from feed_numbers"
)
_COUNTED = "with counted as (update {table} set last_number = last_number + {by}) "
_AGAIN = """
    insert into deliveries
    select endpoint_id, gen_random_uuid(), district, epoch, number, after, key, type, {state}, {tries}, 0, null, now() from deliveries
"""

_OPEN_AT_ONCE = """
    insert into endpoint_states (endpoint_id, district, url, status, since, epoch, scanned, planned)
    select gen_random_uuid(), district, 'https://other.example', 'open', now(), 1, 0, 0 from exchange_numbers
"""
_REPORT = """
    insert into daily_reports (district, project_id, business_on, restatement, feed_number, body)
    select district, gen_random_uuid(), '2026-11-29', 0, last_number, '{}' from feed_numbers
"""
# (state, statement, message).
REFUSED: dict[str, tuple[Callable[[Day], None], str, str]] = {
    "feed numbers that go back": (logged, "update feed_numbers set last_number = last_number - 1", "go back"),
    "a feed number without an entry": (logged, "update feed_numbers set last_number = last_number + 1", "has no entry"),
    "a feed entry without a number": (logged, _FEED_ENTRY.format(number="last_number + 1"), "a gap, or an entry"),
    "a gap in the feed": (
        logged, _COUNTED.format(table="feed_numbers", by=2) + _FEED_ENTRY.format(number="last_number + 2"), "a gap, or an entry"
    ),
    "feed numbers of another district": (logged, "update feed_numbers set district = '440305'", "permission denied"),
    "log numbers that go back": (logged, "update exchange_numbers set last_number = last_number - 1", "go back"),
    "a log number without an entry": (logged, "update exchange_numbers set last_number = last_number + 1", "has no entry"),
    "a log entry without a number": (logged, _LOG_ENTRY.format(epoch="epoch", number="last_number + 1"), "a gap, or an entry"),
    "a gap in the log": (
        logged,
        _COUNTED.format(table="exchange_numbers", by=2) + _LOG_ENTRY.format(epoch="epoch", number="last_number + 2"),
        "a gap, or an entry",
    ),
    "a gap in an epoch to come": (logged, _LOG_ENTRY.format(epoch="epoch + 1", number="7"), "a gap, or an entry"),
    "an entry of a former epoch": (logged, _LOG_ENTRY.format(epoch="epoch - 1", number="1"), "a gap, or an entry"),
    "an epoch that goes back": (logged, "update exchange_numbers set epoch = epoch - 1", "go back"),
    "an epoch that was not filled": (logged, "update exchange_numbers set epoch = epoch + 1", "has no entry"),
    "a log that lacks its beginning, and is whole": (lacking, "update exchange_numbers set whole = true", "go back"),
    "other figures of a closed day": (logged, "update closed_days set bases = '[]'", "permission denied"),
    "a closed day that goes": (logged, "delete from closed_days", "permission denied"),
    "another report of a closed day": (logged, "update daily_reports set body = '{}'", "permission denied"),
    "a report of a day that is open": (logged, _REPORT, "has not closed"),
    "less that an agency took": (delivered, "update exchange_taken set events = 0", "only grows"),
    "what another agency took": (delivered, "update exchange_taken set agency = 'tax'", "permission denied"),
    "another key of a delivery": (not_taken, "update deliveries set key = 'x'", "permission denied"),
    "another event of a delivery": (not_taken, "update deliveries set event_id = gen_random_uuid()", "permission denied"),
    "delivered by no try": (not_taken, "update deliveries set state = 'delivered', code = null", "by no try"),
    "delivered, and resting": (delivered, "update deliveries set state = 'resting'", "was settled"),
    "delivered, and waiting": (delivered, "update deliveries set state = 'waiting', settled_at = null", "was settled"),
    "withheld, and delivered": (withheld, "update deliveries set state = 'delivered', code = null", "was settled"),
    "withheld, and waiting": (withheld, "update deliveries set state = 'waiting', settled_at = null", "was settled"),
    "withheld for another reason": (withheld, "update deliveries set code = 'x'", "was settled"),
    "delivered at another time": (delivered, "update deliveries set settled_at = now() - interval '1 day'", "was settled"),
    "another number of a delivery": (not_taken, "update deliveries set number = number + 1", "without being planned anew"),
    "another number before it": (not_taken, "update deliveries set after = after + 1", "without being planned anew"),
    "an epoch of a delivery that goes back": (not_taken, "update deliveries set epoch = epoch - 1", "without being planned anew"),
    "tries begin anew": (not_taken, "update deliveries set tries = 0", "once at a time"),
    "a delivery that was never sent": (
        delivered, _AGAIN.format(state="'delivered'", tries=0), "was never sent"
    ),
    "a delivery with tries": (not_taken, _AGAIN.format(state="'waiting'", tries=3), "was never sent"),
    "another answer to a try": (not_taken, "update delivery_attempts set status = 204, code = null", "not under way"),
    "another answer after the delivery": (delivered, "update delivery_attempts set status = 500, code = 'x'", "not under way"),
    "another time of a try": (delivered, "update delivery_attempts set began_at = now()", "not under way"),
    "a try that took longer": (delivered, "update delivery_attempts set milliseconds = 1 + milliseconds", "not under way"),
    "a try that was not": (
        delivered, "insert into delivery_attempts select endpoint_id, event_id, 2, district, now(), 1, 204 from deliveries", "not under way"
    ),
    "planned less": (delivered, "update endpoint_states set scanned = 0", "planned less"),
    "planned less by its last number": (delivered, "update endpoint_states set planned = 0", "planned less"),
    "an address that was not greeted": (delivered, "update endpoint_states set url = 'https://other.example'", "was not greeted"),
    "an endpoint that was gone, and is open": (gone, "update endpoint_states set status = 'open', code = null", "was not greeted"),
    "an endpoint that is open at once": (
        logged,
        _OPEN_AT_ONCE,
        "was not greeted",
    ),
    "the wall of another project": (granted, "update display_grants set project_id = gen_random_uuid()", "permission denied"),
    "a code that ends later": (granted, "update display_grants set code_expires_at = now() + interval '1 day'", "permission denied"),
    "somebody else who granted it": (granted, "update display_grants set granted_by = 'x'", "permission denied"),
    "taken up without a try": (granted, "update display_grants set token_digest = 'z', since = now()", "after a try"),
    "taken up by another display": (paired, "update display_grants set token_digest = 'z'", "after a try"),
    "a display that stays longer": (paired, "update display_grants set expires_at = expires_at + interval '1 day'", "no longer"),
    "a display without an end": (paired, "update display_grants set expires_at = null", "no longer"),
    "tries of a code begin anew": (paired, "update display_grants set tries = 0", "once at a time"),
    "a grant that comes back": (revoked, "update display_grants set revoked_at = null, revoked_by = null", "was revoked"),
    "revoked by somebody else": (revoked, "update display_grants set revoked_by = 'x'", "was revoked"),
    "a revoked grant that is taken up": (revoked, "update display_grants set token_digest = 'z'", "was revoked|after a try"),
}  # fmt: skip


@pytest.mark.parametrize("given", dict.fromkeys(given for given, _, _ in REFUSED.values()))
def test_the_database_refuses_the_service(hooks: Hooks, receiver: Receiver, given: Callable[[Day], None]) -> None:
    """All statements on one state: what is refused changes nothing."""
    given(Day(hooks, receiver))

    found = {breach: answer(hooks.engine, statement) for breach, (of, statement, _) in REFUSED.items() if of is given}

    wrong = {breach: found[breach] for breach in found if not re.search(REFUSED[breach][2], found[breach])}
    assert wrong == {}


def answer(engine: Engine, statement: str) -> str:
    """Of the database; empty where it obeys."""
    try:
        change(engine, statement)
    except DBAPIError as refused:
        return str(refused.orig)
    return ""


def test_a_pulse_that_goes_back_is_refused(engine: Engine) -> None:
    change(engine, "insert into pulses (consumer, caught_up_at) values ('reporting', now())")

    with pytest.raises(DBAPIError, match="goes back"):
        change(engine, "update pulses set caught_up_at = caught_up_at - interval '1 hour'")
