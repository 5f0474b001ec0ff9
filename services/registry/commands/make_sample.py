"""Makes a workbook of invented people for demonstrations and tests, with its groups and its mandates to sign for others."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from services.registry.domain import codes, sample
from services.registry.gateways import csv_writer, workbook_stream
from shared.refusal import Refused


@dataclass(frozen=True)
class MakeSample:
    seed: int
    units: int
    district: str
    output: Path


class Made(TypedDict):
    """`groups` are bodies for POST /api/v1/projects/{project_id}/groups; to be posted before the workbook.

    `mandates` become bodies for signing's POST /api/v1/cases/{unit_id}/mandates once the units are imported: `right_holder` is the first
    right-holder of the unit, `hand` the first of the unit `hand_unit_code`, by the `person_id` that the register has given them.
    """

    name: str
    district: str
    units: int
    rows: int
    groups: list[dict[str, object]]
    mandates: list[dict[str, str]]


def make_sample(command: MakeSample) -> Made:
    """Raises Refused district-code-invalid."""
    if not codes.is_district(command.district):
        raise Refused("district-code-invalid", district=command.district)
    made = sample.made(seed=command.seed, units=command.units, district=command.district)
    write = csv_writer.write if command.output.suffix == ".csv" else workbook_stream.write
    with command.output.open("wb") as file:
        write(file, holders=made.holders, buildings=made.buildings)
    groups: list[dict[str, object]] = [
        {"name": name, "officers": [{"staff_number": number, "name": officer} for number, officer in officers]}
        for name, officers in made.groups.items()
    ]
    mandates = [
        {
            "unit_code": mandate.unit_code,
            "hand_unit_code": mandate.hand_unit_code,
            "kind": "agent",
            "valid_until": mandate.valid_until.isoformat(),
            "evidence": mandate.evidence,
        }
        for mandate in made.mandates
    ]
    return Made(
        name=made.name,
        district=command.district,
        units=command.units,
        rows=len(made.holders),
        groups=groups,
        mandates=mandates,
    )
