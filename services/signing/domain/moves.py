"""The life of an agreement as one table: what each act leads from and to, and how it is refused elsewhere.

agreement.py moves by this table only, the database refuses every other move (a test compares the two), and the drawing in
docs/domain.md is made from it: `python -m services.signing.domain.moves` prints it.
Held by tests/unit/signing/test_moves.py and tests/integration/signing/test_one_definition.py.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

State = Literal[
    "drafted", "reviewed", "locked", "pre_registered", "signed", "effective", "performed",
    "returned", "superseded", "rescinded", "void",
]  # fmt: skip
# The database's columns `live` and `counts_as_signed` say the same.
LIVE: Final[tuple[State, ...]] = (
    *("drafted", "reviewed", "locked", "pre_registered"),
    *("signed", "effective", "performed"),
)
SIGNED: Final[tuple[State, ...]] = ("signed", "effective", "performed")
OPEN: Final[tuple[State, ...]] = ("drafted", "reviewed")
SIGNABLE: Final[tuple[State, ...]] = ("locked", "pre_registered")
UNLOCKED: Final[tuple[State, ...]] = (*OPEN, "returned")

Act = Literal[
    "edit",
    "review",
    "lock",
    "unlock",
    "pre-register",
    "return",
    "supersede",
    "sign",
    "take effect",
    "perform",
    "rescind",
    "lapse",
]


@dataclass(frozen=True)
class Move:
    """`refusal`: the code in any other state; none where the act is the project's and passes such an agreement by. A source that is the
    target: done again, it changes nothing. `condition`: what it takes besides, for a reader.
    """

    sources: tuple[State, ...]
    target: State
    refusal: str = ""
    condition: str = ""


MOVES: Final[dict[Act, Move]] = {
    "edit": Move(OPEN, "drafted", "agreement-not-open"),
    "review": Move(OPEN, "reviewed", "agreement-not-open", "rights confirmed, papers complete"),
    "lock": Move(("reviewed",), "locked", "agreement-not-reviewed", "rights confirmed, inputs frozen"),
    "unlock": Move(SIGNABLE, "drafted", "agreement-not-locked", "a reason"),
    "pre-register": Move(SIGNABLE, "pre_registered", "agreement-not-locked"),
    "return": Move(OPEN, "returned", "agreement-not-open", "a reason"),
    "supersede": Move(SIGNABLE, "superseded", "agreement-not-locked", "a successor"),
    "sign": Move(SIGNABLE, "signed", "agreement-not-locked", "all right-holders have signed"),
    "take effect": Move(("signed",), "effective", condition="effect declared"),
    "perform": Move(("effective", "performed"), "performed", "agreement-not-effective", "evidence"),
    "rescind": Move(("signed", "effective"), "rescinded", "agreement-not-signed", "a reason"),
    "lapse": Move(("signed",), "void", condition="period over without the threshold"),
}


def steps() -> Iterator[tuple[State, State, Act]]:
    """Every single move: from, to, by which act."""
    for act, move in MOVES.items():
        for source in move.sources:
            if source != move.target:
                yield source, move.target, act


def diagram() -> str:
    """In mermaid."""
    lines = ["stateDiagram-v2", "    direction LR", "    [*] --> drafted: draft"]
    for source, target, act in steps():
        condition = MOVES[act].condition
        lines.append(f"    {source} --> {target}: {act}{f' ({condition})' if condition else ''}")
    left = {source for source, _, _ in steps()}
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in get_args(State) if state not in left)])


if __name__ == "__main__":
    sys.stdout.write(f"{diagram()}\n")
