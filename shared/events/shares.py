"""Whether owners own the whole of a unit, and which shares every reader can hold: exact, over one denominator that fits 64 bits.

Sole: one holder of the whole. Joint (共同共有, Civil Code art. 299): two or more, no shares. By shares (按份共有, art. 298):
each has one and they sum to exactly 1.

Invariant: nothing is rounded. A writer of shares refuses finer ones at their source; a reader refuses them again.
Held by tests/unit/events/test_shares.py.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm
from typing import Literal

from shared.events.terms import Ownership

Flaw = Literal[
    "sole-owner-not-alone",
    "sole-owner-with-share",
    "joint-owner-alone",
    "joint-owner-with-share",
    "share-missing",
    "shares-not-one",
]

LARGEST = 2**63 - 1  # a bigint of PostgreSQL, an int64 of every other reader


def common_denominator(shares: Iterable[Fraction]) -> int | None:
    """The one denominator of all of them; None when it, or a share counted in it, is beyond LARGEST.

    The shares are taken one by one, so that no number grows without bound.
    """
    whole, largest = 1, Fraction(0)
    for share in shares:
        whole, largest = lcm(whole, share.denominator), max(largest, share)
        if whole > LARGEST or largest * whole > LARGEST:
            return None
    return whole


def flaw(ownership: Ownership, shares: Sequence[Fraction | None]) -> Flaw | None:
    """Why these holders do not own the whole; None when they do. `shares`: one for each holder."""
    if ownership == "sole":
        if len(shares) != 1:
            return "sole-owner-not-alone"
        return None if shares[0] in (None, 1) else "sole-owner-with-share"
    if ownership == "joint":
        if any(share is not None for share in shares):
            return "joint-owner-with-share"
        return None if len(shares) > 1 else "joint-owner-alone"
    held = [share for share in shares if share is not None and share > 0]
    if len(held) < len(shares):
        return "share-missing"
    return None if sum(held, Fraction(0)) == 1 else "shares-not-one"
