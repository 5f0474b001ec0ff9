"""What leaves is counted in one transaction and read in another: does the count still say what left, and under which grant?"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event

from shared.events.registry import GrantRevoked
from tests.support.door import CLIENT, Door
from tests.support.hooks import AGENCY, OPENED, REGISTERED, Hooks
from tests.support.launch import granted

_TAKEN = "select channel, first_number, last_number, events, answers, grants from exchange_taken order by channel"


def between(engine: Engine, happens: Callable[[], object]) -> None:
    """Once, when the next transaction of this engine has ended."""
    event.listen(engine, "checkin", lambda *_: happens(), once=True)


def engine_of(door: Door) -> Engine:
    found: Engine = door.app.extensions["clearwater"].engine
    return found


def revoked(grant_id: UUID) -> GrantRevoked:
    return GrantRevoked(agency=AGENCY, grant_id=grant_id, revoked_at=datetime.now(UTC), reason="样例")


@pytest.fixture
def grant_id(hooks: Hooks) -> UUID:
    given = hooks.grant(REGISTERED)
    hooks.happen(*(hooks.launch.unit(number) for number in range(3)))
    return given


def test_a_snapshot_is_counted_under_the_number_that_it_has(hooks: Hooks, door: Door, grant_id: UUID) -> None:
    between(engine_of(door), lambda: hooks.happen(hooks.launch.unit(3)))

    head, units = door.snapshot()

    assert len(units) == 4
    [row] = hooks.rows(_TAKEN)
    assert (row["last_number"], row["answers"], row["grants"]) == (head["number"], 1, [grant_id])


@pytest.mark.parametrize("path", ["snapshot", "feed"])
def test_what_is_revoked_between_the_two_does_not_leave(hooks: Hooks, door: Door, grant_id: UUID, path: str) -> None:
    between(engine_of(door), lambda: hooks.happen(revoked(grant_id)))

    assert door.get(path=path).status_code == 403
    assert sum(row["events"] for row in hooks.rows(_TAKEN)) == 0


def test_an_event_whose_type_is_revoked_between_the_two_does_not_leave(
    hooks: Hooks, door: Door, grant_id: UUID
) -> None:
    approved = granted(CLIENT, types=[OPENED])[1].model_copy(update={"grant_id": uuid4()})
    opened = next(it for it in hooks.launch.prepare(0) if it.declared.type == OPENED)
    hooks.happen(approved, opened)
    between(engine_of(door), lambda: hooks.happen(revoked(approved.grant_id)))

    given = [it["type"] for it in door.get().json]

    assert given == [REGISTERED] * 3
    [row] = hooks.rows(_TAKEN)
    assert (row["events"], row["answers"], row["grants"]) == (3, 1, [grant_id])
