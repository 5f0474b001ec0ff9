"""The launch of a whole renewal area, as the wall's mock-up draws it: 1,708 units in 37 buildings of four compounds, eleven groups."""

from dataclasses import dataclass
from uuid import UUID

from shared.events import registry, signing
from shared.events.contract import Event
from tests.support.launch import Launch

# Units and doors on a floor of each building.
_COMPOUNDS = {
    "澄水湾生活小区": ((40, 5), (40, 5), (40, 5), (40, 5), (52, 6), (52, 6), (52, 6), (38, 5), (38, 5), (38, 5), (38, 5), (44, 5)),
    "和丰苑": ((48, 6), (48, 6), (28, 4), (52, 6), (48, 6), (48, 6), (64, 7)),
    "银泉阁": ((48, 6), (48, 6), (60, 6), (60, 6), (64, 7), (36, 5), (50, 5), (50, 5), (40, 5), (40, 5), (36, 5)),
    "长盛居": ((64, 7), (44, 5), (42, 5), (42, 5), (30, 4), (53, 6), (53, 6)),
}  # fmt: skip
_BUILDINGS = [
    (compound, f"{number}栋", units, doors)
    for compound, buildings in _COMPOUNDS.items()
    for number, (units, doors) in enumerate(buildings, 1)
]
_PLACES = [
    (compound, building, place // doors + 1, place % doors + 1)
    for compound, building, units, doors in _BUILDINGS
    for place in range(units)
]
UNITS = len(_PLACES)
_GROUPS = tuple(f"{name}组" for name in ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一"))


@dataclass
class GreatLaunch(Launch):
    """Launch's people and events in these buildings."""

    units: int = UNITS

    def unit(self, number: int) -> registry.UnitRegistered:
        compound, building, floor, door = _PLACES[number]
        place = {"compound": compound, "building": building, "floor": floor, "door": f"{floor}{door:02}"}
        unit = super().unit(number).model_copy(update={**place, "stairwell": str((door + 1) // 2)})
        minor = unit.right_holders[0].model_copy(update={"capable": False})
        holders = (minor, *unit.right_holders[1:]) if number % 61 == 0 else unit.right_holders
        return unit.model_copy(update={"right_holders": holders})

    def dispute(self, number: int) -> signing.RightsDisputed:
        return signing.RightsDisputed(**self._case(number), reason="area", disputed_at=self.opened_at)

    def groups(self) -> list[Event]:
        formed = [self._group(name) for name in _GROUPS]
        return [*formed, *(self._assigned(number, formed) for number in range(self.units))]

    def _group(self, name: str) -> registry.GroupFormed:
        officer = registry.Officer(staff_id=self.named(f"officer {name}"), name="邱敏")
        group_id: UUID = self.named(f"group {name}")
        return registry.GroupFormed(project_id=self.project_id, group_id=group_id, name=name, officers=(officer,))

    def _assigned(self, number: int, formed: list[registry.GroupFormed]) -> registry.UnitAssigned:
        group = formed[number * len(formed) // self.units]
        unit_id, staff_id = self.named(f"unit {number}"), group.officers[0].staff_id
        return registry.UnitAssigned(
            project_id=self.project_id, unit_id=unit_id, group_id=group.group_id, staff_id=staff_id
        )
