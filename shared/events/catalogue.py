"""All declared events, by type. Importing this module enters them; who needs to find an event by its type asks here."""

from shared.events import notify, registry, signing
from shared.events.contract import Event, catalogue

OWNERS = (registry, signing, notify)


def find(event_type: str) -> type[Event]:
    """Raises KeyError for a type, or a version of a type, that this release does not know."""
    return catalogue[event_type]


def events() -> list[type[Event]]:
    """Every event of the contract, in the order of declaration: registry, signing, notify, whatever was imported first.

    What a test declares of its own travels like any other, but is not published.
    """
    return [event for owner in OWNERS for event in catalogue.values() if event.__module__ == owner.__name__]
