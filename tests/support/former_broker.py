"""A broker as release 0.1.0 formatted and ran it: without authentication."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local import broker
from deploy.local.place import HOST, Place
from shared.messaging.credentials import Connection
from tests.support.eventually import eventually

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}


def connection(place: Place) -> Connection:
    return {"bootstrap_servers": place.kafka_bootstrap}


@contextmanager
def running(place: Place) -> Iterator[Place]:
    """Formats and starts the broker; stops it at the exit and keeps its files."""
    data, settings = place.path("kafka", "data"), place.path("kafka", "server.properties")
    data.mkdir(parents=True)
    listeners = f"PLAINTEXT://{HOST}:{place.port('kafka')},CONTROLLER://{HOST}:{place.port('kafka-controller')}"
    lines = _SETTINGS | {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{HOST}:{place.port('kafka-controller')}",
        "log.dirs": str(data),
    }
    settings.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    broker._format(place)
    log = place.path("kafka", "former.log").open("w")
    with log, subprocess.Popen(broker.command(place), stdout=log, stderr=log, cwd=place.local_dir) as process:
        try:
            eventually(lambda: _answers(place))
            yield place
        finally:
            process.terminate()


def _answers(place: Place) -> bool:
    try:
        KafkaAdminClient(**connection(place), bootstrap_timeout_ms=500).close()
    except KafkaError:
        return False
    return True
