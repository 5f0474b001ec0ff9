"""What ten endpoints that hang cost the 990 others: the delay from an event's commit to its arrival, with none down and with ten down.

    python -m tests.load.webhooks [ENDPOINTS] [DOWN]

Deliverer and receivers share this process, so the figures are of the ratio, not of the rate. Printed, not asserted.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from services.reporting import wiring
from services.reporting.store.signing_keys import SigningKeys
from services.reporting.workers.deliver import Deliverer
from shared.service.clock import RealClock
from tests.support import platform
from tests.support.hooks import PRIVATE, SIGNED, Endpoint, Hooks
from tests.support.receiver import Answer, Posted, Receiver, receiving

_EVENTS = 4
_PATIENCE_SECONDS = 240.0


def measure(engine: Engine, district: str, *, endpoints: int, down: int) -> None:
    released = threading.Event()

    def hang(_: Posted) -> Answer:
        released.wait(_PATIENCE_SECONDS)
        return Answer(503)

    with receiving() as sound, receiving() as hanging:
        hanging.answer = hang
        hooks = Hooks(engine, district=district)
        hooks.grant(SIGNED)
        hooks.register(*(Endpoint(f"{sound.url}/{n}") for n in range(endpoints - down)))
        hooks.register(*(Endpoint(f"{hanging.url}/{n}") for n in range(down)))
        with _running(engine, hooks):
            _until(lambda: len(sound.greeted) >= endpoints - down)
            delays = [_delays(hooks, sound, number, endpoints - down) for number in range(_EVENTS)]
        released.set()
    print(f"{endpoints} endpoints, {down} of them hang (median / p99 / max of each event, in seconds):", flush=True)
    for found in delays:
        print(
            f"  {statistics.median(found):6.2f} {statistics.quantiles(found, n=100)[98]:6.2f} {max(found):6.2f}",
            flush=True,
        )


def _delays(hooks: Hooks, sound: Receiver, number: int, wanted: int) -> list[float]:
    arrived: list[float] = []
    sound.answer = lambda _: arrived.append(time.monotonic()) or Answer()
    hooks.happen(hooks.launch.sign(number))
    committed = time.monotonic()
    _until(lambda: len(arrived) >= wanted)
    return [at - committed for at in arrived]


@contextmanager
def _running(engine: Engine, hooks: Hooks) -> Iterator[None]:
    """As the role runs it: with its own number of threads, in real time."""
    deliverer, stop = Deliverer(engine, hooks.endpoints, SigningKeys(PRIVATE), clock=RealClock()), threading.Event()
    thread = threading.Thread(target=deliverer.run_forever, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        hooks.endpoints.close()


def _until(reached: object) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not reached():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError("the deliveries did not arrive")
        time.sleep(0.02)


def main() -> None:
    endpoints, down = (*map(int, sys.argv[1:]), *(1000, 10)[len(sys.argv) - 1 :])
    running = platform.start()
    try:
        for hanging, district in ((0, "440303"), (down, "440305")):
            database = running.database("reporting")
            engine = wiring.engine(database.app, "load", pool_size=8)
            measure(engine, district, endpoints=endpoints, down=hanging)
            engine.dispose()
            running.drop(database)
    finally:
        platform.stop(running.place)


if __name__ == "__main__":
    main()
