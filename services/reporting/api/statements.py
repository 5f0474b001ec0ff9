"""GET /api/v1/districts/{district}/statements, /statement, /statement-keys; /agencies/{agency}/statements, /agencies/{agency}/statement

What an agency was to be given, day by day and signed: for its own client, and for the auditor. The keys are public.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from flask import Blueprint, Response
from pydantic import Field

from services.reporting.queries import statements as reads
from services.reporting.queries.statements import KeySet, StatementLine
from shared.events import topics
from shared.events.day import business_day
from shared.refusal import Refused, Unknown
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.service.http import Page, Paged

statements = Blueprint("statements", __name__, url_prefix="/api/v1/districts/<district>")
_SIGNED = "application/jose"
_OVERSEERS = ("auditor", "city")
_PROBLEMS = ("not-found", "day-not-over", "statement-unknown")


class StatementQuery(http.Body):
    day: date = Field(description="a business day in Shanghai that is over")


@http.route(
    statements,
    "GET",
    "/statements",
    roles=("agency",),
    answers=Paged[StatementLine],
    problems=("not-found", "grant-missing"),
)
def list_statements(district: str, query: Page) -> http.Answer:
    """Newest first; also after the last grant has ended."""
    with _reading_own(district) as (tx, agency):
        return _listed(tx, district, agency, query)


@http.route(statements, "GET", "/statement", roles=("agency",), media=_SIGNED, problems=("grant-missing", *_PROBLEMS))
def read_statement(district: str, query: StatementQuery) -> http.Answer:
    """A compact JWS. Check its signature with the keys of …/statement-keys, and believe only what it holds."""
    with _reading_own(district) as (tx, agency):
        return _of_day(tx, district, agency, query.day)


@http.route(statements, "GET", "/statement-keys", roles=identity.EVERYBODY, answers=KeySet, problems=("not-found",))
def read_keys(district: str) -> http.Answer:
    """The public keys, also former ones, as a JWK Set."""
    if not re.fullmatch(topics.DISTRICT, district):
        raise Unknown
    with database.reading(context().engine, granted=[district]) as tx:
        return http.ok(reads.keys(tx, district))


@http.route(
    statements,
    "GET",
    "/agencies/<agency>/statements",
    roles=_OVERSEERS,
    answers=Paged[StatementLine],
    problems=("not-found",),
)
def list_statements_of(district: str, agency: str, query: Page) -> http.Answer:
    """Of any agency, newest first."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return _listed(tx, district, agency, query)


@http.route(statements, "GET", "/agencies/<agency>/statement", roles=_OVERSEERS, media=_SIGNED, problems=_PROBLEMS)
def read_statement_of(district: str, agency: str, query: StatementQuery) -> http.Answer:
    """As the agency has it."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return _of_day(tx, district, agency, query.day)


@contextmanager
def _reading_own(district: str) -> Iterator[tuple[Transaction, str]]:
    if not re.fullmatch(topics.DISTRICT, district):  # before anything is bound to it
        raise Refused("grant-missing")
    with database.reading(context().engine, granted=[district]) as tx:
        yield tx, reads.agency_of(tx, district, identity.current().subject)


def _listed(tx: Transaction, district: str, agency: str, query: Page) -> http.Answer:
    (before,) = query.after(date) or (date.max,)
    found = reads.lines(tx, district, agency, before=before, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.business_on,), of=Paged[StatementLine])


def _of_day(tx: Transaction, district: str, agency: str, day: date) -> http.Answer:
    found = reads.signed(tx, district, agency, day, today=business_day(datetime.now(UTC)))
    return Response(found, content_type=_SIGNED)
