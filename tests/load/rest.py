"""What an installation costs while nothing happens: the processor's time and the memory of each process, and from commit to bus.

    python -m tests.load.rest [SECONDS] [DISTRICTS]

The time of the processor is a share of one core. Memory is what a process has for itself (USS). Printed, not asserted.
"""

import statistics
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from uuid import uuid4

import psutil
from kafka import KafkaConsumer, TopicPartition

from deploy import declaration
from deploy.demo.people import Person
from deploy.local import districts as open_districts
from deploy.local import processes
from shared.events import topics
from tests.support import platform
from tests.support.platform import Platform

_SETTLES_SECONDS = 60  # after the start
_DISTRICT, _FIRST = "440303", 440_101
_EVENTS, _PAUSE_SECONDS = 40, 0.25


def main(seconds: int = 60, districts: int = 2) -> int:
    running = platform.start(on_disk=True)
    try:
        platform.start_system(running)
        for code in (_DISTRICT, *(f"{_FIRST + number}" for number in range(districts - 1))):
            open_districts.add(running.place, code)
        print(f"{districts} districts; waiting {_SETTLES_SECONDS} s until the installation rests", flush=True)
        time.sleep(_SETTLES_SECONDS)
        at_rest(running, seconds)
        to_the_bus(running)
    finally:
        platform.stop(running.place)
    return 0


def at_rest(running: Platform, seconds: int) -> None:
    ours = [process.name for process in declaration.processes() if process.image]
    before = _times(running)
    time.sleep(seconds)
    shares = {name: (after - before[name]) / seconds for name, after in _times(running).items()}
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        memory = sum(found.memory_full_info().uss for found in _family(running, name)) / 2**20
        print(f"  {share:6.2%} of a core  {memory:6.0f} MB  {name}")
    own = sum(shares[name] for name in ours)
    print(
        f"the services' {len(ours)} processes: {own:.2%} of a core; everything: {sum(shares.values()):.2%}", flush=True
    )


def to_the_bus(running: Platform) -> None:
    """From a command's instant to the broker's of its event, for single events after a pause: the commit and the relay's look."""
    with Person(running.place, "city", _DISTRICT) as city:
        for _ in range(_EVENTS):
            name = f"bench-{uuid4().hex[:8]}"
            about = {"agency": name, "name": "样例", "office": "样例", "email": "it@example.org", "clients": [name]}
            city.post("registry", "/agencies", about, key=name)
            time.sleep(_PAUSE_SECONDS)
    with closing(KafkaConsumer(**running.connection, auto_offset_reset="earliest")) as consumer:
        topic = topics.name(_DISTRICT, "registry-agency")
        consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
        records = [record for found in consumer.poll(5_000).values() for record in found]
    delays = sorted(
        record.timestamp - datetime.fromisoformat(dict(record.headers)["ce_time"].decode()).timestamp() * 1000
        for record in records
    )
    print(
        f"commit to bus, {len(delays)} single events: median {statistics.median(delays):.0f} ms, longest {delays[-1]:.0f} ms"
    )


def _times(running: Platform) -> Mapping[str, float]:
    """Seconds of the processor, by process, its children with it. Those that do not run (the second APIs) are left out."""
    found = {process.name: _family(running, process.name) for process in processes.supervised(running.place)}
    return {name: sum(sum(one.cpu_times()[:2]) for one in family) for name, family in found.items() if family}


def _family(running: Platform, name: str) -> list[psutil.Process]:
    if not (pid := running.supervisor.pid(name)):
        return []
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
