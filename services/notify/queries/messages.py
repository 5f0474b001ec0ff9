"""Messages for people: one list of sent and deliberately unsent messages, and the lineage of one
message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.notify.domain import templates
from services.notify.domain.message import State
from services.notify.domain.rules import MATRIX_VERSION
from services.notify.domain.wording import Particulars, Text, render
from shared.events import place_words
from shared.refusal import Unknown
from shared.service.database import Transaction

_ROW = """
    messages.district, message_key, messages.event_id, messages.person_id, messages.project_id, messages.unit_id,
    messages.template, template_version, channel, language, particulars, state, code, receipt, tries, planned_at,
        hold_until,
    next_try_at, tried_at, settled_at
"""
_PAGE = text(f"""
    select {_ROW} from messages
    where (cast(:unit_id as uuid) is null or unit_id = :unit_id)
      and (cast(:project_id as uuid) is null or project_id = :project_id)
      and (cast(:states as text[]) is null or state = any(:states))
      and not exists (select from unnest(cast(:words as text[])) as word where strpos(concat_ws(' ', '',
          regexp_replace(regexp_replace(lower(translate(particulars ->> 'unit', :written, :folded)), '号楼', '栋', 'g'),
                         '(\\d+(栋|单元)|\\d+$)', ' \\1', 'g'),
          lower(translate(particulars ->> 'name', :written, :folded)), particulars ->> 'number'), word) = 0)
      and (cast(:before_at as timestamptz) is null or (planned_at, message_key) < (:before_at, :before_key))
    order by planned_at desc, message_key desc limit :limit
""")  # noqa: S608 - a constant
_ONE = text(f"""
    select {_ROW}, event_type, happened_at, agreement_id, number, urgent, told_at
    from messages join facts using (event_id) where message_key = :message_key
""")  # noqa: S608 - a constant
_TRIES = text(
    "select try as number, began_at, ended_at, outcome, code from attempts where message_key = :message_key order by try"
)
# One list of what was done to this message alone and of the orders for all messages of a code that it was among.
_ACTS = text("""
    select kind, null as reason, done_by, done_at from acts where message_key = :message_key
    union all
    select 'resend', reason, ordered_by, ordered_at from resends where :message_key = any(message_keys)
    order by done_at
""")


class MessageLine(BaseModel):
    district: str
    message_key: str
    unit_id: UUID
    unit: str = Field(description="As people there call it.")
    recipient: str = Field(description="Masked name.")
    template: str
    title: str
    channel: str | None = Field(description="null for one that was decided not to be sent.")
    state: State
    code: str | None
    planned_at: datetime
    settled_at: datetime | None


class MessageRow(MessageLine):
    """With what only the page shows."""

    number: int | None
    tries: int


class FactLink(BaseModel):
    event_id: UUID
    event_type: str
    happened_at: datetime
    told_at: datetime
    agreement_id: UUID
    number: int | None


class RecipientLink(BaseModel):
    person_id: UUID
    name: str = Field(description="Masked.")
    language: str


class TemplateLink(BaseModel):
    name: str
    version: int


class TimeLink(BaseModel):
    planned_at: datetime
    hold_until: datetime
    urgent: bool = Field(description="true: not subject to quiet hours.")


class TryLink(BaseModel):
    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str | None


class ActLink(BaseModel):
    """What a member of staff did to the message."""

    kind: Literal["retry", "resend", "arrived", "not_arrived"]
    reason: str | None = Field(description="Of an order to resend all messages of a code; null for the other kinds.")
    done_by: str = Field(description="Subject of the member of staff.")
    done_at: datetime


class NowLink(BaseModel):
    state: State
    code: str | None
    receipt: str | None
    settled_at: datetime | None
    next_try_at: datetime | None


class MessageLineage(BaseModel):
    """The lineage of a message, from the fact to the phone."""

    line: MessageLine
    fact: FactLink
    rule: str = Field(description="Event type → template, with the version of the matrix.")
    recipient: RecipientLink
    template: TemplateLink
    time: TimeLink
    channel: str | None
    tries: list[TryLink]
    acts: list[ActLink] = Field(description="Oldest first.")
    now: NowLink
    text: str = Field(description="What was or will be read, with the masked name.")


class TracedMessage(MessageLineage):
    line: MessageRow


@dataclass(frozen=True)
class MessageFilter:
    """The filters of a list, and the cursor after which it continues."""

    unit_id: UUID | None = None
    project_id: UUID | None = None
    states: Sequence[str] | None = None
    before: tuple[datetime, str] | None = None
    words: str = ""  # of a place, a masked name or a number, as people write them


def page(tx: Transaction, filters: MessageFilter, *, limit: int) -> Sequence[MessageRow]:
    """Newest first."""
    before_at, before_key = filters.before or (None, None)
    words = place_words.words(filters.words)
    written, folded = place_words.letters_for(words)
    rows = tx.connection.execute(
        _PAGE,
        {
            "unit_id": filters.unit_id,
            "project_id": filters.project_id,
            "states": None if filters.states is None else list(filters.states),
            "words": words,
            "written": written,
            "folded": folded,
            "before_at": before_at,
            "before_key": before_key,
            "limit": limit,
        },
    )
    return [_line(row) for row in rows]


def lineage(tx: Transaction, message_key: str) -> TracedMessage:
    """Raises Unknown for a key that is not in the granted districts."""
    row = tx.connection.execute(_ONE, {"message_key": message_key}).one_or_none()
    if row is None:
        raise Unknown
    found = row._asdict()
    tries = tx.connection.execute(_TRIES, {"message_key": message_key})
    acts = tx.connection.execute(_ACTS, {"message_key": message_key})
    return TracedMessage(
        line=_line(row),
        fact=FactLink.model_validate(found),
        rule=f"{row.event_type} → {row.template}, matrix v{MATRIX_VERSION}",
        recipient=RecipientLink(person_id=row.person_id, name=row.particulars["name"], language=row.language),
        template=TemplateLink(name=row.template, version=row.template_version),
        time=TimeLink.model_validate(found),
        channel=row.channel,
        tries=[TryLink.model_validate(attempt._asdict()) for attempt in tries],
        acts=[ActLink.model_validate(act._asdict()) for act in acts],
        now=NowLink.model_validate(found),
        text=_text(row).body,
    )


def _line(row: Row[Any]) -> MessageRow:
    known = row.particulars
    shown = {"unit": known["unit"], "recipient": known["name"], "number": known["number"], "title": _text(row).title}
    return MessageRow.model_validate(row._asdict() | shown)


def _text(row: Row[Any]) -> Text:
    """The text that was or will be sent, rendered from the stored values. The name in it is masked."""
    return render(
        templates.find(row.template, row.template_version),
        language=row.language,
        channel="sms" if row.channel == "sms" else "mail",
        particulars=Particulars.of(row.particulars),
    )
