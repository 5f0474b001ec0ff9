"""Cleans a gateway's id for a message, so that the database can always store it."""

from typing import Final

_LONGEST: Final = 80


def readable(given: object) -> str:
    """The printable ASCII of the id, truncated; may be empty."""
    return "".join(letter for letter in str(given) if letter.isascii() and letter.isprintable())[:_LONGEST].strip()
