"""One item of each loop fails with an unexpected exception. Does the loop continue, and are the other items processed?

The loops are those that the services' wiring starts. A new one fails `test_every_loop_has_a_case` until it has a case in cases.py.
"""

import re
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine

from services.notify import wiring as notify
from services.registry import wiring as registry
from services.reporting import wiring as reporting
from services.reporting.api.live import Hub
from services.signing import wiring as signing
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.service.lifecycle import Loop
from tests.integration.loops.cases import CASES
from tests.integration.loops.webhook_cases import STATEMENT_KEY
from tests.integration.loops.world import World
from tests.integration.registry.conftest import VAULT_KEY
from tests.support.eventually import eventually
from tests.support.hooks import PRIVATE

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"  # an engine that is never asked
WIRINGS: tuple[ModuleType, ...] = (registry, signing, notify, reporting)


def loops_of(wiring: Any) -> Mapping[str, Loop]:
    engine, service = create_engine(NOWHERE), wiring.SERVICE
    subscription = memory.Subscription(memory.Broker(), group="g", topics=service.topics)
    found = dict(service.consumer_loops(engine, Consumer(service.consumer, engine, subscription, {})))
    if service.emits:
        found |= service.relay_loops(engine, Relay(engine, memory.Producer(memory.Broker())))
    if hasattr(wiring, "worker_loops"):
        found |= wiring.worker_loops(service.settings(), engine)
    if hasattr(wiring, "webhook_loops"):
        found |= wiring.webhook_loops(service.settings(), engine)
    if hasattr(wiring, "beside_consumer"):
        found |= wiring.beside_consumer(engine)
    return found


def kind(loop: str) -> str:
    """dispatch-2 is another dispatch."""
    return re.sub(r"-[0-9]+$", "", loop)


@pytest.fixture
def settings(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_ALLOW_ANONYMOUS", "development")
    monkeypatch.setenv("SMS_URL", "http://127.0.0.1:1/sms")
    monkeypatch.setenv("STATEMENT_KEY", STATEMENT_KEY)
    monkeypatch.setenv("SENDER_PRIVATE_KEY", PRIVATE)
    monkeypatch.setenv("READER_PRIVATE_KEY", PRIVATE)
    monkeypatch.setenv("VAULT_KEY", VAULT_KEY)


@pytest.mark.parametrize("wiring", WIRINGS, ids=lambda wiring: wiring.SERVICE.name)
def test_every_loop_has_a_case(wiring, settings):
    loops = loops_of(wiring)

    assert {kind(name) for name in loops} - CASES.keys() == set()
    # A thread that no wiring names is a loop that this test does not see.
    assert {name for name, loop in loops.items() if not hasattr(loop, "__self__")} == set()


def test_every_loop_is_of_a_class_that_a_case_runs(settings):
    wired = {type(loop.__self__) for wiring in WIRINGS for loop in loops_of(wiring).values()}  # type: ignore[attr-defined]

    assert {item.__name__ for item in wired | {Hub}} == {case.of.__name__ for case in CASES.values()}


@pytest.mark.logs_error("item failed", "parked", "unwritable", "gateway failed")
@pytest.mark.parametrize("name", CASES)
def test_one_failing_item_delays_no_other_item(name, platform, database, empty_database):
    with ExitStack() as stack:
        case = CASES[name].make(World(platform, database, empty_database, stack))
        stop, died = threading.Event(), list[BaseException]()

        def run() -> None:
            try:
                case.loop(stop)
            except BaseException as failure:
                died.append(failure)
                raise

        thread = threading.Thread(target=run, name=name)
        thread.start()
        try:
            eventually(lambda: died or case.others_are_served(), seconds=30)
            threading.Event().wait(0.3)  # by then the loop has processed the failing item
        finally:
            stop.set()
            thread.join(20)

        assert died == []
        assert case.others_are_served()
        assert case.met(), "the failing item was never tried"
