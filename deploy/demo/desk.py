"""The desks on launch day: confirm, draft, review, lock, sign. One number for each agreement, also when the button is pressed twice."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from deploy.demo.opening import Opened
from deploy.demo.people import Person
from deploy.local.place import Place

_PAPERS = ["identity", "title_certificate", "account", "guardianship", "seal_authority"]
_RULE_SET = "示例补偿方案 v1"


@dataclass(frozen=True)
class Signed:
    """`asked_at` is real time, taken before the last signature was sent: what is measured from it includes the request."""

    unit_id: str
    agreement_id: str
    series: str
    number: int
    where: str
    asked_at: datetime
    answered_seconds: float


@dataclass(frozen=True)
class Ready:
    """A locked agreement with the signatures that it needs, as bodies to post."""

    unit_id: str
    agreement_id: str
    hands: tuple[dict[str, str], ...]
    where: str


class Desk:
    """The work of one of a district's desks, one case after the other. `name`: what each signature says of where it was taken."""

    def __init__(self, place: Place, opened: Opened, *, name: str = "") -> None:
        self.opened, self._name = opened, name
        self._desk = Person(place, "desk", opened.district.code, name="demo desk", front=True)

    def close(self) -> None:
        self._desk.__exit__()

    def cases(self, **wanted: object) -> list[dict[str, Any]]:
        return list(self._desk.every("signing", "/cases", project_id=self.opened.project_id, **wanted))

    def ready(self, count: int, *, show_line: Callable[[str], None]) -> Sequence[str]:
        """Prepares cases until `count` are locked; cases that an earlier run has prepared count as they are. `show_line` shows one."""
        prepared: list[str] = []
        for row in self._desk.every("signing", "/cases", project_id=self.opened.project_id, unsigned=True):
            if len(prepared) == count:
                break
            show_line(f"{self.opened.district.code}  {row['compound']}{row['building']}{row['door']}")
            prepared.append(self.prepare(row).agreement_id)
        return prepared

    def sign(self, agreement_id: str) -> Signed:
        """Every right-holder in turn, each with the hand that may. The last signature brings the number."""
        unit_id = self._desk.get("signing", f"/agreements/{agreement_id}")["unit_id"]
        return self.take(_ready(self._desk.get("signing", f"/cases/{unit_id}"), agreement_id))

    def take(self, ready: Ready) -> Signed:
        """The signatures of a file that this desk has at hand."""
        path = f"/agreements/{ready.agreement_id}/signatures"
        at_desk = {"desk": self._name} if self._name else {}
        for signature in ready.hands:
            asked_at, began = datetime.now(UTC), time.monotonic()
            key = f"demo-sign-{ready.agreement_id}-{signature['right_holder']}"
            state = self._desk.post("signing", path, signature | at_desk, key=key)
        answered_seconds = time.monotonic() - began
        found = (ready.unit_id, ready.agreement_id, state["series"], state["sequence_number"], ready.where)
        return Signed(*found, asked_at, answered_seconds)

    def hands(self, agreement_id: str) -> list[dict[str, str]]:
        """The signatures that an agreement needs, as bodies to post."""
        unit_id = self._desk.get("signing", f"/agreements/{agreement_id}")["unit_id"]
        return list(_ready(self._desk.get("signing", f"/cases/{unit_id}"), agreement_id).hands)

    @property
    def token(self) -> str:
        return self._desk.token

    def prepare(self, row: dict[str, Any]) -> Ready:
        """Brings the unit to its locked agreement."""
        unit_id, desk = row["unit_id"], self._desk
        if row["state"] in ("locked", "pre_registered"):
            return _ready(desk.get("signing", f"/cases/{unit_id}"), str(row["agreement_id"]))
        case = desk.post("signing", f"/cases/{unit_id}/rights/confirmations", {}, key=f"demo-confirm-{unit_id}")
        mandates = [
            desk.post("signing", f"/cases/{unit_id}/mandates", mandate, key=f"demo-mandate-{unit_id}-{holder}")
            for holder, mandate in _mandates(case)
        ]
        drafted = desk.post("signing", f"/cases/{unit_id}/agreements", _terms(row), key=f"demo-draft-{unit_id}")
        path = f"/agreements/{drafted['agreement_id']}"
        desk.post("signing", f"{path}/reviews", {"papers": _PAPERS}, key=f"demo-review-{unit_id}")
        desk.post("signing", f"{path}/locks", {}, key=f"demo-lock-{unit_id}")
        return _ready({**case, "mandates": mandates}, str(drafted["agreement_id"]))


def _ready(case: dict[str, Any], agreement_id: str) -> Ready:
    mandates = {mandate["right_holder"]: mandate for mandate in case["mandates"]}
    holders = [holder["person_id"] for holder in case["right_holders"]]
    hands = tuple({"right_holder": holder, **_hand(holder, mandates.get(holder))} for holder in holders)
    return Ready(case["unit_id"], agreement_id, hands, f"{case['compound']}{case['building']}{case['door']}")


def _mandates(case: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """By right-holder, the papers that their hands need."""
    found = [(holder["person_id"], _mandate(holder)) for holder in case["right_holders"]]
    return [(person, mandate) for person, mandate in found if mandate]


def _hand(person_id: str, mandate: dict[str, Any] | None) -> dict[str, str]:
    if mandate is None:
        return {"hand": person_id, "capacity": "self"}
    return {"hand": mandate["hand"], "capacity": mandate["kind"]}


def _mandate(holder: dict[str, Any]) -> dict[str, str] | None:
    """The paper that somebody else needs to sign for this one; None for whoever signs alone."""
    if holder["capable"] and holder["kind"] == "natural":
        return None
    kind = "guardian" if holder["kind"] == "natural" else "representative"
    hand = uuid5(NAMESPACE_URL, f"demo-{kind}-{holder['person_id']}")
    paper = {"guardian": "户口簿及监护证明", "representative": "法人授权书"}[kind]
    return {
        "right_holder": holder["person_id"],
        "hand": str(hand),
        "kind": kind,
        "valid_until": "2027-12-31",
        "evidence": paper,
    }


def _terms(row: dict[str, Any]) -> dict[str, Any]:
    """Every fourth household takes cash. The amounts are sample data; the rule set is a later part of the system."""
    area = row["area_hundredths_m2"]
    form = "cash" if int(row["unit_code"][-2:] or 0) % 4 == 0 else "exchange"
    lines = [{"head": "relocation_fee", "kind": "once", "amount_fen": area * 40}]
    if form == "cash":
        lines.append({"head": "building_value", "kind": "once", "amount_fen": area * 520_00})
    else:
        lines.append({"head": "exchange_area", "kind": "area", "quantity": f"{area // 100}.{area % 100:02d}"})
    return {"form": form, "rule_set_version": _RULE_SET, "lines": lines}
