"""The contract that an installation serves, or a folder of former schemas, as the contract check compares it with this code's."""

import json
import sys
from pathlib import Path

import httpx

from shared.events import impact
from shared.events.impact import Contract

_SECONDS = 30.0


class Unreadable(Exception):  # noqa: N818 - it is an answer, not an error
    """There is no contract at this place. Its text says why."""


def read(place: str) -> Contract:
    """`place`: the address of an installation, a folder, or - for what it serves on the standard input. Raises Unreadable."""
    if place == "-":
        return _understood(place, sys.stdin.buffer.read())
    if not place.startswith(("http://", "https://")):
        if found := impact.former(Path(place)):
            return found
        raise Unreadable(f"{place}: no schemas in this folder")
    try:
        answer = httpx.get(f"{place.rstrip('/')}/events/xregistry.json", timeout=_SECONDS).raise_for_status()
    except httpx.HTTPError as failure:
        raise Unreadable(f"{place}: {failure}") from failure
    return _understood(place, answer.content)


def _understood(place: str, document: bytes) -> Contract:
    try:
        return impact.served(json.loads(document))
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise Unreadable(f"{place}: {failure}") from failure
