"""Shares: exact fractions, never decimals. 1/3 + 1/3 + 1/3 is 1; 0.33 + 0.33 + 0.34 is a dispute.

Shares that are too fine for a reading service are refused here, at the source. Who owns the whole: shared/events/shares.py.
Held by tests/unit/registry/test_shares.py.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from shared.events import shares
from shared.events.shares import common_denominator
from shared.events.terms import Ownership

Flaw = shares.Flaw | Literal["shares-too-fine"]
WORDS: dict[str, Ownership] = {"单独所有": "sole", "共同共有": "joint", "按份共有": "shares"}
_FRACTION = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


def parsed(share: str) -> Fraction | None:
    """`1/3` or `1`; None for anything else, decimals and percentages included, and for more than the whole."""
    if share == "1":
        return Fraction(1)
    if (parts := _FRACTION.fullmatch(share)) is None:
        return None
    fraction = Fraction(int(parts[1]), int(parts[2]))
    return fraction if fraction <= 1 else None


def flaw(ownership: Ownership, held: Sequence[Fraction | None]) -> Flaw | None:
    """Why these holders do not own the whole; None when they do."""
    if ownership == "shares" and None not in held and common_denominator(filter(None, held)) is None:
        return "shares-too-fine"
    return shares.flaw(ownership, held)
