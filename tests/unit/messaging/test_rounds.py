"""Is a loop that never ends a round late all the same?"""

import time

import pytest
from prometheus_client import REGISTRY

from shared.messaging.ports import Unavailable
from shared.messaging.rounds import Rounds, Work
from shared.service import database


def round_at(loop: str) -> float | None:
    return REGISTRY.get_sample_value("clearwater_round_timestamp_seconds", {"loop": loop})


def test_a_loop_has_a_time_from_its_beginning_and_a_round_that_an_outage_ends_does_not_move_it() -> None:
    """A restart would otherwise end ReconcilerStill: without a series nothing is late."""
    assert round_at("late") is None
    rounds = Rounds("late")
    began = round_at("late")

    def gone() -> int:
        raise Unavailable("the broker")

    with pytest.raises(Unavailable):
        rounds.carry_out([Work(database.EVERY, "hop", gone)])

    assert began is not None and abs(began - time.time()) < 10
    assert round_at("late") == began
    rounds.carry_out([])
    assert (round_at("late") or 0) > began
