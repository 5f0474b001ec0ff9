"""Messages and every try to send them. No address stands here: it is unsealed in memory when a message is sent."""

from shared.service.rows import protect

# The unique constraint is what keeps a replay from telling a person twice; message_key is computed from the same
# four. `particulars` are what the text was written with, so that it can be written again years later; the name in it
# is masked.
_MESSAGES = """
create table messages (
    district text not null,
    message_key text primary key,
    event_id uuid not null references facts,
    person_id uuid not null,
    project_id uuid not null,
    unit_id uuid not null,
    template text not null,
    template_version int not null,
    channel text check (channel in ('mail', 'sms')),
    language text not null check (language in ('zh-Hans', 'zh-Hant', 'en')),
    particulars jsonb not null,
    state text not null check (state in ('held', 'waiting', 'trying', 'sent', 'failed', 'unknown', 'withheld',
        'superseded')),
    code text,
    receipt text,
    tries int not null default 0,
    planned_at timestamptz not null,
    hold_until timestamptz not null,
    next_try_at timestamptz,
    tried_at timestamptz,
    settled_at timestamptz,
    unique nulls not distinct (event_id, person_id, template, channel),
    check (channel is not null or state = 'withheld'),
    check ((state = 'sent') = (receipt is not null)),
    check (state not in ('failed', 'unknown', 'withheld') or code is not null)
)
"""

_ATTEMPTS = """
create table attempts (
    district text not null,
    message_key text not null references messages,
    try int not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    outcome text check (outcome in ('sent', 'not_accepted', 'failed', 'unknown')),
    code text,
    primary key (message_key, try)
)
"""

DDL = (
    _MESSAGES,
    "create index on messages (unit_id)",
    "create index on messages (person_id)",
    "create index on messages (district, planned_at desc, message_key desc)",
    # The dispatcher's queue and the list of those it must ask about: both stay small, whatever has been sent.
    "create index on messages (planned_at) where state in ('held', 'waiting')",
    "create index on messages (tried_at) where state in ('trying', 'unknown')",
    *protect("messages", service="notify", app="select, insert, update"),
    _ATTEMPTS,
    *protect("attempts", service="notify", app="select, insert, update"),
)
