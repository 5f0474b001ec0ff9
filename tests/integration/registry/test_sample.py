"""The sample projects of the command import over HTTP without a fault and freeze with their own totals."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.registry.commands.make_sample import MakeSample, make_sample
from services.registry.domain import sample
from services.signing.api.bodies import NewMandate
from tests.integration.registry.conftest import DISTRICT, Registry


@pytest.mark.parametrize(("units", "district"), [(1708, DISTRICT), (120, "440305")])
def test_a_sample_is_right_and_its_roll_has_its_totals(registry: Registry, tmp_path: Path, units: int, district: str):
    book = tmp_path / "sample.xlsx"
    made = make_sample(MakeSample(seed=1, units=units, district=district, output=book))
    project_id = registry.project(district=district)
    for group in made["groups"]:
        assert registry.post(f"/projects/{project_id}/groups", group, district=district).status_code == 201
    report = registry.imported(project_id, book.read_bytes(), district=district)
    assert (report["state"], report["faults"]) == ("committed", 0), report["listed"]

    lines = sample.made(seed=1, units=units, district=district).holders
    areas = {line["unit_code"]: Decimal(str(line["registered_area"])) for line in lines}
    frozen = registry.post(f"/projects/{project_id}/roll", district=district)
    assert frozen.json["totals"] == {
        "units": units,
        "households": len({line.get("household", line["unit_code"]) for line in lines}),
        "right_holders": len({(line["document_type"], line["document_number"]) for line in lines}),
        "area_hundredths_m2": int(sum(areas.values()) * 100),
    }


def test_its_papers_become_mandates_of_people_in_the_register(registry: Registry, tmp_path: Path):
    made = make_sample(MakeSample(seed=1, units=120, district=DISTRICT, output=tmp_path / "sample.xlsx"))
    project_id = registry.project()
    for group in made["groups"]:
        registry.post(f"/projects/{project_id}/groups", group)
    registry.imported(project_id, (tmp_path / "sample.xlsx").read_bytes())
    units = {unit["unit_code"]: unit for unit in registry.get(f"/projects/{project_id}/units?limit=200").json["items"]}

    assert made["mandates"]
    for mandate in made["mandates"]:
        holder, hand = (units[mandate[name]]["right_holders"][0] for name in ("unit_code", "hand_unit_code"))
        body = NewMandate(
            right_holder=holder["person_id"], hand=hand["person_id"],
            **{name: mandate[name] for name in ("kind", "valid_until", "evidence")},
        )  # fmt: skip
        assert holder["overseas"] and hand["capable"] and not hand["overseas"] and body.right_holder != body.hand
        assert body.valid_until > date(2026, 12, 31)
