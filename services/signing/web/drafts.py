"""What the page of an agreement's terms does with them in the case's present state: draft, edit, supersede, or only show.

Invariant: the API's routes declare the roles; an act of another role is shown with that role. Left to others: every decision (the
API), the words (texts.toml).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.signing.queries.agreement_file import LineRow
from services.signing.queries.case_file import CaseFile
from shared.service import declared

Mode = Literal["draft", "edit", "supersede", "fixed"]
REASONS: Final = ("amount_wrong", "right_holders_wrong", "form_changed", "other")
_ROUTES: Final[dict[Mode, str]] = {
    "draft": "agreements.draft",
    "edit": "agreements.edit",
    "supersede": "agreements.supersede",
}
_MODES: Final[dict[str, Mode]] = {
    "drafted": "edit",
    "reviewed": "edit",
    "locked": "supersede",
    "pre_registered": "supersede",
    "signed": "fixed",
    "effective": "fixed",
    "performed": "fixed",
}


@dataclass(frozen=True)
class Draft:
    """`path` is below the API's; `version` is that of the terms on the screen; `lines` are those that the editor starts with."""

    mode: Mode
    path: str
    method: str
    version: int | None
    roles: tuple[str, ...]
    may: bool
    lines: Sequence[LineRow]


def of(case: CaseFile, *, roles: frozenset[str]) -> Draft:
    """A new draft starts with the lines of the unit's last agreement, which has ended."""
    agreement = case.agreement
    mode = _MODES.get(agreement.state, "draft") if agreement else "draft"
    route = declared.of(_ROUTES[mode]) if mode in _ROUTES else None
    allowed = route.roles if route else ()
    path = f"/cases/{case.unit_id}/agreements"
    if agreement and mode in ("edit", "supersede"):
        path = f"/agreements/{agreement.agreement_id}/{'terms' if mode == 'edit' else 'supersessions'}"
    return Draft(
        mode=mode,
        path=path,
        method="PUT" if mode == "edit" else "POST",
        version=agreement.version if agreement and mode != "draft" else None,
        roles=allowed,
        may=bool(roles.intersection(allowed)),
        lines=agreement.lines if agreement else [],
    )
