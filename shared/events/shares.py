"""Which shares of one unit every reader can hold: exact, over one denominator that fits 64 bits.

Stays true: nothing is rounded. A writer of shares refuses finer ones at their source; a reader refuses them again.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import lcm

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
