-- The tables of signing, and what the database itself refuses.
--
-- Never, whoever asks: two live agreements on a unit; a number that skips, repeats, goes back in time or is of another series; a signed
-- agreement that lacks a signature, a number or whole shares; a hand that may not sign, outside the period, on rights in dispute; an agreement
-- superseded by none, in force without a declaration, void without a closing, undone with its number attached, unlocked without a reason;
-- terms or holders that change after the lock; a facet that jumps; a latch without the threshold; a roll that changes after it was counted;
-- more signed than there are on it; a report of a day that is not over; a record that is changed.

create table cases (
    district text not null,
    unit_id uuid primary key,
    project_id uuid not null,
    revision int not null check (revision >= 1),
    unit_code text not null,
    compound text not null,
    building text not null,
    stairwell text not null,
    floor int not null,
    door text not null,
    area bigint not null check (area >= 0),
    household_id uuid not null,
    ownership text not null check (ownership in ('sole', 'joint', 'shares')),
    rights_state text not null check (rights_state in ('pending', 'reviewing', 'confirmed', 'disputed')),
    rights_revision int not null check (rights_revision between 1 and revision),
    area_disputed boolean not null default false,
    opened_at timestamptz not null,
    version int not null default 1
);
create index on cases (project_id, unit_code, unit_id);
alter table cases enable row level security;
alter table cases force row level security;
create policy granted_rows on cases for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on cases for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on cases for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on cases for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on cases for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on cases to signing_app;
grant select on cases to signing_mechanism;

-- Shares of one unit are stored over one denominator, so that the database adds them up exactly: 1/3 × 3 is 1.
create table case_holders (
    district text not null,
    unit_id uuid not null references cases,
    person_id uuid not null,
    position int not null,
    name text not null,
    kind text not null check (kind in ('natural', 'organisation')),
    capable boolean not null,
    parts bigint check (parts > 0),
    whole bigint check (whole > 0),
    written text,
    primary key (unit_id, person_id),
    check ((parts is null) = (whole is null))
);
create index on case_holders (person_id);
alter table case_holders enable row level security;
alter table case_holders force row level security;
create policy granted_rows on case_holders for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on case_holders for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on case_holders for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on case_holders for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on case_holders for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update, delete on case_holders to signing_app;
grant select on case_holders to signing_mechanism;

-- Who owned it when the roll was frozen, as the registry wrote it: a later sale leaves these rows alone.
create table roll_holders (
    district text not null,
    unit_id uuid not null references cases,
    person_id uuid not null,
    written text,
    primary key (unit_id, person_id)
);
alter table roll_holders enable row level security;
alter table roll_holders force row level security;
create policy granted_rows on roll_holders for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on roll_holders for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on roll_holders for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on roll_holders for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on roll_holders for all to signing_mechanism
    using (true) with check (true);
grant select, insert, delete on roll_holders to signing_app;
grant select on roll_holders to signing_mechanism;

-- The rule of product.md 3.3.3 again, in the database: sole one owner, joint no shares, by shares exactly 1.
create function rights_are_whole(ownership text, holders bigint, shares bigint, parts numeric, low bigint, high bigint)
returns boolean language sql immutable as $$
    select case ownership
        when 'sole' then holders = 1 and (shares = 0 or (parts = high and low = high))
        when 'joint' then holders > 1 and shares = 0
        else holders > 0 and shares = holders and low = high and parts = high
    end
$$;

create function confirmed_rights_are_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from cases where unit_id = new.unit_id and rights_state = 'confirmed' and not (
            select rights_are_whole(cases.ownership, count(*), count(parts), sum(parts), min(whole), max(whole))
            from case_holders where case_holders.unit_id = cases.unit_id))
    then
        raise exception 'the confirmed rights of case % are not whole', new.unit_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger confirmed_rights_are_whole after insert or update on cases
    deferrable initially deferred for each row when (new.rights_state = 'confirmed') execute function confirmed_rights_are_whole();
create constraint trigger confirmed_holders_are_whole after insert or update on case_holders
    deferrable initially deferred for each row execute function confirmed_rights_are_whole();

create table mandates (
    district text not null,
    mandate_id uuid primary key,
    unit_id uuid not null references cases,
    right_holder uuid not null,
    hand uuid not null,
    kind text not null check (kind in ('agent', 'guardian', 'representative')),
    valid_until date not null,
    evidence text not null check (evidence <> ''),
    recorded_at timestamptz not null,
    recorded_by text not null,
    revoked_at timestamptz
);
create index on mandates (unit_id);
alter table mandates enable row level security;
alter table mandates force row level security;
create policy granted_rows on mandates for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on mandates for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on mandates for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on mandates for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on mandates for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update (revoked_at) on mandates to signing_app;
grant select on mandates to signing_mechanism;

create table tasks (
    district text not null,
    task_id uuid primary key,
    unit_id uuid not null references cases,
    code text not null,
    raised_at timestamptz not null,
    done_at timestamptz
);
create index on tasks (unit_id) where done_at is null;
alter table tasks enable row level security;
alter table tasks force row level security;
create policy granted_rows on tasks for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on tasks for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on tasks for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on tasks for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on tasks for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update (done_at) on tasks to signing_app;
grant select on tasks to signing_mechanism;

-- Who did what to a case, why and when. Only added to.
create table acts (
    district text not null,
    act_id uuid primary key,
    unit_id uuid not null references cases,
    agreement_id uuid,
    kind text not null,
    reason text not null default '',
    facts jsonb not null default '{}',
    by text not null,
    at timestamptz not null,
    check (reason <> '' or kind not in ('unlocked', 'returned', 'superseded', 'rescinded', 'rights-disputed', 'mandate-revoked'))
);
create index on acts (unit_id, at);
alter table acts enable row level security;
alter table acts force row level security;
create policy granted_rows on acts for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on acts for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on acts for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on acts for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on acts for all to signing_mechanism
    using (true) with check (true);
grant select, insert on acts to signing_app;
grant select on acts to signing_mechanism;

create table assignments (
    district text not null,
    unit_id uuid primary key,
    group_id uuid not null,
    staff_id uuid
);
alter table assignments enable row level security;
alter table assignments force row level security;
create policy granted_rows on assignments for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on assignments for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on assignments for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on assignments for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on assignments for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on assignments to signing_app;
grant select on assignments to signing_mechanism;

create table groups (
    district text not null,
    group_id uuid primary key,
    project_id uuid not null,
    name text not null,
    officers jsonb not null
);
alter table groups enable row level security;
alter table groups force row level security;
create policy granted_rows on groups for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on groups for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on groups for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on groups for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on groups for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on groups to signing_app;
grant select on groups to signing_mechanism;

create table agreements (
    district text not null,
    agreement_id uuid primary key,
    unit_id uuid not null references cases,
    project_id uuid not null,
    form text not null check (form in ('exchange', 'cash', 'mixed')),
    series text not null check (series = case form when 'cash' then 'cash' else 'exchange' end),
    rule_set_version text not null check (rule_set_version <> ''),
    supersedes uuid unique check (supersedes <> agreement_id),
    state text not null check (state in ('drafted', 'reviewed', 'locked', 'pre_registered', 'signed', 'effective', 'performed',
                                         'returned', 'superseded', 'rescinded', 'void')),
    version int not null default 1,
    drafted_at timestamptz not null,
    lock_count int not null default 0,
    effective_at timestamptz,
    unique (agreement_id, unit_id),
    unique (agreement_id, project_id, series),
    foreign key (supersedes, unit_id) references agreements (agreement_id, unit_id)
);

-- At most one live agreement per unit: the second of two desks that draft at once fails here, not by a timer.
create unique index one_live_agreement on agreements (unit_id)
    where state in ('drafted', 'reviewed', 'locked', 'pre_registered', 'signed', 'effective', 'performed');
create index on agreements (unit_id);

-- The fan-out looks for what still has to move after a declaration or a closing; the set empties itself.
create index agreements_to_settle on agreements (project_id, unit_id) where state = 'signed';
alter table agreements enable row level security;
alter table agreements force row level security;
create policy granted_rows on agreements for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on agreements for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on agreements for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on agreements for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on agreements for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update (form, series, rule_set_version, state, lock_count, effective_at, version) on agreements to signing_app;
grant select on agreements to signing_mechanism;

create table term_lines (
    district text not null,
    agreement_id uuid not null references agreements,
    head text not null check (head ~ '^[a-z][a-z_]{1,40}$'),
    position int not null,
    kind text not null check (kind in ('once', 'monthly', 'area')),
    amount_fen bigint not null check (amount_fen >= 0),
    quantity numeric(14,2) check (quantity >= 0),
    unit_price_fen bigint check (unit_price_fen >= 0),
    primary key (agreement_id, head)
);
alter table term_lines enable row level security;
alter table term_lines force row level security;
create policy granted_rows on term_lines for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on term_lines for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on term_lines for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on term_lines for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on term_lines for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update, delete on term_lines to signing_app;
grant select on term_lines to signing_mechanism;

create function lines_change_only_in_a_draft() returns trigger language plpgsql as $$
declare ours uuid := case tg_op when 'DELETE' then old.agreement_id else new.agreement_id end;
begin
    if not exists (select from agreements where agreement_id = ours and state = 'drafted') then
        raise exception 'the terms of agreement % are not a draft', ours using errcode = 'check_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger lines_change_only_in_a_draft before insert or update or delete on term_lines
    for each row execute function lines_change_only_in_a_draft();

-- What each lock froze. A lock is never edited; the next one gets the next count, and signatures belong to one lock.
create table locks (
    district text not null,
    agreement_id uuid not null references agreements,
    lock_count int not null check (lock_count >= 1),
    holders int not null,
    ownership text not null,
    rights_revision int not null,
    rule_set_version text not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    locked_at timestamptz not null,
    locked_by text not null,
    primary key (agreement_id, lock_count)
);
alter table locks enable row level security;
alter table locks force row level security;
create policy granted_rows on locks for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on locks for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on locks for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on locks for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on locks for all to signing_mechanism
    using (true) with check (true);
grant select, insert on locks to signing_app;
grant select on locks to signing_mechanism;

create table locked_holders (
    district text not null,
    agreement_id uuid not null,
    lock_count int not null,
    person_id uuid not null,
    position int not null,
    name text not null,
    kind text not null,
    capable boolean not null,
    parts bigint check (parts > 0),
    whole bigint check (whole > 0),
    written text,
    primary key (agreement_id, lock_count, person_id),
    foreign key (agreement_id, lock_count) references locks
);
alter table locked_holders enable row level security;
alter table locked_holders force row level security;
create policy granted_rows on locked_holders for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on locked_holders for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on locked_holders for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on locked_holders for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on locked_holders for all to signing_mechanism
    using (true) with check (true);
grant select, insert on locked_holders to signing_app;
grant select on locked_holders to signing_mechanism;

create table signatures (
    district text not null,
    agreement_id uuid not null,
    lock_count int not null,
    right_holder uuid not null,
    hand uuid not null,
    capacity text not null check (capacity in ('self', 'agent', 'guardian', 'representative')),
    mandate_id uuid references mandates,
    signed_at timestamptz not null,
    primary key (agreement_id, lock_count, right_holder),
    foreign key (agreement_id, lock_count, right_holder) references locked_holders,
    check ((capacity = 'self') = (mandate_id is null)),
    check (capacity <> 'self' or hand = right_holder)
);
alter table signatures enable row level security;
alter table signatures force row level security;
create policy granted_rows on signatures for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on signatures for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on signatures for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on signatures for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on signatures for all to signing_mechanism
    using (true) with check (true);
grant select, insert on signatures to signing_app;
grant select on signatures to signing_mechanism;

create table series (
    district text not null,
    project_id uuid not null,
    series text not null check (series in ('exchange', 'cash')),
    last_number bigint not null default 0,
    last_at timestamptz,
    primary key (project_id, series),
    check ((last_number = 0) = (last_at is null))
);
alter table series enable row level security;
alter table series force row level security;
create policy granted_rows on series for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on series for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on series for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on series for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on series for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on series to signing_app;
grant select on series to signing_mechanism;

create table numbers (
    district text not null,
    project_id uuid not null,
    series text not null,
    number bigint not null check (number >= 1),
    agreement_id uuid not null unique,
    signed_at timestamptz not null,
    primary key (project_id, series, number),
    foreign key (agreement_id, project_id, series) references agreements (agreement_id, project_id, series),
    foreign key (project_id, series) references series
);
alter table numbers enable row level security;
alter table numbers force row level security;
create policy granted_rows on numbers for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on numbers for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on numbers for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on numbers for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on numbers for all to signing_mechanism
    using (true) with check (true);
grant select, insert on numbers to signing_app;
grant select on numbers to signing_mechanism;

-- Gap-free and in the order of its instants, or not at all. The lock of the series makes it so; this makes sure.
create function numbers_follow() returns trigger language plpgsql as $$
declare before timestamptz;
begin
    select signed_at into before from numbers
    where project_id = new.project_id and series = new.series and number = new.number - 1;
    if (new.number > 1 and before is null) or new.signed_at <= before then
        raise exception 'number % does not follow', new.number using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger numbers_follow before insert on numbers for each row execute function numbers_follow();

create table detachments (
    district text not null,
    agreement_id uuid primary key references numbers (agreement_id),
    reason text not null check (reason <> ''),
    by text not null,
    detached_at timestamptz not null
);
alter table detachments enable row level security;
alter table detachments force row level security;
create policy granted_rows on detachments for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on detachments for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on detachments for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on detachments for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on detachments for all to signing_mechanism
    using (true) with check (true);
grant select, insert on detachments to signing_app;
grant select on detachments to signing_mechanism;

create table projects (
    district text not null,
    project_id uuid primary key,
    name text not null,
    series text[] not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    automatic boolean not null,
    bases jsonb not null check (jsonb_typeof(bases) = 'array'),
    counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')),
    total_units bigint,
    total_households bigint,
    total_right_holders bigint,
    total_area bigint,
    signed_units bigint not null default 0,
    signed_households bigint not null default 0,
    signed_right_holders bigint not null default 0,
    signed_area bigint not null default 0,
    version int not null default 1,
    check (starts_at < ends_at),
    check (num_nulls(total_units, total_households, total_right_holders, total_area) in (0, 4)),
    check (signed_units between 0 and coalesce(total_units, 0)),
    check (signed_households between 0 and coalesce(total_households, 0)),
    check (signed_right_holders between 0 and coalesce(total_right_holders, 0)),
    check (signed_area between 0 and coalesce(total_area, 0))
);
alter table projects enable row level security;
alter table projects force row level security;
create policy granted_rows on projects for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on projects for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on projects for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on projects for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on projects for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on projects to signing_app;
grant select on projects to signing_mechanism;

-- What the registry has announced. Nothing is evaluated before our own units give the same digest.
create table rolls (
    district text not null,
    project_id uuid primary key,
    digest text not null,
    units bigint not null,
    households bigint not null,
    right_holders bigint not null,
    area bigint not null,
    frozen_at timestamptz not null,
    matched_at timestamptz
);
alter table rolls enable row level security;
alter table rolls force row level security;
create policy granted_rows on rolls for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on rolls for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on rolls for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on rolls for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on rolls for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update on rolls to signing_app;
grant select on rolls to signing_mechanism;

create table roll_units (
    district text not null,
    project_id uuid not null references rolls,
    unit_id uuid not null,
    household_id uuid not null,
    area bigint not null check (area >= 0),
    signed boolean not null default false,
    primary key (project_id, unit_id)
);
alter table roll_units enable row level security;
alter table roll_units force row level security;
create policy granted_rows on roll_units for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on roll_units for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on roll_units for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on roll_units for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on roll_units for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update (signed) on roll_units to signing_app;
grant select on roll_units to signing_mechanism;

-- Who counts once however many units they have: as signed when `counts_from` of them are. That is all of a household's; of a right-holder's
-- as the project's counting rule said when the roll was copied.
create table roll_parties (
    district text not null,
    project_id uuid not null references rolls,
    kind text not null check (kind in ('household', 'right_holder')),
    party_id uuid not null,
    units int not null check (units > 0),
    counts_from int not null check (counts_from in (1, units)),
    check (kind = 'right_holder' or counts_from = units),
    signed int not null default 0 check (signed between 0 and units),
    primary key (project_id, kind, party_id)
);
alter table roll_parties enable row level security;
alter table roll_parties force row level security;
create policy granted_rows on roll_parties for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on roll_parties for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on roll_parties for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on roll_parties for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on roll_parties for all to signing_mechanism
    using (true) with check (true);
grant select, insert, update (signed) on roll_parties to signing_app;
grant select on roll_parties to signing_mechanism;

create table roll_members (
    district text not null,
    project_id uuid not null,
    unit_id uuid not null,
    kind text not null,
    party_id uuid not null,
    primary key (project_id, unit_id, kind, party_id),
    foreign key (project_id, unit_id) references roll_units,
    foreign key (project_id, kind, party_id) references roll_parties
);
alter table roll_members enable row level security;
alter table roll_members force row level security;
create policy granted_rows on roll_members for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on roll_members for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on roll_members for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on roll_members for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on roll_members for all to signing_mechanism
    using (true) with check (true);
grant select, insert on roll_members to signing_app;
grant select on roll_members to signing_mechanism;

-- One row, once: the latch. A later rescission finds it here and changes nothing.
create table latches (
    district text not null,
    project_id uuid primary key references projects,
    reached_at timestamptz not null,
    readings jsonb not null
);
alter table latches enable row level security;
alter table latches force row level security;
create policy granted_rows on latches for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on latches for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on latches for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on latches for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on latches for all to signing_mechanism
    using (true) with check (true);
grant select, insert on latches to signing_app;
grant select on latches to signing_mechanism;

create table declarations (
    district text not null,
    project_id uuid primary key references latches,
    document_number text not null check (document_number <> ''),
    declared_at timestamptz not null,
    declared_by text not null,
    automatic boolean not null
);
alter table declarations enable row level security;
alter table declarations force row level security;
create policy granted_rows on declarations for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on declarations for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on declarations for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on declarations for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on declarations for all to signing_mechanism
    using (true) with check (true);
grant select, insert on declarations to signing_app;
grant select on declarations to signing_mechanism;

create table closings (
    district text not null,
    project_id uuid primary key references projects,
    reached boolean not null,
    closed_at timestamptz not null,
    closed_by text not null
);
alter table closings enable row level security;
alter table closings force row level security;
create policy granted_rows on closings for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on closings for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on closings for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on closings for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on closings for all to signing_mechanism
    using (true) with check (true);
grant select, insert on closings to signing_app;
grant select on closings to signing_mechanism;

-- The project's feed: every fact that moves a figure, numbered under the project's lock. The changes up to a number are the count as of it.
create table counted (
    district text not null,
    project_id uuid not null references projects,
    feed_number bigint not null check (feed_number >= 1),
    fact text not null check (fact in ('matched', 'signed', 'undone', 'effective')),
    agreement_id uuid references agreements,
    units bigint not null,
    households bigint not null,
    right_holders bigint not null,
    area bigint not null,
    happened_at timestamptz not null,
    primary key (project_id, feed_number),
    unique (agreement_id, fact),
    check ((fact = 'matched') = (agreement_id is null)),
    check (fact <> 'signed' or least(units, households, right_holders, area) >= 0),
    check (fact <> 'undone' or greatest(units, households, right_holders, area) <= 0)
);
alter table counted enable row level security;
alter table counted force row level security;
create policy granted_rows on counted for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on counted for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on counted for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on counted for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on counted for all to signing_mechanism
    using (true) with check (true);
grant select, insert on counted to signing_app;
grant select on counted to signing_mechanism;

create function counted_follow() returns trigger language plpgsql as $$
begin
    if new.feed_number > 1 and not exists (
        select from counted where project_id = new.project_id and feed_number = new.feed_number - 1)
    then
        raise exception 'feed number % does not follow', new.feed_number using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger counted_follow before insert on counted for each row execute function counted_follow();

-- A day's figures, frozen when it was closed. What is learnt later is a restatement of its own, with the next count.
create table days (
    district text not null,
    project_id uuid not null references projects,
    business_on date not null,
    restatement int not null default 0 check (restatement >= 0),
    as_of bigint not null check (as_of >= 0),
    figures jsonb not null,
    bases jsonb not null,
    counting_rule text not null check (counting_rule in ('all_units_signed', 'any_unit_signed')),
    closed_at timestamptz not null,
    closed_by text not null,
    follows int generated always as (nullif(restatement, 0) - 1) stored,
    primary key (project_id, business_on, restatement),
    foreign key (project_id, business_on, follows) references days,
    check (closed_at >= (business_on + 1)::timestamp at time zone interval '8 hours')
);
alter table days enable row level security;
alter table days force row level security;
create policy granted_rows on days for select to signing_app, signing_owner
    using (district = any (string_to_array(current_setting('clearwater.granted', true), ',')) or current_setting('clearwater.granted', true) = '*');
create policy bound_insert on days for insert to signing_app, signing_owner
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_update on days for update to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''))
    with check (district = nullif(current_setting('clearwater.district', true), ''));
create policy bound_delete on days for delete to signing_app, signing_owner
    using (district = nullif(current_setting('clearwater.district', true), ''));
create policy every_row on days for all to signing_mechanism
    using (true) with check (true);
grant select, insert on days to signing_app;
grant select on days to signing_mechanism;

-- The facet's moves. Rights must be settled for whoever goes on towards a signing; what is signed takes effect whatever happens to them.
-- A rescission is written together with the effect that was declared before it.
create function agreement_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if (new.state, new.lock_count) <> ('drafted', 0) then
            raise exception 'an agreement begins as a draft, not %', new.state using errcode = 'check_violation';
        end if;
        return new;
    end if;
    if old.state <> new.state and not (old.state || '>' || new.state) = any (array[
        'drafted>reviewed', 'reviewed>drafted', 'reviewed>locked', 'locked>drafted', 'pre_registered>drafted',
        'locked>pre_registered', 'locked>signed', 'pre_registered>signed', 'signed>effective', 'locked>effective',
        'pre_registered>effective', 'effective>performed',
        'drafted>returned', 'reviewed>returned', 'locked>superseded', 'pre_registered>superseded', 'signed>rescinded',
        'effective>rescinded', 'signed>void'])
    then
        raise exception 'an agreement does not go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    if (new.form, new.rule_set_version) <> (old.form, old.rule_set_version)
       and (new.state <> 'drafted' or old.state not in ('drafted', 'reviewed'))
    then
        raise exception 'the terms of agreement % are not a draft', new.agreement_id using errcode = 'check_violation';
    end if;
    if new.lock_count <> old.lock_count + (old.state = 'reviewed' and new.state = 'locked')::int
       or new.effective_at is distinct from old.effective_at
          and (old.effective_at is not null or new.state not in ('effective', 'rescinded'))
    then
        raise exception 'agreement % was not locked or put into force', new.agreement_id using errcode = 'check_violation';
    end if;
    if old.state <> new.state and (new.state in ('reviewed', 'locked', 'signed') or old.state in ('locked', 'pre_registered')
       and new.state = 'effective') and not exists (
        select from cases where unit_id = new.unit_id and rights_state = 'confirmed' and not (new.state = 'reviewed' and area_disputed))
    then
        raise exception 'rights or area of unit % are not settled', new.unit_id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger agreement_moves before insert or update on agreements for each row execute function agreement_moves();

-- Another paper takes its place in the same transaction, so a unit never loses one that was locked.
create function superseded_has_a_successor() returns trigger language plpgsql as $$
begin
    if not exists (select from agreements where supersedes = new.agreement_id) then
        raise exception 'agreement % was superseded by none', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger superseded_has_a_successor after insert or update on agreements deferrable initially deferred for each row
    when (new.state = 'superseded') execute function superseded_has_a_successor();

-- A lock has the holders that it was made with: their shares are whole, and nobody joins them later.
create function locked_rights_are_whole() returns trigger language plpgsql as $$
begin
    if exists (
        select from locks where agreement_id = new.agreement_id and lock_count = new.lock_count and not (
            select count(*) = locks.holders
                   and rights_are_whole(locks.ownership, count(*), count(parts), sum(parts), min(whole), max(whole))
            from locked_holders where agreement_id = new.agreement_id and lock_count = new.lock_count))
    then
        raise exception 'agreement % was locked on rights that are not whole', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger locked_rights_are_whole after insert on locks deferrable initially deferred for each row
    execute function locked_rights_are_whole();
create constraint trigger locked_rights_are_whole after insert on locked_holders deferrable initially deferred for each row
    execute function locked_rights_are_whole();

-- After the row, as a signature that is stored already is written again and has no effect.
create function signature_is_good() returns trigger language plpgsql as $$
begin
    if not exists (
        select from agreements it join cases using (unit_id) join projects on projects.project_id = it.project_id
        where it.agreement_id = new.agreement_id and it.lock_count = new.lock_count
          and it.state in ('locked', 'pre_registered', 'signed', 'effective') and rights_state = 'confirmed' and new.signed_at >= starts_at
          and (exists (select from latches where latches.project_id = it.project_id) or new.signed_at < ends_at
               and not exists (select from closings where closings.project_id = it.project_id)))
    then
        raise exception 'agreement % is not to be signed now', new.agreement_id using errcode = 'check_violation';
    end if;
    if not exists (
        select from locked_holders holder join agreements using (agreement_id)
        left join mandates paper on (paper.mandate_id, paper.unit_id, paper.right_holder, paper.hand, paper.kind)
            = (new.mandate_id, agreements.unit_id, holder.person_id, new.hand, new.capacity) and paper.revoked_at is null
            and paper.valid_until >= (new.signed_at at time zone interval '8 hours')::date
        where holder.agreement_id = new.agreement_id and holder.lock_count = new.lock_count and holder.person_id = new.right_holder
          and (new.capacity = 'self' or paper.mandate_id is not null) and case
              when holder.kind = 'organisation' then new.capacity in ('representative', 'agent')
              when holder.capable then new.capacity in ('self', 'agent') else new.capacity = 'guardian' end)
    then
        raise exception 'this hand may not sign agreement %', new.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger signature_is_good after insert on signatures for each row execute function signature_is_good();

-- At the commit, when state, signatures, number and what the project has decided are all written.
create function agreement_is_whole() returns trigger language plpgsql as $$
declare it agreements; given numbers; signed boolean; undone boolean;
begin
    select * into it from agreements where agreement_id = new.agreement_id;
    select * into given from numbers where agreement_id = it.agreement_id;
    signed := it.state in ('signed', 'effective', 'performed');
    undone := it.state in ('rescinded', 'void');
    if signed and (given.signed_at is distinct from (
        select max(signed_at) from signatures where agreement_id = it.agreement_id and lock_count = it.lock_count)
        or exists (
        select from locked_holders holder
        where holder.agreement_id = it.agreement_id and holder.lock_count = it.lock_count and not exists (
            select from signatures where agreement_id = it.agreement_id and lock_count = it.lock_count
            and right_holder = holder.person_id)))
    then
        raise exception 'agreement % lacks a signature or a number', it.agreement_id using errcode = 'check_violation';
    end if;
    if (given.number is not null) <> (signed or undone)
       or exists (select from detachments where agreement_id = it.agreement_id) <> undone
    then
        raise exception 'agreement % is % and its number says otherwise', it.agreement_id, it.state using errcode = 'check_violation';
    end if;
    if (it.effective_at is not null or it.state in ('effective', 'performed')) and it.effective_at is distinct from (
        select greatest(declared_at, given.signed_at) from declarations where project_id = it.project_id)
       or it.state = 'void' and not exists (select from closings where project_id = it.project_id and not reached)
    then
        raise exception 'agreement % is % and its project decided otherwise', it.agreement_id, it.state using errcode = 'check_violation';
    end if;
    if it.lock_count - (it.lock_count > 0 and it.state not in ('drafted', 'reviewed', 'returned'))::int <> (
        select count(*) from acts where unit_id = it.unit_id and agreement_id = it.agreement_id and kind = 'unlocked')
    then
        raise exception 'agreement % was unlocked without saying why', it.agreement_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger agreement_is_whole after insert or update on agreements deferrable initially deferred for each row
    execute function agreement_is_whole();
create constraint trigger agreement_is_whole after insert or update on numbers deferrable initially deferred for each row
    execute function agreement_is_whole();
create constraint trigger agreement_is_whole after insert or update on detachments deferrable initially deferred for each row
    execute function agreement_is_whole();

-- After the row, as it is written again with whatever changes in the project and then has no effect.
create function decision_is_due() returns trigger language plpgsql as $$
declare it projects; latch latches;
begin
    select * into it from projects where project_id = new.project_id;
    select * into latch from latches where project_id = new.project_id;
    if tg_table_name = 'latches' and (
        exists (select from closings where project_id = new.project_id)
        or not coalesce((
            select bool_and(total > 0 and signed * 100 >= total * percent)
            from (select (to_jsonb(it) ->> ('total_' || name))::numeric as total, (to_jsonb(it) ->> ('signed_' || name))::numeric as signed,
                         percent
                  from jsonb_to_recordset(it.bases) as basis (name text, percent int)) as reading), false))
    then
        raise exception 'project % has not reached its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'declarations' and (to_jsonb(new) ->> 'declared_at')::timestamptz < latch.reached_at then
        raise exception 'project % declared before its threshold', new.project_id using errcode = 'check_violation';
    elsif tg_table_name = 'closings' and (
        (to_jsonb(new) ->> 'closed_at')::timestamptz < it.ends_at or it.total_units is null
        or (to_jsonb(new) ->> 'reached')::boolean <> (latch.project_id is not null))
    then
        raise exception 'the period of project % does not close like this', new.project_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger decision_is_due after insert on latches for each row execute function decision_is_due();
create trigger decision_is_due after insert on declarations for each row execute function decision_is_due();
create trigger decision_is_due after insert on closings for each row execute function decision_is_due();

-- From the copy on: one roll, one total, one ruler.
create function roll_stays_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'the roll of project % is counted already', old.project_id using errcode = 'check_violation';
end $$;
create trigger roll_stays_frozen before update on rolls for each row
    when (old.matched_at is not null and (old.digest, old.units, old.households, old.right_holders, old.area, old.matched_at) is distinct from (new.digest, new.units, new.households, new.right_holders, new.area, new.matched_at))
    execute function roll_stays_frozen();
create trigger roll_stays_frozen before update on projects for each row
    when (old.total_units is not null and (old.total_units, old.total_households, old.total_right_holders, old.total_area, old.counting_rule) is distinct from (new.total_units, new.total_households, new.total_right_holders, new.total_area, new.counting_rule))
    execute function roll_stays_frozen();

create function roll_takes_no_more() returns trigger language plpgsql as $$
begin
    if exists (select from joined join rolls using (project_id) where matched_at is not null) then
        raise exception 'a roll is counted already and takes no more' using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger roll_takes_no_more after insert on roll_units referencing new table as joined
    for each statement execute function roll_takes_no_more();
create trigger roll_takes_no_more after insert on roll_parties referencing new table as joined
    for each statement execute function roll_takes_no_more();
create trigger roll_takes_no_more after insert on roll_members referencing new table as joined
    for each statement execute function roll_takes_no_more();

create function revoked_stays_revoked() returns trigger language plpgsql as $$
begin
    raise exception 'mandate % was revoked already', old.mandate_id using errcode = 'check_violation';
end $$;
create trigger revoked_stays_revoked before update on mandates
    for each row when (old.revoked_at is not null and old.revoked_at is distinct from new.revoked_at)
    execute function revoked_stays_revoked();

-- For the owner too, who needs no grant; it takes a migration to do otherwise.
create function only_added_to() returns trigger language plpgsql as $$
begin
    raise exception '% is only added to', tg_table_name using errcode = 'check_violation';
end $$;
create trigger only_added_to before update or delete or truncate on locks
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on locked_holders
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on signatures
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on numbers
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on detachments
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on acts
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on latches
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on declarations
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on closings
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on counted
    for each statement execute function only_added_to();
create trigger only_added_to before update or delete or truncate on days
    for each statement execute function only_added_to();
