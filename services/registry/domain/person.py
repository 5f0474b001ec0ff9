"""A person or organisation in the vault. Only masked name, kind and `overseas` may leave the vault.

Held by tests/unit/registry/test_person.py.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from services.registry.domain import codes, names
from services.registry.domain.documents import DocumentType, tidied
from shared.events.masking import masked
from shared.events.registry import ContactDetails
from shared.events.terms import Channel, Language, PersonKind

_OVERSEAS: frozenset[DocumentType] = frozenset({"mainland_permit_hk", "mainland_permit_tw", "passport"})
_MAINLAND = "+86"


@dataclass(frozen=True)
class Personal:
    """Readable personal data, in memory only; at rest and on the bus it is sealed. `language`: None when not given.

    Invariant: `name` always has its canonical spelling.
    """

    name: str
    document_type: DocumentType
    document_number: str
    mobile: str | None = None
    email: str | None = None
    language: Language | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", names.canonical(self.name))

    @property
    def kind(self) -> PersonKind:
        return kind_of(self.document_type)

    @property
    def overseas(self) -> bool:
        """By the type of document: holders of a residence permit or permanent residence card live in the country."""
        return self.document_type in _OVERSEAS

    @property
    def masked_name(self) -> str:
        return masked(self.name, self.kind)

    @property
    def message_language(self) -> Language:
        return self.language or "zh-Hans"

    def contact(self) -> ContactDetails:
        mobile = self.mobile if self.mobile is None or self.mobile.startswith("+") else _MAINLAND + self.mobile
        channels: list[Channel] = [*(["mail"] if self.email else []), *(["sms"] if mobile else [])]  # type: ignore[list-item]
        return ContactDetails(
            name=self.name,
            mobile=mobile,
            email=None if self.email is None else codes.deliverable(self.email),
            language=self.message_language,
            channels=tuple(channels),
            time_zone=self.time_zone,
        )

    def renewed(self, newer: "Personal") -> "Personal":
        """The values of the newer record; where it has none, the old values."""
        return replace(
            newer,
            mobile=newer.mobile or self.mobile,
            email=newer.email or self.email,
            language=newer.language or self.language,
            time_zone=newer.time_zone or self.time_zone,
        )

    def corrected(self, changes: Mapping[str, str | None]) -> "Personal":
        """Applies `changes`, also None; other values stay."""
        values: dict[str, Any] = {**asdict(self), **changes}
        return Personal(**values)

    def packed(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()


def kind_of(document_type: DocumentType) -> PersonKind:
    return "organisation" if document_type == "credit_code" else "natural"


def unpacked(content: bytes) -> Personal:
    return Personal(**json.loads(content))


def of_line(values: dict[str, str | None], *, guardian: bool = False) -> Personal:
    """The right-holder of a faultless line, or their guardian, of whom a line has only the document."""
    prefix = "guardian_" if guardian else ""
    return Personal(
        name=str(values[f"{prefix}name"]),
        document_type=cast("DocumentType", values[f"{prefix}document_type"]),
        document_number=tidied(str(values[f"{prefix}document_number"])),
        mobile=None if guardian else values.get("mobile"),
        email=None if guardian else values.get("email"),
        language=None if guardian else cast("Language | None", values.get("language")),
        time_zone=None if guardian else values.get("time_zone"),
    )
