"""Two workers and one delivery: what is settled while another one claims it is not sent again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from services.reporting.commands.settle_delivery import SettleDelivery, settle_delivery
from services.reporting.domain.delivering import Outcome
from services.reporting.store.deliveries import Claimed
from services.reporting.workers.deliver import LEASE
from shared.service import database
from tests.support.eventually import eventually
from tests.support.hooks import SIGNED, Endpoint, Hooks
from tests.support.receiver import Receiver

_WAITS = text("""
    select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
""")


def waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(_WAITS).scalar_one())


def claims(hooks: Hooks) -> list[Claimed]:
    """A round, whose deliveries are not sent yet."""
    acts = hooks.deliverer._round()
    hooks.deliverer._busy.clear()
    return [act.carry_out.args[1] for act in acts]


def settled(hooks: Hooks, claimed: Claimed, outcome: Outcome) -> SettleDelivery:
    at = hooks.now.at
    return SettleDelivery(claimed, outcome, began_at=at, milliseconds=1, at=at, granted_at=at, spread=0.5)


@pytest.mark.parametrize("outcome", [Outcome("", status=204), Outcome("http-500", status=500)])
def test_a_late_answer_is_settled_before_the_claim_that_waits_for_it(
    hooks: Hooks, receiver: Receiver, engine: Engine, outcome: Outcome
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    hooks.run()
    hooks.happen(hooks.launch.sign(0))
    [first] = claims(hooks)
    hooks.now.at += LEASE + timedelta(seconds=1)

    with ThreadPoolExecutor(1) as other:
        with database.begin(engine, district=hooks.district) as tx:
            assert settle_delivery(tx, settled(hooks, first, outcome))
            second = other.submit(claims, hooks)
            assert eventually(lambda: waits(engine))
        assert second.result() == []

    [row] = hooks.rows("select tries, claimed_until from deliveries")
    assert (row["tries"], row["claimed_until"]) == (1, None)
