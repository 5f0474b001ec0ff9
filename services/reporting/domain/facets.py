"""The facets of a case on the pages, each with all its states (docs/domain.md). Texts and tests use this one list.

An unknown state has no word: a page shows — for it.
Held by tests/contract/service/test_state_texts.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

BADGES: Final = ("disputed", "minor", "overseas", "organisation")

FACETS: Final[Mapping[str, tuple[str, ...]]] = {
    "survey": ("surveying", "surveyed"),
    "rights": ("reviewing", "confirmed", "disputed"),
    "valuation": ("valuing", "published", "accepted", "objected", "rechecked"),
    "negotiation": ("contacted", "negotiating", "willing", "waiting", "refusing"),
    "agreement": (
        *("drafted", "reviewed", "locked", "pre_registered", "signed", "effective", "performed"),
        *("returned", "rescinded", "void", "superseded"),
    ),
    "vacate": ("occupied", "tenant_clearing", "vacated", "accepted", "rejected"),
    "payment": ("not_due", "due", "approved", "paid", "reconciled"),
    "title": ("held", "collected", "cancel_applied", "cancelled", "returned"),
}


def badges(*, rights: str | None, overseas: bool, owners: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the events say of a unit. An owner of before `capable` or `kind` was kept has neither, until the model is rebuilt."""
    holds = (
        rights == "disputed",
        any(owner.get("capable") is False for owner in owners),
        overseas,
        any(owner.get("kind") == "organisation" for owner in owners),
    )
    return tuple(badge for badge, it_holds in zip(BADGES, holds, strict=True) if it_holds)
