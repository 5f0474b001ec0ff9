"""Row-level security: the database itself keeps the districts apart.

Three roles per service: the owner runs migrations, the app serves requests and reactions, the mechanism (relay,
reconciler) sees every row. Invariant: on every table with a column `district`, app and owner see the granted districts and
write in the bound district only (database.py binds both); policies are forced, so owning a table opens nothing.

The self-test proves it at every start: by trying it on a table of its own, `row_probe`, and by comparing the policies
of every other table with the ones just tried. A policy that was removed, loosened or added stops the process.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from shared.service import database

_OURS, _THEIRS, _ABSENT = "000001", "000002", "000003"  # no such districts; the probe has a row of the first two
_FORBIDDEN = "42501"
_OF_NO_DISTRICT = frozenset(
    {"alembic_version", "served_code", "epochs", "pulses"}
)  # counters of the mechanism; nothing of a person
_GRANTED = (
    "district = any (string_to_array(current_setting('clearwater.granted', true), ','))"
    " or current_setting('clearwater.granted', true) = '*'"
)
_BOUND = "district = nullif(current_setting('clearwater.district', true), '')"


# For /ready, which compares it with the newest migration. Alembic makes the table before the first migration runs.
_VERSION_IS_READABLE = """do $$ begin
    if to_regclass('alembic_version') is not null then
        grant select on alembic_version to {service}_app, {service}_mechanism;
    end if;
end $$"""


class Unprotected(Exception):  # noqa: N818 - names the state found
    """Row-level security does not hold. The message says where."""


def protect(
    table: str, *, service: str, app: str = "select, insert, update, delete", mechanism: str = "select"
) -> list[str]:
    """Statements for the migration that creates the table, after its `create table`. `app`, `mechanism`: what each is
    granted.
    """
    bound = f"to {service}_app, {service}_owner"
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy granted_rows on {table} for select {bound} using ({_GRANTED})",
        f"create policy bound_insert on {table} for insert {bound} with check ({_BOUND})",
        f"create policy bound_update on {table} for update {bound} using ({_BOUND}) with check ({_BOUND})",
        f"create policy bound_delete on {table} for delete {bound} using ({_BOUND})",
        f"create policy every_row on {table} for all to {service}_mechanism using (true) with check (true)",
        *grant(table, service=service, app=app, mechanism=mechanism),
    ]


def grant(table: str, *, service: str, app: str = "", mechanism: str = "") -> list[str]:
    """For a table that belongs to no district, such as a counter of the mechanism."""
    return [
        f"grant {rights} on {table} to {service}_{role}"
        for role, rights in (("app", app), ("mechanism", mechanism))
        if rights
    ]


def schema(service: str) -> list[str]:
    """The self-test's own table, for a service's first migration."""
    return [
        "create table row_probe (district text primary key)",
        *protect("row_probe", service=service),
        _VERSION_IS_READABLE.format(service=service),
        *(
            statement
            for district in (_OURS, _THEIRS)
            for statement in (
                f"select set_config('clearwater.district', '{district}', true)",
                f"insert into row_probe (district) values ('{district}')",  # noqa: S608 - a constant
            )
        ),
        "select set_config('clearwater.district', '', true)",
    ]


def self_test(app: Engine, mechanism: Engine | None = None) -> None:
    """Raises Unprotected with one sentence. Every process runs it before its first request or poll."""
    with app.connect() as connection:
        _role_is_plain(connection)
        _every_table_has_a_district(connection)
        _every_table_is_like_the_probe(connection)
    with database.reading(app, granted=[_OURS]) as tx:
        _expect(_seen(tx.connection), [_OURS], "the app role sees rows of a district that is not granted")
    with app.connect() as connection:
        _expect(_seen(connection), [], "the app role sees rows although nothing is granted")
    with database.reading(app, granted=[database.EVERY]) as tx:
        _expect(_seen(tx.connection), [_OURS, _THEIRS], "the app role with every grant does not see every row")
    _foreign_rows_are_unwritable(app)
    if mechanism is not None:
        mechanism_test(mechanism)


def mechanism_test(mechanism: Engine) -> None:
    """For a process of the mechanism role: a relay that sees no row would send nothing, in silence. Raises Unprotected."""
    with mechanism.connect() as connection:
        _expect(_seen(connection), [_OURS, _THEIRS], "the mechanism role does not see every row")


_ROLE = text("""
    select rolsuper or rolbypassrls as above, exists (
        select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relowner = ours.oid and nspname = any (current_schemas(false))
    ) as owns
    from pg_roles as ours where rolname = current_user
""")
# Partitions are reached through their parent only; the policies stand there.
_POLICIES = text("""
    select relname as table, relispartition as partition, relrowsecurity and relforcerowsecurity as forced,
           has_table_privilege(current_user, pg_class.oid, 'select, insert, update, delete') as reachable,
           coalesce(array_agg(concat_ws(' / ', polname, polcmd, polpermissive, roles.names,
                                        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
                              order by polname) filter (where polname is not null), '{}') as policies
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace and nspname = any (current_schemas(false))
    join pg_attribute on attrelid = pg_class.oid and attname = 'district' and not attisdropped
    left join pg_policy on polrelid = pg_class.oid
    left join lateral (select string_agg(coalesce(rolname, 'public'), ',' order by rolname) as names
                       from unnest(polroles) as named (role) left join pg_roles on oid = role) as roles
           on true
    where relkind in ('r', 'p')
    group by pg_class.oid order by relname
""")


_OPEN = text("""
    select relname from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace and nspname = any (current_schemas(false))
    where relkind in ('r', 'p', 'm', 'f')
      and has_table_privilege(current_user, pg_class.oid, 'select, insert, update, delete')
      and not exists (select from pg_attribute
                      where attrelid = pg_class.oid and attname = 'district' and not attisdropped)
    order by relname
""")


def _role_is_plain(connection: Connection) -> None:
    role = connection.execute(_ROLE).one()
    if role.above or role.owns:
        raise Unprotected("the app role is a superuser, bypasses row-level security or owns tables")


def _every_table_has_a_district(connection: Connection) -> None:
    if found := set(connection.execute(_OPEN).scalars()) - _OF_NO_DISTRICT:
        raise Unprotected(f"tables that the app role reaches have no district: {', '.join(sorted(found))}")


def _every_table_is_like_the_probe(connection: Connection) -> None:
    tables = {row.table: row for row in connection.execute(_POLICIES)}
    if (probe := tables.get("row_probe")) is None:
        raise Unprotected("the table row_probe is missing: the migrations have not run")
    for row in tables.values():
        if row.partition and not row.reachable:
            continue
        if not row.forced or row.policies != probe.policies:
            raise Unprotected(f"the table {row.table} has a district, but not the policies that keep districts apart")


def _foreign_rows_are_unwritable(app: Engine) -> None:
    districts = {"ours": _OURS, "theirs": _THEIRS, "absent": _ABSENT}
    for statement in (
        "insert into row_probe (district) values (:absent)",
        "update row_probe set district = :absent where district = :ours",
        "update row_probe set district = district where district = :theirs",
        "delete from row_probe where district = :theirs",
    ):
        with app.connect() as connection:  # never committed
            connection.execute(
                text(
                    "select set_config('clearwater.district', :ours, true), set_config('clearwater.granted', '*', true)"
                ),
                districts,
            )
            try:
                changed = connection.execute(text(statement), districts).rowcount
            except ProgrammingError as refusal:
                if database.sqlstate(refusal) != _FORBIDDEN:
                    raise
                changed = 0
        if changed:
            raise Unprotected(f"the app role can write in a district that is not bound: {statement}")


def _seen(connection: Connection) -> list[str]:
    return list(connection.execute(text("select district from row_probe order by district")).scalars())


def _expect(found: Sequence[str], expected: Sequence[str], otherwise: str) -> None:
    if list(found) != list(expected):
        raise Unprotected(otherwise)
