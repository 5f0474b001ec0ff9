"""The facets of a case that its pages show, each with every state it can have (product.md 3.2). The one list for texts and tests.

The state in which nothing is known yet has no word: a page shows — for it.
"""

from collections.abc import Mapping
from typing import Final

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
