"""Shares, stored over one denominator per unit, as people write them."""

from fractions import Fraction


def written(parts: int | None, whole: int | None) -> str | None:
    """2 of 6 is written 1/3, the whole 1; None where all own jointly."""
    return None if parts is None or whole is None else str(Fraction(parts, whole))
