"""What the pages of an agency share: the district and the endpoint that the address names, and what is granted there now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from flask import request

from services.reporting.queries import exchange, subscription
from services.reporting.queries.subscription import EndpointLine, Place
from shared.refusal import Refused, Unknown
from shared.service import database, identity
from shared.service.context import context
from shared.service.database import Transaction


@dataclass(frozen=True)
class Subscribed:
    """An endpoint of the reader's agency, and the types that the agency is granted now."""

    tx: Transaction
    place: Place
    endpoint: EndpointLine
    types: frozenset[str]

    @property
    def query(self) -> str:
        """What leads back to it on every page of the agency."""
        return f"district={self.place.district}&endpoint={self.endpoint.endpoint_id}"

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint.url).netloc

    @property
    def host_pattern(self) -> str:
        """For a field that takes the host and nothing else: every character by its number, so that none means something in a pattern."""
        return "".join(f"\\u{{{ord(character):x}}}" for character in self.host)


def places() -> list[Place]:
    with database.reading(context().engine, granted=[database.EVERY]) as tx:
        return subscription.places(tx, identity.current().subject)


def chosen(known: list[Place]) -> Place | None:
    """The district in the address, else the first. Raises Unknown for one that does not know the agency."""
    wanted = request.args.get("district")
    if wanted is None:
        return known[0] if known else None
    found = next((place for place in known if place.district == wanted), None)
    if found is None:
        raise Unknown
    return found


@contextmanager
def reading() -> Iterator[tuple[Transaction, Place]]:
    """Raises Unknown for a reader whom no agency of the district names."""
    place = chosen(places())
    if place is None:
        raise Unknown
    with database.reading(context().engine, granted=[place.district]) as tx:
        yield tx, place


@contextmanager
def subscribed() -> Iterator[Subscribed]:
    """Raises Unknown for another agency's endpoint, and for one that was removed."""
    with reading() as (tx, place):
        known = subscription.endpoints(tx, place, now=context().clock.now())
        endpoint = next((document for document in known if document.endpoint_id == id_of("endpoint")), None)
        if endpoint is None:
            raise Unknown
        yield Subscribed(tx, place, endpoint, granted(tx, place))


def granted(tx: Transaction, place: Place) -> frozenset[str]:
    """Empty where no grant is in force: a page says so, and shows the rest."""
    try:
        return exchange.granted_types(tx, place.district, identity.current().subject, now=context().clock.now())
    except Refused:
        return frozenset()


def id_of(name: str) -> UUID | None:
    """A mistyped address names nothing."""
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None
