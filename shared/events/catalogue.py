"""All declared events, by type. Importing this module registers them; find an event by its type with this module."""

from collections.abc import Collection
from importlib import import_module

from shared.events.contract import Event, catalogue
from shared.events.topics import KINDS

# The owner of a topic declares its events in the module of its name.
OWNERS = tuple(
    import_module(f"shared.events.{owner}") for owner in dict.fromkeys(kind.owner for kind in KINDS.values())
)


def find(event_type: str) -> type[Event]:
    """Raises KeyError for a type, or a version of a type, that this release does not know."""
    return catalogue[event_type]


def events() -> list[type[Event]]:
    """Every event of the contract, in the order of the topics' owners and of declaration, not of import.

    An event that a test declares travels like any other, but is not published.
    """
    return [event for owner in OWNERS for event in catalogue.values() if event.__module__ == owner.__name__]


def grantable() -> list[type[Event]]:
    """Those of the events that a grant may give to an agency: no restricted one, and none about the agencies themselves."""
    return [event for event in events() if KINDS[event.declared.topic].grantable]


def of_audiences(event_types: Collection[str], audiences: Collection[str]) -> frozenset[str]:
    """Of these types, those that a grant of these audiences gives: a type counts only if it is grantable and its own audience is
    granted. Whoever proposes, keeps or applies a grant uses this function.
    """
    published = {event.declared.type: event.declared.audience for event in grantable()}
    return frozenset(
        event_type for event_type in event_types if event_type in published and published[event_type] in audiences
    )
