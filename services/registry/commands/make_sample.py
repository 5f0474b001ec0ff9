"""A workbook of invented people, for demonstrations and tests, and the groups that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from services.registry.domain import codes, sample
from services.registry.gateways import csv_writer, workbook_writer
from shared.refusal import Refused


@dataclass(frozen=True)
class MakeSample:
    seed: int
    units: int
    district: str
    output: Path


class Made(TypedDict):
    """`groups` are bodies for POST /api/v1/projects/{project_id}/groups; to be posted before the workbook."""

    name: str
    district: str
    units: int
    rows: int
    groups: list[dict[str, object]]


def make_sample(command: MakeSample) -> Made:
    """Raises Refused district-code-invalid."""
    if not codes.is_district(command.district):
        raise Refused("district-code-invalid", district=command.district)
    made = sample.made(seed=command.seed, units=command.units, district=command.district)
    write = csv_writer.write if command.output.suffix == ".csv" else workbook_writer.write
    with command.output.open("wb") as file:
        write(file, holders=made.holders, buildings=made.buildings)
    groups: list[dict[str, object]] = [
        {"name": name, "officers": [{"staff_number": number, "name": officer} for number, officer in officers]}
        for name, officers in made.groups.items()
    ]
    return Made(name=made.name, district=command.district, units=command.units, rows=len(made.holders), groups=groups)
