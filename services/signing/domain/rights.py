"""The right-holders of a unit, their shares, and whether the shares are whole.

Invariant: shares are exact fractions. Joint owners have none and all sign. Who owns the whole: shared/events/shares.py.
Left to others: who these people are (registry) and by whose hand they sign (mandate.py).
Held by tests/unit/signing/test_rights.py.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final
from uuid import UUID

from shared.events import shares
from shared.events.shares import common_denominator
from shared.events.terms import Ownership, PersonKind
from shared.refusal import Refused

# A person at the desk does the same about both: the register must be corrected.
_CODES: Final = {
    "sole-owner-with-share": "sole-owner-not-alone",
    "joint-owner-with-share": "joint-owners-have-shares",
    "share-missing": "shares-incomplete",
    "shares-not-one": "shares-incomplete",
}


@dataclass(frozen=True)
class Holder:
    """One right-holder of a unit, under the masked name that the registry gives."""

    person_id: UUID
    name: str
    share: Fraction | None = None
    kind: PersonKind = "natural"
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
        found = shares.flaw(self.ownership, [holder.share for holder in self.holders])
        return None if found is None else _CODES.get(found, found)

    def differs(self, other: "Rights") -> bool:
        """True when ownership, holders, shares, kinds or capacity differ. A new spelling of a name or another order is no difference."""
        return self.ownership != other.ownership or _substance(self) != _substance(other)


def _substance(rights: Rights) -> frozenset[tuple[UUID, Fraction | None, PersonKind, bool]]:
    return frozenset((holder.person_id, holder.share, holder.kind, holder.capable) for holder in rights.holders)
