"""Bodies of requests."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema

from services.signing.domain.mandate import Capacity, MandateKind
from services.signing.domain.terms import Form, LineKind, TermLine
from shared import text
from shared.service import http
from shared.text import Written

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$", description="A stable code, such as inheritance.")]
Note = Annotated[text.Note, Field(description="In words, for the case.")]
Evidence = Annotated[str, Written(500)]
Fen = Annotated[int, Field(ge=0, le=10**15, description="Money in fen.")]
# pydantic publishes a Decimal as any text. A number has no rule of two places: 65.18 divided by 0.01 is no integer in binary.
_AREA = [
    {"type": "number", "minimum": 0, "maximum": 9_999_999_999.99},
    {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"},
]
Area = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2), WithJsonSchema({"anyOf": _AREA})]


class Nothing(http.Body):
    """An empty object."""


class Confirmation(http.Body):
    revision: int | None = Field(
        default=None,
        ge=1,
        description="`revision` of the case as it was read. When given, the request is refused if the rights have changed since.",
    )


class Dispute(http.Body):
    reason: Code
    note: Note = ""


class AreaDispute(http.Body):
    disputed: bool = Field(description="true opens the dispute, false settles it.")
    reason: Code
    note: Note = ""


class NewMandate(http.Body):
    right_holder: UUID = Field(description="Who is signed for.")
    hand: UUID = Field(description="Who signs.")
    kind: MandateKind
    valid_until: date = Field(description="The last day in Shanghai on which it is good.")
    evidence: Evidence = Field(description="The paper: number, notary, file.")


class Line(http.Body):
    head: str = Field(pattern=r"^[a-z][a-z_]{1,40}$", description="Head of the compensation, once per agreement.")
    kind: LineKind = Field(description="once and monthly carry fen, area carries m² in `quantity`.")
    amount_fen: Fen = 0
    quantity: Area | None = Field(default=None, description="As text, two places.")
    unit_price_fen: Fen | None = None

    def line(self) -> TermLine:
        return TermLine(self.head, self.kind, self.amount_fen, self.quantity, self.unit_price_fen)


class Terms(http.Body):
    form: Form = Field(description="mixed stands in the queue for exchange.")
    rule_set_version: Annotated[str, Written(60)] = Field(description="Version of the rule set that gave the amounts.")
    lines: list[Line] = Field(min_length=1, max_length=200)

    def term_lines(self) -> tuple[TermLine, ...]:
        return tuple(line.line() for line in self.lines)


class Review(http.Body):
    papers: list[Code] = Field(
        max_length=50, description="Originals seen: identity, title_certificate, account, power_of_attorney …"
    )


class Reason(http.Body):
    reason: Code
    note: Note = ""


class AddSignature(http.Body):
    right_holder: UUID = Field(description="For whom.")
    hand: UUID = Field(description="By whose hand.")
    capacity: Capacity = Field(description="self, agent, guardian, or representative with seal.")
    terms_digest: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Digest of the terms on the paper. When given, the request is refused if the locked terms have another digest.",
    )
    papers: list[Code] = Field(
        default=[],
        max_length=50,
        description="Originals seen with the signature, for a mandate that no review has seen: power_of_attorney, guardianship …",
    )
    desk: Annotated[str, Field(pattern=r"^[0-9A-Za-z一-鿿][0-9A-Za-z一-鿿 -]{0,39}$")] | None = Field(
        default=None, description="The desk at which it is taken, where that is known: its number or name."
    )


class Succession(Terms):
    """The terms of the new agreement, and the reason."""

    reason: Code
    note: Note = ""


class Performance(http.Body):
    evidence: Evidence = Field(description="What shows it: hand-over record, payment receipt, file.")


class Declaration(http.Body):
    document_number: text.Line = Field(description="Number of the decision.")


class CloseDay(http.Body):
    business_on: date = Field(
        ge=date(2000, 1, 1),
        le=date(2199, 12, 31),
        description="The day in Shanghai, which must be over; 2000 to 2199.",
        json_schema_extra={"pattern": "^2[01]"},
    )
