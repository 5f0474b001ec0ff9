"""Agreements, signatures and numbers."""

from shared.service.rows import protect

_AGREEMENTS = """
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
)
"""

# At most one live agreement per unit: the second of two desks that draft at once fails here, not by a timer.
_ONE_LIVE = """
create unique index one_live_agreement on agreements (unit_id)
where state in ('drafted', 'reviewed', 'locked', 'pre_registered', 'signed', 'effective', 'performed')
"""

_LINES = """
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
)
"""

_LINES_FROZEN = """
create function lines_change_only_in_a_draft() returns trigger language plpgsql as $$
declare ours uuid := case tg_op when 'DELETE' then old.agreement_id else new.agreement_id end;
begin
    if not exists (select from agreements where agreement_id = ours and state = 'drafted') then
        raise exception 'the terms of agreement % are not a draft', ours using errcode = 'check_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$
"""

# What each lock froze. A lock is never edited; the next one gets the next count, and signatures belong to one lock.
_LOCKS = """
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
)
"""

_LOCKED_HOLDERS = """
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
)
"""

_SIGNATURES = """
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
)
"""

_SERIES = """
create table series (
    district text not null,
    project_id uuid not null,
    series text not null check (series in ('exchange', 'cash')),
    last_number bigint not null default 0,
    last_at timestamptz,
    primary key (project_id, series),
    check ((last_number = 0) = (last_at is null))
)
"""

_NUMBERS = """
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
)
"""

# Gap-free and in the order of its instants, or not at all. The lock of the series makes it so; this makes sure.
_NUMBERS_FOLLOW = """
create function numbers_follow() returns trigger language plpgsql as $$
declare before timestamptz;
begin
    select signed_at into before from numbers
    where project_id = new.project_id and series = new.series and number = new.number - 1;
    if (new.number > 1 and before is null) or new.signed_at <= before then
        raise exception 'number % does not follow', new.number using errcode = 'check_violation';
    end if;
    return new;
end $$
"""

_DETACHMENTS = """
create table detachments (
    district text not null,
    agreement_id uuid primary key references numbers (agreement_id),
    reason text not null check (reason <> ''),
    by text not null,
    detached_at timestamptz not null
)
"""

_APPEND = "select, insert"
_MOVING = (
    "form, series, rule_set_version, state, lock_count, effective_at, version"  # whose it is stays as it was drafted
)

DDL = (
    _AGREEMENTS,
    _ONE_LIVE,
    "create index on agreements (unit_id)",
    # The fan-out looks for what still has to move after a declaration or a closing; the set empties itself.
    "create index agreements_to_settle on agreements (project_id, unit_id) where state = 'signed'",
    *protect("agreements", service="signing", app=f"select, insert, update ({_MOVING})"),
    _LINES,
    *protect("term_lines", service="signing"),
    _LINES_FROZEN,
    """create trigger lines_change_only_in_a_draft before insert or update or delete on term_lines
       for each row execute function lines_change_only_in_a_draft()""",
    _LOCKS,
    *protect("locks", service="signing", app=_APPEND),
    _LOCKED_HOLDERS,
    *protect("locked_holders", service="signing", app=_APPEND),
    _SIGNATURES,
    *protect("signatures", service="signing", app=_APPEND),
    _SERIES,
    *protect("series", service="signing", app="select, insert, update"),
    _NUMBERS,
    *protect("numbers", service="signing", app=_APPEND),
    _NUMBERS_FOLLOW,
    "create trigger numbers_follow before insert on numbers for each row execute function numbers_follow()",
    _DETACHMENTS,
    *protect("detachments", service="signing", app=_APPEND),
)
