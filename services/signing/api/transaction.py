"""Common to all commands: one transaction in the user's district, including the claim and answer of the idempotency key."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from services.signing.commands.note_staff import note_staff
from shared.service import database, http, idempotency, identity
from shared.service.clock import Clock
from shared.service.context import context
from shared.service.database import Transaction

C = TypeVar("C")
S = TypeVar("S")


def by() -> str:
    """The acting user, for the record."""
    return identity.current().subject


def once(
    carry_out: Callable[[Transaction, C, Clock], S],
    command: C,
    answer: Callable[[Transaction, S], BaseModel],
) -> http.Answer:
    """Claim and answer commit together, so a retry after a lost answer finds both or neither. `answer` makes the model that reading the
    same thing gives; its version, if it has one, is the answer's ETag.
    """
    service = context()
    subject = identity.current()
    note_staff(service.engine, subject, district=subject.district)
    with database.begin(service.engine, district=subject.district) as tx:

        def act() -> http.Answer:
            found = answer(tx, carry_out(tx, command, service.clock))
            return http.created(found, version=getattr(found, "version", None))

        return idempotency.once(tx, act)
