"""All granted districts, each as of its own feed number."""

from itertools import groupby

from pydantic import BaseModel

from services.reporting.queries import as_of, standings
from services.reporting.queries.as_of import AsOfState
from services.reporting.queries.standings import ProjectState
from shared.service.clock import Clock
from shared.service.database import Transaction


class DistrictState(BaseModel):
    district: str
    name: str
    projects: list[ProjectState]
    as_of: AsOfState


def of(tx: Transaction, clock: Clock) -> list[DistrictState]:
    """Sorted by code, as the projects are."""
    found = [(district, list(of_it)) for district, of_it in groupby(standings.of(tx), lambda it: it.district)]
    return [
        DistrictState(
            district=district,
            name=projects[0].district_name,
            projects=[*projects],
            as_of=as_of.of(tx, clock, district=district),
        )
        for district, projects in found
    ]
