"""The acts that the desk's page offers for a case: allowed by its state, and by the user's role.

Invariant: the API's routes declare the roles. An act of another role is shown with that role, never hidden.
Left to others: every decision (the API), the words (texts.toml).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from services.signing.queries.case_file import CaseFile
from shared.service import declared

Name = Literal[
    "take_up", "confirm", "review", "return", "lock", "pre_register", "unlock", "begin", "sign", "rescind", "perform"
]
_ROUTES: dict[Name, str] = {
    "take_up": "cases.take_up",
    "confirm": "cases.confirm",
    "review": "agreements.review",
    "return": "agreements.give_back",
    "lock": "agreements.lock",
    "pre_register": "agreements.pre_register",
    "unlock": "agreements.unlock",
    "begin": "signatures.add_signature",
    "sign": "signatures.add_signature",
    "rescind": "agreements.rescind",
    "perform": "agreements.perform",
}
_AFTER: dict[str, tuple[Name, ...]] = {"signed": ("rescind",), "effective": ("rescind", "perform")}
# The codes of reasons to undo an act. A note in words accompanies them.
REASONS: dict[Name, tuple[str, ...]] = {
    "return": ("papers_missing", "terms_wrong", "household_asked", "other"),
    "unlock": ("amount_wrong", "right_holders_wrong", "form_changed", "other"),
    "rescind": ("owner_withdrew", "signed_by_mistake", "mandate_void", "other"),
}


@dataclass(frozen=True)
class Act:
    name: Name
    roles: tuple[str, ...]
    may: bool

    @property
    def asks(self) -> bool:
        """Whether the act needs a reason, or evidence."""
        return self.name in REASONS or self.name == "perform"


def offered(case: CaseFile, *, view: str, roles: frozenset[str]) -> tuple[Act, ...]:
    """The main act comes last, as on the page."""
    allowed = ((name, _roles(name)) for name in _allowed(case, view))
    return tuple(Act(name, who, bool(roles.intersection(who))) for name, who in allowed)


def _allowed(case: CaseFile, view: str) -> Iterator[Name]:
    state = case.agreement.state if case.agreement else ""
    if view in ("check", "disputed") and state in ("drafted", "reviewed"):
        yield "return"
    if view in ("locked", "sign", "disputed") and state in ("locked", "pre_registered"):
        yield "unlock"
    if view == "locked" and state == "locked":
        yield "pre_register"
    if view == "number":
        yield from _AFTER.get(state, ())
    elif case.rights != "confirmed" and view != "ended":
        if case.rights != "reviewing":
            yield "take_up"
        yield "confirm"
    elif view == "check":
        yield "review" if state == "drafted" else "lock"
    elif view in ("locked", "sign"):
        yield "begin" if view == "locked" else "sign"


def _roles(name: Name) -> tuple[str, ...]:
    route = declared.of(_ROUTES[name])
    return route.roles if route else ()
