"""Lists of what queries answer, and answers with the moment at which they are right."""

from pydantic import BaseModel

from services.reporting.queries.as_of import AsOfState
from services.reporting.queries.cells import CellState
from services.reporting.queries.districts import DistrictState
from services.reporting.queries.signings import SigningState
from services.reporting.queries.standings import ProjectState
from shared.service import http


class Rates(ProjectState):
    as_of: AsOfState


class Projects(BaseModel):
    items: list[ProjectState]
    as_of: AsOfState


class City(BaseModel):
    districts: list[DistrictState]
    as_of: AsOfState


class SigningPage(http.Paged[SigningState]):
    as_of: AsOfState


class UnitState(CellState):
    as_of: AsOfState
