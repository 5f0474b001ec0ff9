"""The contract that an installation serves, or a folder of former schemas, as the contract check compares it with this code's."""

from pathlib import Path

import httpx

from shared.events import impact
from shared.events.impact import Contract

_SECONDS = 30.0


class Unreadable(Exception):  # noqa: N818 - it is an answer, not an error
    """There is no contract at this place. Its text says why."""


def read(place: str) -> Contract:
    """`place`: the address of an installation, or a folder. Raises Unreadable."""
    if not place.startswith(("http://", "https://")):
        if found := impact.former(Path(place)):
            return found
        raise Unreadable(f"{place}: no schemas in this folder")
    try:
        answer = httpx.get(f"{place.rstrip('/')}/events/xregistry.json", timeout=_SECONDS).raise_for_status()
        return impact.served(answer.json())
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise Unreadable(f"{place}: {failure}") from failure
