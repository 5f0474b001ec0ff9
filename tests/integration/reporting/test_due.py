"""Does the strip's fact of subscribers count what nobody has tried, and nothing that an endpoint itself keeps waiting?"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from services.reporting.queries import due
from shared.messaging.freshness import Age
from shared.service import database
from tests.support.hooks import CASE, DISTRICT, Endpoint, Hooks
from tests.support.receiver import Answer, Receiver


@pytest.fixture
def hooks(engine: Engine, receiver: Receiver) -> Iterator[Hooks]:
    """An endpoint that has answered the handshake and has everything so far."""
    made = Hooks(engine)
    made.grant(*CASE)
    made.register(Endpoint(receiver.url))
    made.run()
    yield made
    made.endpoints.close()


def waiting(hooks: Hooks) -> Age:
    with database.reading(hooks.engine, granted=[DISTRICT]) as tx:
        [age] = due.ages(tx.connection)
    return age


def test_a_message_of_a_dead_worker_is_due_until_it_is_sent(hooks: Hooks, receiver: Receiver) -> None:
    before = waiting(hooks)
    hooks.happen(hooks.launch.unit(0), hooks.launch.unit(1))
    dead = waiting(hooks)
    hooks.run()

    assert (before, dead.number) == (Age(DISTRICT, 0, 0.0), 2)
    assert dead.seconds > 0
    assert len(receiver.accepted) == 2
    assert waiting(hooks) == before


@pytest.mark.parametrize("status", [410, 500])
def test_waiting_for_a_failing_endpoint_is_not_counted_as_our_delay(
    hooks: Hooks, receiver: Receiver, status: int
) -> None:
    receiver.answer = lambda _: Answer(status)
    hooks.happen(hooks.launch.unit(0))
    hooks.run()
    hooks.happen(hooks.launch.unit(1))

    assert waiting(hooks) == Age(DISTRICT, 0, 0.0)
