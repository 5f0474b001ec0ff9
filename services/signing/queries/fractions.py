"""Formats shares, which are stored with one denominator per unit."""

from fractions import Fraction


def written(parts: int | None, whole: int | None) -> str | None:
    """2 of 6 gives 1/3, the whole gives 1; None for joint owners."""
    return None if parts is None or whole is None else str(Fraction(parts, whole))
