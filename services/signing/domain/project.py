"""A project while it is being signed: its period, its count, and the three facts that happen once.

    threshold reached (the latch) → effect declared;  period closed (with or without the threshold)

Invariant: the latch is set once and never reset; effect is declared only after it; a period closes only after its end. All three
and the count change under the lock of the project's row, which every signing takes.
Left to others: the fan-out to the cases (workers/), the roll and its digest (store/roll.py).
Held by tests/unit/signing/test_project.py and tests/unit/signing/test_threshold.py.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.signing.domain import threshold
from services.signing.domain.threshold import Basis, Counts, Reading
from shared.events.contract import Event
from shared.events.signing import EffectDeclared, PeriodClosed, ReachedBasis, ThresholdReached
from shared.events.terms import CountingRule, Series
from shared.refusal import Refused


@dataclass(frozen=True)
class Latch:
    reached_at: datetime
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Declaration:
    declared_at: datetime
    declared_by: str
    document_number: str
    automatic: bool  # declared by the project's rule as soon as the latch was set


@dataclass(frozen=True)
class Closing:
    closed_at: datetime
    closed_by: str
    reached: bool


@dataclass
class Project:
    project_id: UUID
    name: str
    series: tuple[Series, ...]
    starts_at: datetime
    ends_at: datetime  # exclusive
    automatic: bool  # declares effect automatically as soon as the latch is set
    bases: tuple[Basis, ...]
    counting_rule: CountingRule  # of right-holders
    total: Counts | None = None  # None until a frozen roll has matched our own units
    roll_digest: str = ""
    signed: Counts = field(default_factory=Counts)
    latch: Latch | None = None
    declaration: Declaration | None = None
    closing: Closing | None = None
    version: int = 0
    recorded: list[Event] = field(default_factory=list)

    def readings(self) -> tuple[Reading, ...]:
        return threshold.read(self.bases, self.signed, self.total or Counts())

    def expect_open(self, at: datetime) -> None:
        """Whether a signing at this instant counts. After the latch, others may still sign, even after the end of the period.

        Raises Refused: period-not-open, period-over.
        """
        if at < self.starts_at:
            raise Refused("period-not-open", starts_at=self.starts_at)
        if self.latch is None and (at >= self.ends_at or self.closing is not None):
            raise Refused("period-over", ends_at=self.ends_at)

    def count(self, change: Counts, *, at: datetime) -> bool:
        """Adds a signing or subtracts a rescission. True when this sets the latch."""
        self.signed = self.signed + change
        return self.evaluate(at=at)

    def evaluate(self, *, at: datetime) -> bool:
        """Sets the latch if the threshold is reached, but never after the period was closed without it."""
        readings = self.readings()
        if self.total is None or self.latch or self.closing or not threshold.reached(readings):
            return False
        self.latch = Latch(at, readings)
        bases = tuple(_printed(reading) for reading in readings)
        counted = {"roll_digest": self.roll_digest, "counting_rule": self.counting_rule}
        self.recorded.append(ThresholdReached(project_id=self.project_id, bases=bases, reached_at=at, **counted))
        if self.automatic:
            self._declare(Declaration(at, "signing", f"automatic {at:%Y-%m-%d}", automatic=True))
        return True

    def declare(self, document_number: str, *, at: datetime, by: str) -> None:
        """Idempotent for the same document. Raises Refused: threshold-not-reached, effect-already-declared."""
        if self.latch is None:
            raise Refused(
                "threshold-not-reached", missing={reading.basis.name: reading.missing for reading in self.readings()}
            )
        if self.declaration is None:
            self._declare(Declaration(max(at, self.latch.reached_at), by, document_number, automatic=False))
        elif self.declaration.document_number != document_number:
            raise Refused("effect-already-declared", document_number=self.declaration.document_number)

    def close(self, *, at: datetime, by: str) -> None:
        """Idempotent. Raises Refused: period-still-open, roll-not-frozen."""
        if self.closing is not None:
            return
        if at < self.ends_at:
            raise Refused("period-still-open", ends_at=self.ends_at)
        if self.total is None:
            raise Refused("roll-not-frozen")
        self.closing = Closing(at, by, reached=self.latch is not None)
        outcome = {"threshold_reached": self.closing.reached, "closed_at": at}
        self.recorded.append(PeriodClosed(project_id=self.project_id, **outcome))

    def _declare(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.recorded.append(
            EffectDeclared(
                project_id=self.project_id,
                document_number=declaration.document_number,
                effective_at=declaration.declared_at,
                automatic=declaration.automatic,
            )
        )

    @property
    def lapsed(self) -> bool:
        return self.closing is not None and not self.closing.reached


def _printed(reading: Reading) -> ReachedBasis:
    return ReachedBasis(
        basis=reading.basis.name,
        signed=reading.signed,
        total=reading.total,
        percent=reading.basis.percent,
        legal_ground=reading.basis.legal_ground,
    )
