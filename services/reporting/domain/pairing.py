"""The code that a person reads from one screen and types on another: four letters that find the grant, four that prove it.

Invariant: it can be guessed only a bounded number of times in a bounded time: a wrong try counts against the grant that its first half
finds. No letter looks like another, and however the code is typed, it is the same code.
Held by tests/unit/reporting/test_pairing.py.
"""

import hashlib
import secrets
from typing import Final
from unicodedata import normalize

LIFE_SECONDS: Final = 600
MOST_TRIES: Final = 5
DAYS: Final = 180  # a display stays signed in
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_HALF: Final = 4


def new_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(2 * _HALF))


def digest(token: str) -> str:
    """What is kept of a display's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def shown(code: str) -> str:
    return f"{code[:_HALF]} {code[_HALF:]}"


def halves(typed: str) -> tuple[str, str] | None:
    """The half that finds and the half that proves; None for what is no code."""
    code = "".join(letter for letter in normalize("NFKC", typed).upper() if letter.isalnum())
    if len(code) != 2 * _HALF or not set(code) <= set(_LETTERS):
        return None
    return code[:_HALF], code[_HALF:]
