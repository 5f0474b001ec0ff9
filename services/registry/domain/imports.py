"""An import: one uploaded workbook or csv on its way into the register.

    uploaded ─▶ reading ─▶ checking ─▶ clean ─▶ committing ─▶ committed
                   │           └─────▶ faulty       └─▶ faulty (the register has changed since the dry run)
                   └─▶ refused (no file of ours)               clean, faulty, refused ─▶ abandoned

A step that crashes its worker again and again also ends as refused or faulty.

Invariant: before `committed` nothing of the import is in the register; after it, everything is.
Held by tests/integration/registry/test_imports.py.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.refusal import Refused

State = Literal["uploaded", "reading", "checking", "clean", "faulty", "committing", "committed", "refused", "abandoned"]
LARGEST_BYTES = 64 * 1024 * 1024
AT_WORK: tuple[State, ...] = ("uploaded", "reading", "checking", "committing")
_MOVES: dict[State, tuple[State, ...]] = {
    "uploaded": ("reading", "refused"),
    "reading": ("reading", "checking", "refused"),
    "checking": ("checking", "clean", "faulty"),
    "clean": ("committing", "abandoned"),
    "faulty": ("abandoned",),
    "committing": ("committed", "faulty"),
    "committed": (),
    "refused": ("abandoned",),
    "abandoned": (),
}


@dataclass
class Import:
    import_id: UUID
    project_id: UUID
    state: State
    file_name: str
    key_id: UUID
    wrapped_key: bytes | None

    def move(self, state: State) -> None:
        """Raises Refused import-not-ready."""
        if state not in _MOVES[self.state]:
            raise Refused("import-not-ready", state=self.state, wanted=state)
        self.state = state

    def reject(self) -> None:
        """Ends the import, because of its content or because it crashes the worker."""
        self.move("refused" if self.state in ("uploaded", "reading") else "faulty")

    def annotate(self) -> None:
        """The file is given back for its mistakes only. Raises Refused: import-file-gone, import-not-faulty."""
        if self.wrapped_key is None:
            raise Refused("import-file-gone")
        if self.state != "faulty":
            raise Refused("import-not-faulty", state=self.state)

    def abandon(self) -> None:
        """Idempotent. Raises Refused import-not-ready."""
        if self.state != "abandoned":
            self.move("abandoned")

    def commit(self) -> None:
        """Idempotent. Raises Refused: import-faulty, import-not-ready."""
        if self.state in ("committing", "committed"):
            return
        if self.state == "faulty":
            raise Refused("import-faulty")
        self.move("committing")
