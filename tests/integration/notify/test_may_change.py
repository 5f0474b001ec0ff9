"""When each column of notify may change, as the service's role: declared below, and held against the grants and guards of the database.

A column without a line may not be granted for update. A line without a grant is out of date. A guard that a line names must exist.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.notify.store import holds, messages
from shared.service import database
from tests.integration.notify.conftest import Notify
from tests.support import may_change
from tests.support.owners import Owner
from tests.support.platform import Database

_MOVE = ("with a move of the message", "message_moves")
_SETTLED = ("until the message is settled, and with a person's order", "message_stands")
_TRY = ("while the message is being tried or in doubt", "attempt_is_under_way")
_KEY = ("with the registry's event, until the person is forgotten", "forgotten_stays_forgotten")
_HOLD = ("until the hold ends", "ended_stays_ended")
_LATEST = ("with the registry's event: the latest one wins", "")

# (table, column): when it may change, and the trigger of the table that refuses it at another time.
MAY_CHANGE: dict[tuple[str, str], tuple[str, str]] = {
    **{("messages", column): _MOVE for column in ("state", "tries", "forgiven", "holds_begun")},
    ("messages", "tried_at"): ("with a claim", "message_stands"),
    **{("messages", column): _SETTLED for column in ("code", "receipt", "settled_at", "next_try_at", "hold_until")},
    **{("attempts", column): _TRY for column in ("began_at", "ended_at", "outcome", "code")},
    **{("person_keys", column): _KEY for column in ("key_id", "wrapped", "dropped_at")},
    # A contact is sealed for its person and key: that of somebody else does not open.
    **{("contacts", column): _LATEST for column in ("key_id", "nonce", "ciphertext")},
    ("projects", "name"): _LATEST,
    ("units", "project_id"): ("not at all: the statement that stores a unit names it", "unit_keeps_its_project"),
    **{("units", column): _LATEST for column in ("revision", "label")},
    **{("right_holders", column): _LATEST for column in ("masked_name", "current")},
    ("facts", "resolved"): ("once, when the recipients are known", "resolved_stays_resolved"),
    ("recipients", "planned_at"): ("once", "planned_stays_planned"),
    **{("channel_holds", column): _HOLD for column in ("code", "probes", "next_probe_at", "ended_at")},
}
MAY_GO = {"contacts": "when the person is forgotten (contact_goes_with_its_key)"}


@pytest.fixture
def urls(notify_database: Database) -> Database:
    return notify_database


def test_each_column_that_the_service_may_change_has_a_verdict_and_no_other_is_granted(urls: Database) -> None:
    assert may_change.updatable(urls) == set(MAY_CHANGE)


def test_each_verdict_has_the_guard_that_it_names(urls: Database) -> None:
    named = {(table, guard) for (table, _), (_, guard) in MAY_CHANGE.items() if guard}

    assert named - may_change.guards(urls) == set()


def test_rows_go_from_the_declared_tables_only_and_no_table_is_emptied(urls: Database) -> None:
    assert may_change.tables_with(urls, "delete") == set(MAY_GO)


@pytest.mark.parametrize("jump", may_change.JUMPS)
def test_the_service_cannot_leave_its_role(urls: Database, jump: str) -> None:
    may_change.assert_is_refused(urls, may_change.JUMPS[jump].format(service="notify", table="messages"))


def waiting(notify: Notify) -> None:
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))


def sent(notify: Notify) -> None:
    waiting(notify)
    notify.dispatches()


def failed(notify: Notify) -> None:
    waiting(notify)
    notify.mail.recipients_refused = "550 no such mailbox"
    notify.dispatches()


def not_taken_once(notify: Notify) -> None:
    waiting(notify)
    notify.mail.answers = ["451 later"]
    notify.dispatches()


def being_tried(notify: Notify) -> None:
    waiting(notify)
    with database.begin(notify.engine, district=notify.district) as tx:
        messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC))


def unknown(notify: Notify) -> None:
    being_tried(notify)
    notify.inquires()


def forgotten(notify: Notify) -> None:
    owner, story = Owner(), notify.story
    notify.receive(story.key(owner), story.contact(owner), story.key_deleted(owner))


def held_once(notify: Notify) -> None:
    with database.begin(notify.engine, district=notify.district) as tx:
        holds.begin(tx, "mail", code="smtp-535", real_at=datetime.now(UTC))
        holds.end(tx, "mail", real_at=datetime.now(UTC))


_OTHER = "gen_random_uuid()"
_CLAIM = "state = 'trying', tries = tries + 1, tried_at = now()"
_DELIVERED = "state = 'sent', receipt = 'x', code = null, settled_at = now()"
_ADD = """
    insert into messages (district, message_key, event_id, person_id, project_id, unit_id, template, template_version, channel, language,
                          particulars, planned_at, hold_until, {more})
    select district, 'x', event_id, {person}, project_id, unit_id, template, template_version, {channel}, language, particulars,
           planned_at, hold_until, {values} from messages
"""

# What the database refuses the service's role: (state, statement, message).
REFUSED: dict[str, tuple[Callable[[Notify], None], str, str]] = {
    "another recipient": (waiting, f"update messages set person_id = {_OTHER}", "permission denied"),
    "another unit": (waiting, f"update messages set unit_id = {_OTHER}", "permission denied"),
    "another cause": (sent, "update messages set template = 'effective'", "permission denied"),
    "another channel": (waiting, "update messages set channel = 'sms'", "permission denied"),
    "another language": (waiting, "update messages set language = 'en'", "permission denied"),
    "another text": (waiting, "update messages set particulars = '{}', template_version = 2", "permission denied"),
    "another time of planning": (waiting, "update messages set planned_at = now()", "permission denied"),
    "sent again": (sent, "update messages set state = 'waiting', receipt = null", "from sent to waiting"),
    "sent, and failed": (sent, "update messages set state = 'failed', receipt = null, code = 'x'", "from sent to failed"),
    "sent, and withheld": (sent, "update messages set state = 'withheld', receipt = null, code = 'x'", "from sent to"),
    "another receipt": (sent, "update messages set receipt = 'x'", "without a move"),
    "sent at another time": (sent, "update messages set settled_at = settled_at - interval '1 day'", "without a move"),
    "failed with another code": (failed, "update messages set code = 'x'", "without a move"),
    "failed, and sent": (failed, f"update messages set {_DELIVERED}", "from failed to sent"),
    "sent without a try": (waiting, f"update messages set {_DELIVERED}", "from waiting to sent"),
    "failed without a try": (waiting, "update messages set state = 'failed', code = 'x'", "from waiting to failed"),
    "claimed without a try": (waiting, f"update messages set {_CLAIM}", "its last try is not"),
    "claimed without a count": (waiting, "update messages set state = 'trying'", "do not follow"),
    "sent, and its try is open": (being_tried, f"update messages set {_DELIVERED}", "its last try is not"),
    "failed, and its try is open": (being_tried, "update messages set state = 'failed', code = 'x'", "its last try is not"),
    "unknown, and sent": (unknown, f"update messages set {_DELIVERED}", "its last try is not"),
    "unknown, and withheld": (unknown, "update messages set state = 'withheld'", "from unknown to withheld"),
    "tries begin anew": (not_taken_once, "update messages set tries = 0", "without a move"),
    "tries are forgiven": (not_taken_once, "update messages set forgiven = tries", "without a move"),
    "tries begin anew with an order": (
        failed, "update messages set state = 'waiting', next_try_at = now(), tries = 0", "do not follow"
    ),
    "planned as sent": (waiting, _ADD.format(person=_OTHER, channel="channel", more="state, receipt", values="'sent', 'x'"), "begins as"),
    "planned as failed": (waiting, _ADD.format(person=_OTHER, channel="channel", more="state, code", values="'failed', 'x'"), "begins as"),
    "planned with tries": (waiting, _ADD.format(person=_OTHER, channel="channel", more="state, tries", values="'waiting', 6"), "begins as"),
    "a message for somebody else": (
        waiting, _ADD.format(person=_OTHER, channel="channel", more="state", values="'waiting'"), "nobody who waits"
    ),
    "a second message by another channel": (
        sent, _ADD.format(person="person_id", channel="'sms'", more="state", values="'waiting'"), "nobody who waits"
    ),
    "another outcome": (sent, "update attempts set outcome = 'failed'", "not under way"),
    "an outcome taken back": (failed, "update attempts set outcome = null, ended_at = null", "not under way"),
    "another code of a try": (not_taken_once, "update attempts set code = 'x'", "not under way"),
    "another time of a try": (not_taken_once, "update attempts set began_at = now()", "not under way"),
    "a try of another message": (sent, "update attempts set message_key = 'x'", "permission denied"),
    "a try that was not": (
        sent, "insert into attempts select district, message_key, 2, now(), now(), 'failed', 'x' from attempts", "not under way"
    ),
    "a key that comes back": (
        forgotten, "update person_keys set wrapped = 'x', dropped_at = null", "does not come back"
    ),
    "another key that comes": (
        forgotten, f"update person_keys set key_id = {_OTHER}, wrapped = 'x', dropped_at = null", "does not come back"
    ),
    "forgotten at another time": (forgotten, "update person_keys set dropped_at = now()", "does not come back"),
    "the key of somebody else": (waiting, f"update person_keys set person_id = {_OTHER}", "permission denied"),
    "a contact that goes without its key": (waiting, "delete from contacts", "their key does not"),
    "the contact of somebody else": (waiting, f"update contacts set person_id = {_OTHER}", "permission denied"),
    "planned once more": (sent, "update recipients set planned_at = null", "stays as it is"),
    "recipients looked up again": (sent, "update facts set resolved = false", "stays as it is"),
    "another project of a unit": (waiting, f"update units set project_id = {_OTHER}", "stays as it is"),
    "another project's name": (waiting, f"update projects set project_id = {_OTHER}", "permission denied"),
    "a right of somebody else": (waiting, f"update right_holders set person_id = {_OTHER}", "permission denied"),
    "a hold that begins again": (held_once, "update channel_holds set ended_at = null", "stays as it is"),
    "a hold that ended later": (held_once, "update channel_holds set ended_at = now() + interval '1 day'", "stays as it is"),
}  # fmt: skip


@pytest.mark.parametrize("breach", REFUSED)
def test_the_database_refuses_the_service(notify: Notify, breach: str) -> None:
    given, statement, complaint = REFUSED[breach]
    given(notify)

    with pytest.raises(DBAPIError, match=complaint), database.begin(notify.engine, district=notify.district) as tx:
        tx.connection.execute(text(statement))


def test_a_key_that_comes_again_after_it_was_dropped_is_not_kept(notify: Notify) -> None:
    owner, story = Owner(), notify.story
    notify.receive(story.key(owner), story.contact(owner), story.key_deleted(owner))
    dropped_at = notify.rows("select dropped_at from person_keys")
    notify.receive(story.key(owner), story.contact(owner))

    notify.reads(f"another-{uuid4()}")  # from the first record, with an empty inbox

    assert notify.rows("select wrapped from person_keys") == [(None,)]
    assert notify.rows("select dropped_at from person_keys") == dropped_at
    assert notify.rows("select from contacts") == []
    assert notify.rows("select from parked") == []
