"""Databases and roles. One database and three roles per service; a second run changes nothing but passwords.

Invariant: no role is a superuser, none passes by row-level security, and only the owner may create in its database, not even a
temporary table: the triggers that guard a table would read the one of the same name.
Left to others: tables, grants and policies, which each service's migrations write.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from deploy.declaration import DEBEZIUM

# A process that is suspended inside a transaction loses it, and its locks with it, so that the next process can work.
_IDLE_IN_TRANSACTION = "5s"


def ensure(superuser_url: str, services: Mapping[str, Mapping[str, str]]) -> None:
    """`services` maps a service to the passwords of its roles: {"signing": {"owner": …, "app": …, "mechanism": …}}."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for service, passwords in services.items():
            ensure_roles(connection, service, passwords)
            create(connection, service, owner=f"{service}_owner")


def ensure_roles(connection: psycopg.Connection, service: str, passwords: Mapping[str, str]) -> None:
    for role, password in passwords.items():
        _role(connection, f"{service}_{role}", password, patient=role == "owner")


def create(connection: psycopg.Connection, database: str, *, owner: str, template: str = "template0") -> None:
    """Makes a database where there is none, and grants anew. From a template it takes milliseconds; nobody may be connected to that one."""
    names = {"database": sql.Identifier(database), "owner": sql.Identifier(owner), "template": sql.Identifier(template)}
    if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
        # FILE_COPY: quicker than writing every page to the log, for databases as small as ours at this moment.
        connection.execute(
            sql.SQL("create database {database} owner {owner} template {template} strategy file_copy").format(**names)
        )
    connection.execute(sql.SQL("revoke all on database {database} from public").format(**names))
    for role in ("app", "mechanism"):
        grantee = sql.Identifier(owner.removesuffix("owner") + role)
        for statement in (
            "revoke all on database {database} from {role}",
            "grant connect on database {database} to {role}",
        ):
            connection.execute(sql.SQL(statement).format(role=grantee, **names))


def ensure_debezium(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Debezium's role in the database of each service: it reads the write-ahead log, and no table."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for service, password in passwords.items():
            name = f"{service}_{DEBEZIUM}"
            _role(connection, name, password, patient=True)
            connection.execute(sql.SQL("alter role {} replication").format(sql.Identifier(name)))
            grant = sql.SQL("grant connect on database {} to {}")
            connection.execute(grant.format(sql.Identifier(service), sql.Identifier(name)))


def drop(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


def _role(connection: psycopg.Connection, name: str, password: str, *, patient: bool) -> None:
    role = sql.Identifier(name)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
        connection.execute(sql.SQL("create role {} login nosuperuser nobypassrls").format(role))
    connection.execute(sql.SQL("alter role {} password {}").format(role, sql.Literal(password)))
    limit = "0" if patient else _IDLE_IN_TRANSACTION
    connection.execute(
        sql.SQL("alter role {} set idle_in_transaction_session_timeout = {}").format(role, sql.Literal(limit))
    )
