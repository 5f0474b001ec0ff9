"""What a unit needs next, in the eyes of the officer who answers for it, and whether it is the officer's turn.

Invariant: every case has exactly one next step. The order is that of the list: what is nearest to a signature comes first.
Left to others: whether an act is allowed (the acts themselves).
Held by tests/unit/signing/test_next_step.py.
"""

from typing import Final, Literal, get_args

Step = Literal[
    "half_signed", "ready", "pre_registered", "lock", "review", "returned", "draft", "confirm", "rescinded",
    "disputed", "area_disputed", "signed", "effective", "void",
]  # fmt: skip
Turn = Literal["mine", "others", "done"]

ORDER: Final[tuple[Step, ...]] = get_args(Step)
_OTHERS: Final = frozenset({"disputed", "area_disputed"})
_DONE: Final = frozenset({"signed", "effective", "void"})
_BY_STATE: Final[dict[str, Step]] = {
    "signed": "signed", "effective": "effective", "performed": "effective", "void": "void",
    "locked": "ready", "pre_registered": "pre_registered", "reviewed": "lock", "drafted": "review",
    "returned": "returned", "rescinded": "rescinded", "superseded": "draft",
}  # fmt: skip


def of(*, state: str | None, rights: str, area_disputed: bool, signatures: int) -> Step:
    """`state` of the live agreement, else of the last one. A dispute stops what is not signed, whatever else is done."""
    step = _BY_STATE[state] if state else "draft"
    if step in _DONE:
        return step
    if rights == "disputed":
        return "disputed"
    if step in ("ready", "pre_registered"):
        return "half_signed" if signatures else step
    if area_disputed and step in ("review", "draft", "returned"):
        return "area_disputed"  # no review passes while it is open
    return "confirm" if rights != "confirmed" and step in ("draft", "returned", "rescinded") else step


def turn(step: Step) -> Turn:
    return "others" if step in _OTHERS else "done" if step in _DONE else "mine"
