"""Messages for people: one list of sent and deliberately unsent messages, and the lineage of one
message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.notify.domain import templates
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
    "select try, began_at, ended_at, outcome, code from attempts where message_key = :message_key order by try"
)
# One list of what was done to this message alone and of the orders for all messages of a code that it was among.
_ACTS = text("""
    select kind, null as reason, done_by, done_at from acts where message_key = :message_key
    union all
    select 'resend', reason, ordered_by, ordered_at from resends where :message_key = any(message_keys)
    order by done_at
""")


@dataclass(frozen=True)
class Row:
    district: str
    message_key: str
    event_id: UUID
    person_id: UUID
    project_id: UUID
    unit_id: UUID
    template: str
    template_version: int
    channel: str | None
    language: Any
    particulars: dict[str, Any]
    state: str
    code: str | None
    receipt: str | None
    tries: int
    planned_at: datetime
    hold_until: datetime
    next_try_at: datetime | None
    tried_at: datetime | None
    settled_at: datetime | None

    @property
    def text(self) -> Text:
        """The text that was or will be sent, rendered from the stored values. The name in it is masked."""
        return render(
            templates.find(self.template, self.template_version),
            language=self.language,
            channel="sms" if self.channel == "sms" else "mail",
            particulars=Particulars.of(self.particulars),
        )


@dataclass(frozen=True)
class Try:
    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str | None


@dataclass(frozen=True)
class Fact:
    event_type: str
    happened_at: datetime
    agreement_id: UUID
    number: int | None
    urgent: bool
    told_at: datetime


@dataclass(frozen=True)
class Act:
    """`reason` is that of an order for all messages of a code; None for an act on this message alone."""

    kind: str
    reason: str | None
    done_by: str
    done_at: datetime


@dataclass(frozen=True)
class Lineage:
    row: Row
    fact: Fact
    tries: Sequence[Try]
    acts: Sequence[Act]


@dataclass(frozen=True)
class MessageFilter:
    """The filters of a list, and the cursor after which it continues."""

    unit_id: UUID | None = None
    project_id: UUID | None = None
    states: Sequence[str] | None = None
    before: tuple[datetime, str] | None = None
    words: str = ""  # of a place, a masked name or a number, as people write them


def page(tx: Transaction, filters: MessageFilter, *, limit: int) -> Sequence[Row]:
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
    return [Row(**row._asdict()) for row in rows]


def lineage(tx: Transaction, message_key: str) -> Lineage:
    """Raises Unknown for a key that is not in the granted districts."""
    found = tx.connection.execute(_ONE, {"message_key": message_key}).mappings().one_or_none()
    if found is None:
        raise Unknown
    row = Row(**{name: found[name] for name in Row.__dataclass_fields__})
    fact = Fact(**{name: found[name] for name in Fact.__dataclass_fields__})
    tries = tx.connection.execute(_TRIES, {"message_key": message_key})
    acts = tx.connection.execute(_ACTS, {"message_key": message_key})
    return Lineage(row, fact, [Try(*attempt) for attempt in tries], [Act(*act) for act in acts])
