"""The right-holders of a unit, their shares, and whether the shares are whole.

Stays true: shares are exact fractions. Joint owners (共同共有, Civil Code art. 299) have none and all sign; owners by shares
(按份共有, art. 298) have one each and they sum to exactly 1.
Left to others: who these people are (registry) and by whose hand they sign (mandate.py).
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal
from uuid import UUID

from shared.events.shares import common_denominator
from shared.refusal import Refused

Ownership = Literal["sole", "joint", "shares"]
Kind = Literal["natural", "organisation"]


@dataclass(frozen=True)
class Holder:
    """One right-holder of a unit, under the masked name that the registry gives."""

    person_id: UUID
    name: str
    share: Fraction | None = None
    kind: Kind = "natural"
    capable: bool = True  # a minor or an incapable adult signs through a guardian only (Civil Code art. 19-23)
    written: str | None = field(
        default=None, compare=False
    )  # the share as the registry writes it, which the roll's digest is over


@dataclass(frozen=True)
class Rights:
    """Everybody who must sign for one unit."""

    ownership: Ownership
    holders: tuple[Holder, ...]

    def whole(self) -> int:
        """The common denominator of all shares. Raises Refused: shares-too-fine."""
        whole = common_denominator(holder.share for holder in self.holders if holder.share is not None)
        if whole is None:
            raise Refused("shares-too-fine")
        return whole

    def flaw(self) -> str | None:
        """Why these rights cannot be signed on, as a stable code; None when they are whole."""
        if not self.holders:
            return "holders-missing"
        if len({holder.person_id for holder in self.holders}) < len(self.holders):
            return "holder-twice"
        return _FLAWS[self.ownership](self.holders)

    def differs(self, other: "Rights") -> bool:
        """True when ownership, holders, shares, kinds or capacity differ. A new spelling of a name or another order is no difference."""
        return self.ownership != other.ownership or _substance(self) != _substance(other)


def _substance(rights: Rights) -> frozenset[tuple[UUID, Fraction | None, Kind, bool]]:
    return frozenset((holder.person_id, holder.share, holder.kind, holder.capable) for holder in rights.holders)


def _sole(holders: tuple[Holder, ...]) -> str | None:
    whole = len(holders) == 1 and holders[0].share in (None, Fraction(1))
    return None if whole else "sole-owner-not-alone"


def _joint(holders: tuple[Holder, ...]) -> str | None:
    if any(holder.share is not None for holder in holders):
        return "joint-owners-have-shares"
    return None if len(holders) > 1 else "joint-owner-alone"


def _shares(holders: tuple[Holder, ...]) -> str | None:
    shares = [holder.share for holder in holders]
    if any(share is None or share <= 0 for share in shares):
        return "shares-incomplete"
    total = sum((share for share in shares if share is not None), Fraction(0))
    return None if total == 1 else "shares-incomplete"


_FLAWS = {"sole": _sole, "joint": _joint, "shares": _shares}
