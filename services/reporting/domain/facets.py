"""The facets of a case on the pages, each with all its states (docs/domain.md). Texts and tests use this one list.

An unknown state has no word: a page shows — for it.
Held by tests/contract/service/test_state_texts.py.
"""

from collections.abc import Mapping
from typing import Final

BADGES: Final = ("disputed", "overseas")

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


def badges(*, disputed: bool, overseas: bool) -> tuple[str, ...]:
    """At most two in a cell; the panel shows the rest."""
    return tuple(badge for badge, holds in zip(BADGES, (disputed, overseas), strict=True) if holds)
