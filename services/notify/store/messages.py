"""Messages in PostgreSQL: planned once, claimed by one worker, saved together with their events."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.notify.domain.message import Message
from services.notify.domain.wording import Channel
from shared.events.terms import Language
from shared.refusal import Unknown
from shared.service.database import Transaction

_ADD = text("""
    insert into messages (district, message_key, event_id, person_id, project_id, unit_id, template,
                          template_version, channel, language, particulars, state, code, planned_at, hold_until)
    values (:district, :message_key, :event_id, :person_id, :project_id, :unit_id, :template,
            :template_version, :channel, :language, cast(:particulars as jsonb), :state, :code, :planned_at, :hold_until)
    on conflict do nothing returning true
""")
_SUPERSEDE = text("""
    update messages set state = 'superseded', settled_at = :at from facts
    where facts.event_id = messages.event_id and agreement_id = :agreement_id and messages.template = any(:templates)
      and state in ('held', 'waiting')
""")
_WITHHOLD = text("""
    update messages set state = 'withheld', code = 'person-forgotten', settled_at = :at
    where person_id = :person_id and state in ('held', 'waiting')
""")
_MESSAGE = """
    message_key, unit_id, channel, state, tries, tried_at, next_try_at, code, receipt, settled_at, hold_until, forgiven,
    holds_begun
"""
# Who claims of a district is alone until the commit: whether a person already has a message on its way is seen only once it is committed.
_ALONE = text("select pg_advisory_xact_lock(hashtext('claims'), hashtext(:district))")
# One at a time: a worker that dies leaves one message in doubt, not a batch. Rows that something else has locked are skipped,
# not waited for. One person has one message at a time over one channel, in the order of planning; an urgent one waits only
# for the one being sent and for earlier urgent ones that are not postponed. A probe takes the message tried longest ago, so one bad
# message is not every probe. What a later fact has undone is not tried: that fact may have come while the message was planned, tried or
# failed, when `_SUPERSEDE` did not find it.
_CLAIM = text("""
    update messages set state = case when undone then 'superseded' else 'trying' end, tries = tries + 1 - cast(undone as int),
        tried_at = case when undone then tried_at else :real_at end, next_try_at = null,
        settled_at = case when undone then cast(:at as timestamptz) end
    from facts cross join lateral (
        select exists (select from facts as later where later.unit_id = facts.unit_id and later.agreement_id = facts.agreement_id
                       and facts.template = any(later.supersedes)) as undone) as meanwhile
    where facts.event_id = messages.event_id and message_key = (
        select due.message_key from messages as due join facts as fact using (event_id)
        where due.state in ('held', 'waiting') and due.hold_until <= :at
          and (due.next_try_at is null or due.next_try_at <= :real_at)
          and (cast(:channel as text) is null or due.channel = :channel) and (fact.urgent or not :urgent)
          and not exists (
            select from messages as other join facts as cause using (event_id)
            where other.person_id = due.person_id and other.channel = due.channel and other.message_key <> due.message_key
              and (other.state = 'trying'
                   or other.state in ('held', 'waiting') and other.hold_until <= :at
                      and (other.planned_at, other.message_key) < (due.planned_at, due.message_key)
                      and (not fact.urgent
                           or cause.urgent and (other.next_try_at is null or other.next_try_at <= :real_at))))
        order by case when :probe then due.tried_at end nulls first, fact.urgent desc, due.planned_at, due.message_key
        limit 1 for update of due skip locked)
    returning message_key, person_id, messages.channel, language, messages.template, template_version, particulars, tries,
              planned_at, facts.urgent, facts.event_id, coalesce(facts.headers, '{}') as headers, tried_at, undone
""")
_BEGIN = text("""
    insert into attempts (district, message_key, try, began_at) values (:district, :message_key, :try, :real_at)
    on conflict (message_key, try) do update set began_at = excluded.began_at, ended_at = null, outcome = null, code = null
""")
_END = text("""
    update attempts set ended_at = :real_at, outcome = :outcome, code = :code
    where message_key = :message_key and try = :try
""")
_LOAD = text(f"select {_MESSAGE} from messages where message_key = :message_key for update")  # noqa: S608 - a constant
_SAVE = text("""
    update messages
    set state = :state, code = :code, receipt = :receipt, next_try_at = :next_try_at, settled_at = :settled_at,
        tries = :tries, forgiven = :forgiven, holds_begun = :holds_begun,
        hold_until = coalesce(:hold_until, hold_until)
    where message_key = :message_key
""")
# Tries under way, and unknown messages that are due for another query. The limit is for those: of the tries none may be left out.
_IN_DOUBT = text("""
    select message_key, channel, tries, tried_at, true as under_way from messages where state = 'trying'
    union all (
        select message_key, channel, tries, tried_at, false from messages where state = 'unknown' and next_try_at <= :real_at
        order by tried_at limit :batch)
""")


@dataclass(frozen=True)
class Planned:
    """A new row. `particulars` as in wording.Particulars, with the masked name."""

    message_key: str
    event_id: UUID
    person_id: UUID
    project_id: UUID
    unit_id: UUID
    template: str
    template_version: int
    channel: Channel | None
    language: Language
    particulars: dict[str, Any]
    state: str
    code: str | None
    planned_at: datetime
    hold_until: datetime


@dataclass(frozen=True)
class Claimed:
    """A message claimed by this worker, to be sent now. `headers` is the trace of its fact, which `event_id` names. `tries` and `tried_at`
    name the try: the number alone is given again after a claim that was given back.
    """

    message_key: str
    person_id: UUID
    channel: Channel
    language: Language
    template: str
    template_version: int
    particulars: dict[str, Any]
    tries: int
    planned_at: datetime
    urgent: bool
    event_id: UUID
    headers: Mapping[str, str]
    tried_at: datetime


@dataclass(frozen=True)
class InDoubt:
    """`under_way`: a worker may still be at it."""

    message_key: str
    channel: Channel
    tries: int
    tried_at: datetime
    under_way: bool


def add(tx: Transaction, message: Planned) -> bool:
    """False when the message was planned before."""
    row = {**vars(message), "particulars": json.dumps(message.particulars, ensure_ascii=False)}
    return bool(tx.connection.execute(_ADD, {"district": tx.district, **row}).scalar())


def supersede(tx: Transaction, agreement_id: UUID, *, templates: Sequence[str], at: datetime) -> None:
    tx.connection.execute(_SUPERSEDE, {"agreement_id": agreement_id, "templates": list(templates), "at": at})


def withhold(tx: Transaction, person_id: UUID, *, at: datetime) -> None:
    """Withholds all unsent messages of a forgotten person."""
    tx.connection.execute(_WITHHOLD, {"person_id": person_id, "at": at})


def claim(  # noqa: PLR0913 - which message, and at what time
    tx: Transaction,
    *,
    at: datetime,
    real_at: datetime,
    channel: Channel | None = None,
    urgent: bool = False,
    probe: bool = False,
) -> Claimed | None:
    """Marks the next message *trying*. Commit before calling the gateway, so that the mark survives a crash."""
    wanted = {"channel": channel, "urgent": urgent, "probe": probe}
    tx.connection.execute(_ALONE, {"district": tx.district})
    while row := tx.connection.execute(_CLAIM, {"at": at, "real_at": real_at, **wanted}).one_or_none():
        found = row._asdict()
        if not found.pop("undone"):
            break
    else:
        return None
    claimed = Claimed(**found)
    place = {"district": tx.district, "message_key": claimed.message_key, "try": claimed.tries}
    tx.connection.execute(_BEGIN, {**place, "real_at": real_at})
    return claimed


def in_doubt(tx: Transaction, *, real_at: datetime, batch: int = 20) -> Sequence[InDoubt]:
    rows = tx.connection.execute(_IN_DOUBT, {"real_at": real_at, "batch": batch})
    return [InDoubt(**row._asdict()) for row in rows]


def load(tx: Transaction, message_key: str) -> Message:
    """Locked. Raises Unknown for a key that is not in this district."""
    row = tx.connection.execute(_LOAD, {"message_key": message_key}).one_or_none()
    if row is None:
        raise Unknown
    return Message(**row._asdict())


def save(tx: Transaction, message: Message) -> None:
    row = {
        name: getattr(message, name)
        for name in (
            "message_key",
            "state",
            "code",
            "receipt",
            "next_try_at",
            "settled_at",
            "tries",
            "forgiven",
            "holds_begun",
            "hold_until",
        )
    }
    tx.connection.execute(_SAVE, row)
    tx.record(*message.recorded)


def end_try(tx: Transaction, message: Message, *, number: int, real_at: datetime) -> None:
    """Records how a try ended."""
    outcome = "not_accepted" if message.state in ("waiting", "held") else message.state
    place = {"message_key": message.message_key, "try": number}
    tx.connection.execute(_END, {**place, "outcome": outcome, "code": message.code, "real_at": real_at})
