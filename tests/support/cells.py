"""Units as reporting's pages draw them, with only their place."""

from uuid import uuid4

from services.reporting.queries.cells import Cell
from shared.events.stage import Facets, stage


def a_cell(door: str, floor: int, top_floor: int | None = None, **where: str) -> Cell:
    place = {"compound": "和丰苑", "building": "4栋", "stairwell": "", "floor": floor, "top_floor": top_floor, **where}
    ids = {"unit_id": uuid4(), "project_id": uuid4(), "district": "440303", "unit_code": door}
    nothing = dict.fromkeys(("group", "officer", "series", "sequence_number", "signed_at", "changed_at"))
    facts = {
        "area_hundredths_m2": 6518,
        "owners": [],
        "stage": stage(Facets()),
        "done": False,
        "rights": None,
        "agreement": None,
    }
    return Cell(**ids, **place, door=door, **facts, facets=Facets(), badges=(), **nothing)
