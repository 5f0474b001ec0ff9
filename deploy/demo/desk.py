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


class Desk:
    """The work of one district's desks, one case after the other."""

    def __init__(self, place: Place, opened: Opened) -> None:
        self.opened = opened
        self._desk = Person(place, "desk", opened.district.code, name="demo desk")

    def close(self) -> None:
        self._desk.__exit__()

    def ready(self, count: int, *, show_line: Callable[[str], None]) -> Sequence[str]:
        """Prepares cases until `count` are locked; cases that an earlier run has prepared count as they are. `show_line` shows one."""
        prepared: list[str] = []
        for row in self._desk.every("signing", "/cases", project_id=self.opened.project_id, unsigned=True):
            if len(prepared) == count:
                break
            show_line(f"{self.opened.district.code}  {row['compound']}{row['building']}{row['door']}")
            prepared.append(self._prepare(row))
        return prepared

    def sign(self, agreement_id: str) -> Signed:
        """Every right-holder in turn, each with the hand that may. The last signature brings the number."""
        path = f"/agreements/{agreement_id}/signatures"
        for signature in self.hands(agreement_id):
            asked_at, began = datetime.now(UTC), time.monotonic()
            key = f"demo-sign-{agreement_id}-{signature['right_holder']}"
            state = self._desk.post("signing", path, signature, key=key)
        answered_seconds = time.monotonic() - began
        case = self._desk.get("signing", f"/cases/{state['unit_id']}")
        where = f"{case['compound']}{case['building']}{case['door']}"
        number = state["sequence_number"]
        return Signed(case["unit_id"], agreement_id, state["series"], number, where, asked_at, answered_seconds)

    def hands(self, agreement_id: str) -> list[dict[str, str]]:
        """The signatures that an agreement needs, as bodies to post."""
        unit_id = self._desk.get("signing", f"/agreements/{agreement_id}")["unit_id"]
        case = self._desk.get("signing", f"/cases/{unit_id}")
        mandates = {mandate["right_holder"]: mandate for mandate in case["mandates"]}
        holders = [holder["person_id"] for holder in case["right_holders"]]
        return [{"right_holder": holder, **_hand(holder, mandates.get(holder))} for holder in holders]

    @property
    def token(self) -> str:
        return self._desk.token

    def _prepare(self, row: dict[str, Any]) -> str:
        """Returns the locked agreement of the unit."""
        unit_id, desk = row["unit_id"], self._desk
        if row["state"] == "locked":
            return str(row["agreement_id"])
        desk.post("signing", f"/cases/{unit_id}/rights/confirmations", {}, key=f"demo-confirm-{unit_id}")
        for holder in desk.get("signing", f"/cases/{unit_id}")["right_holders"]:
            if mandate := _mandate(holder):
                key = f"demo-mandate-{unit_id}-{holder['person_id']}"
                desk.post("signing", f"/cases/{unit_id}/mandates", mandate, key=key)
        drafted = desk.post("signing", f"/cases/{unit_id}/agreements", _terms(row), key=f"demo-draft-{unit_id}")
        path = f"/agreements/{drafted['agreement_id']}"
        desk.post("signing", f"{path}/reviews", {"papers": _PAPERS}, key=f"demo-review-{unit_id}")
        desk.post("signing", f"{path}/locks", {}, key=f"demo-lock-{unit_id}")
        return str(drafted["agreement_id"])


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
