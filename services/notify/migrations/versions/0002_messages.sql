-- What is known, and what was told.
--
-- Never, whoever asks: the same message twice for one event, recipient, template and channel; a name that was not
-- masked; a sent message without its receipt.

create table projects (
    district text not null,
    project_id uuid primary key,
    name text not null
);
alter table projects enable row level security;
alter table projects force row level security;
create policy granted_rows on projects for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on projects for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on projects for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on projects for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on projects for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on projects to notify_app;
grant select on projects to notify_mechanism;

create table units (
    district text not null,
    unit_id uuid primary key,
    project_id uuid not null,
    revision int not null,
    label text not null
);
alter table units enable row level security;
alter table units force row level security;
create policy granted_rows on units for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on units for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on units for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on units for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on units for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on units to notify_app;
grant select on units to notify_mechanism;

-- A holder who left the unit stays, no longer current: a message about an earlier signing still needs the masked name.
create table right_holders (
    district text not null,
    unit_id uuid not null,
    person_id uuid not null,
    masked_name text not null check (masked_name like '%*%'),
    current boolean not null,
    primary key (unit_id, person_id)
);
create index on right_holders (person_id);
alter table right_holders enable row level security;
alter table right_holders force row level security;
create policy granted_rows on right_holders for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on right_holders for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on right_holders for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on right_holders for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on right_holders for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on right_holders to notify_app;
grant select on right_holders to notify_mechanism;

create table contacts (
    district text not null,
    person_id uuid not null,
    key_id uuid not null,
    nonce text not null,
    ciphertext text not null,
    primary key (district, person_id)
);
alter table contacts enable row level security;
alter table contacts force row level security;
create policy granted_rows on contacts for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on contacts for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on contacts for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on contacts for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on contacts for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update, delete on contacts to notify_app;
grant select on contacts to notify_mechanism;

-- A dropped key leaves its row: what was sealed with it and arrives late is not kept either.
create table person_keys (
    district text not null,
    person_id uuid not null,
    key_id uuid,
    wrapped text,
    dropped_at timestamptz,
    primary key (district, person_id),
    check ((wrapped is null) = (dropped_at is not null))
);
alter table person_keys enable row level security;
alter table person_keys force row level security;
create policy granted_rows on person_keys for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on person_keys for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on person_keys for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on person_keys for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on person_keys for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on person_keys to notify_app;
grant select on person_keys to notify_mechanism;

-- One row per event that tells somebody something. `resolved` once it is known whom: recipients then holds them.
create table facts (
    district text not null,
    event_id uuid primary key,
    event_type text not null,
    project_id uuid not null,
    unit_id uuid not null,
    agreement_id uuid not null,
    template text not null,
    number bigint,
    happened_at timestamptz not null,
    urgent boolean not null,
    supersedes text[] not null,
    told_at timestamptz not null,
    resolved boolean not null default false
);
create index on facts (unit_id);
create index on facts (unit_id) where not resolved;
alter table facts enable row level security;
alter table facts force row level security;
create policy granted_rows on facts for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on facts for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on facts for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on facts for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on facts for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update (resolved) on facts to notify_app;
grant select on facts to notify_mechanism;

create table recipients (
    district text not null,
    event_id uuid not null references facts,
    person_id uuid not null,
    planned_at timestamptz,
    primary key (event_id, person_id)
);

-- The planner looks here every second; those told already must cost it nothing.
create index on recipients (person_id) where planned_at is null;
alter table recipients enable row level security;
alter table recipients force row level security;
create policy granted_rows on recipients for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on recipients for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on recipients for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on recipients for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on recipients for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update (planned_at) on recipients to notify_app;
grant select on recipients to notify_mechanism;

-- The unique constraint is what keeps a replay from telling a person twice; message_key is computed from the same
-- four. `particulars` are what the text was written with, so that it can be written again years later; the name in it
-- is masked.
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
);
create index on messages (unit_id);
create index on messages (person_id);
create index on messages (district, planned_at desc, message_key desc);

-- The dispatcher's queue and the list of those it must ask about: both stay small, whatever has been sent.
create index on messages (planned_at) where state in ('held', 'waiting');
create index on messages (tried_at) where state in ('trying', 'unknown');
alter table messages enable row level security;
alter table messages force row level security;
create policy granted_rows on messages for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on messages for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on messages for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on messages for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on messages for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on messages to notify_app;
grant select on messages to notify_mechanism;

create table attempts (
    district text not null,
    message_key text not null references messages,
    try int not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    outcome text check (outcome in ('sent', 'not_accepted', 'failed', 'unknown')),
    code text,
    primary key (message_key, try)
);
alter table attempts enable row level security;
alter table attempts force row level security;
create policy granted_rows on attempts for select to notify_app, notify_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on attempts for insert to notify_app, notify_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on attempts for update to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on attempts for delete to notify_app, notify_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on attempts for all to notify_mechanism
    using (true) with check (true);
grant select, insert, update on attempts to notify_app;
grant select on attempts to notify_mechanism;
