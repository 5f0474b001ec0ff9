"""Shares: exact fractions, never decimals. 1/3 + 1/3 + 1/3 is 1; 0.33 + 0.33 + 0.34 is a dispute.

Shares that are too fine for a reading service (shared/events/shares.py) are refused here, at the source.

Sole: one holder of the whole. Joint (共同共有, Civil Code art. 299): two or more, no shares. By shares (按份共有, art. 298):
each has one and they sum to exactly 1.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from shared.events.shares import common_denominator
from shared.events.terms import Ownership

Flaw = Literal[
    "sole-owner-not-alone",
    "sole-owner-with-share",
    "joint-owner-alone",
    "joint-owner-with-share",
    "share-missing",
    "shares-too-fine",
    "shares-not-one",
]
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


def flaw(ownership: Ownership, shares: Sequence[Fraction | None]) -> Flaw | None:
    """Why these holders do not own the whole; None when they do."""
    if ownership == "sole":
        if len(shares) != 1:
            return "sole-owner-not-alone"
        return None if shares[0] in (None, 1) else "sole-owner-with-share"
    if ownership == "joint":
        if any(share is not None for share in shares):
            return "joint-owner-with-share"
        return None if len(shares) > 1 else "joint-owner-alone"
    return _by_shares(shares)


def _by_shares(shares: Sequence[Fraction | None]) -> Flaw | None:
    held = [share for share in shares if share is not None]
    if len(held) < len(shares):
        return "share-missing"
    if common_denominator(held) is None:
        return "shares-too-fine"
    return None if sum(held, Fraction(0)) == 1 else "shares-not-one"
