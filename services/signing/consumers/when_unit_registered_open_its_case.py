"""Opens the case of a registered unit, or updates it when the unit was corrected."""

from collections.abc import Sequence
from fractions import Fraction

from services.signing.commands.open_cases import OpenCases, Registered, open_cases
from services.signing.domain.case import Unit
from services.signing.domain.rights import Holder, Rights
from shared.events.registry import RightHolder, UnitRegistered
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_unit_registered_open_its_case(tx: Transaction, batch: Batch[UnitRegistered], *, clock: Clock) -> None:
    # A poll may hold several revisions of a unit. Each may dispute rights confirmed on an earlier one, so they run in turn.
    for turn in _turns(batch.events):
        registered = [Registered(_unit(event), _rights(event), event.after_freeze) for event in turn]
        open_cases(tx, OpenCases(registered), clock)


def _turns(events: Sequence[UnitRegistered]) -> list[list[UnitRegistered]]:
    """Splits the events into as few rounds as possible, so that no round has two events of one unit."""
    rounds: list[dict[object, UnitRegistered]] = []
    for event in events:
        free = next((units for units in rounds if event.unit_id not in units), None)
        if free is None:
            rounds.append(free := {})
        free[event.unit_id] = event
    return [list(units.values()) for units in rounds]


def _unit(event: UnitRegistered) -> Unit:
    return Unit(
        unit_id=event.unit_id,
        project_id=event.project_id,
        revision=event.revision,
        unit_code=event.unit_code,
        compound=event.compound,
        building=event.building,
        stairwell=event.stairwell,
        floor=event.floor,
        door=event.door,
        area=event.area_hundredths_m2,
        household_id=event.household_id,
    )


def _rights(event: UnitRegistered) -> Rights:
    return Rights(event.ownership, tuple(_holder(holder) for holder in event.right_holders))


def _holder(holder: RightHolder) -> Holder:
    share = None if holder.share is None else Fraction(holder.share)
    return Holder(holder.person_id, holder.masked_name, share, holder.kind, holder.capable, holder.share)
