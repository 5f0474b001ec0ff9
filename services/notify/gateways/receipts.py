"""A gateway's own name for a message, as far as it can be kept: whatever it sends, the database takes it."""

from typing import Final

_LONGEST: Final = 80


def readable(given: object) -> str:
    """Printable ASCII of it, cut; empty where nothing is left."""
    return "".join(letter for letter in str(given) if letter.isascii() and letter.isprintable())[:_LONGEST].strip()
