"""The configuration of Debezium's connector for each service that publishes, and of the Kafka Connect worker that runs them.

Invariant: a record that leaves through it is the relay's record, byte for byte: topic, key, value and headers (shared/events/envelope.py);
tests/integration/messaging/test_debezium.py compares them. No secret and no address stands in it: both are variables of the worker.
Left to others: the table that is read (shared/messaging/schema.py), the worker's variables and command (worker.py).
"""

from typing import Any

from deploy.declaration import DEBEZIUM
from deploy.local import access
from shared.messaging import leaving

_SMT = "org.apache.kafka.connect.transforms"
_STORAGE = "org.apache.kafka.connect.storage"
# By column of the outbox, the headers it becomes.
_HEADERS = {
    "contenttype": ("content-type",),
    "specversion": ("ce_specversion",),
    "id": ("ce_id",),
    "type": ("ce_type",),
    "source": ("ce_source",),
    "aggregateid": ("ce_subject", "ce_partitionkey"),
    "dataschema": ("ce_dataschema",),
    "sequence": ("ce_sequence",),
    "time": ("ce_time",),
    "epoch": ("ce_epoch",),
    "correlationid": ("ce_correlationid",),
    "causationid": ("ce_causationid",),
    "traceparent": ("ce_traceparent",),
}
# The router writes a header also for a column that is null. The table names such columns behind the topic: `…signing-case#causationid`.
_OPTIONAL = ("correlationid", "causationid", "traceparent")


def connector(service: str) -> dict[str, Any]:
    """As Kafka Connect takes it, from a file or by its REST interface."""
    return {"name": f"clearwater-{service}", "config": _source(service) | _transforms() | _producer(service)}


def worker() -> dict[str, str]:
    """One worker for the connectors of all services. Each connector writes as its own service's relay does (deploy/local/access.py)."""
    client = {
        "security.protocol": "${env:KAFKA_SECURITY}",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": _login("KAFKA"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "${env:KAFKA_CA_FILE}",
    }
    return {
        "bootstrap.servers": "${env:KAFKA_BOOTSTRAP}",
        **client,
        **{f"producer.{name}": value for name, value in client.items()},
        "config.providers": "env",
        "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
        "plugin.discovery": "service_load",  # no search through all classes at the start
        "listeners": "http://${env:BIND}:${env:PORT}",
        "key.converter": f"{_STORAGE}.StringConverter",
        "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        "header.converter": f"{_STORAGE}.StringConverter",
        "offset.storage.file.filename": "${env:OFFSETS_FILE}",
        # What was sent since the last flush is sent again after a crash.
        "offset.flush.interval.ms": "1000",
    }


def _source(service: str) -> dict[str, str]:
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "tasks.max": "1",
        "topic.prefix": f"clearwater-{service}",  # Debezium's name for the database
        "database.hostname": "${env:POSTGRES_HOST}",
        "database.port": "${env:POSTGRES_PORT}",
        "database.dbname": service,
        "database.user": f"{service}_{DEBEZIUM}",
        "database.password": f"${{env:{service.upper()}_DEBEZIUM_PASSWORD}}",
        "plugin.name": "pgoutput",
        "publication.name": leaving.PUBLICATION,
        "publication.autocreate.mode": "disabled",
        "slot.name": leaving.slot_of(service),
        # The table is always empty. Where the worker's file of offsets and the slot differ, the slot is right: it moves on last.
        "snapshot.mode": "no_data",
        "offset.mismatch.strategy": "trust_slot",
        # A slot moves on with what its connector has sent. The heartbeats, in a topic of their own, let the log go that others write while
        # this service is quiet.
        "lsn.flush.mode": "connector_and_driver",
        "heartbeat.interval.ms": "5000",
        "topic.heartbeat.prefix": access.HEARTBEATS,
        # A heartbeat is a structure, an event's value is bytes.
        "value.converter": "io.debezium.converters.BinaryDataConverter",
        "value.converter.delegate.converter.type": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.delegate.converter.type.schemas.enable": "false",
        "table.include.list": "public.outbox",
        "binary.handling.mode": "bytes",
        "tombstones.on.delete": "false",
        "extended.headers.enabled": "false",
        "errors.tolerance": "none",
    }


def _transforms() -> dict[str, str]:
    chain = {
        "outbox": {
            "type": "io.debezium.transforms.outbox.EventRouter",
            "table.field.event.key": "aggregateid",
            "table.fields.additional.placement": ",".join(
                f"{column}:header:{header}" for column, headers in _HEADERS.items() for header in headers
            ),
            "table.op.invalid.behavior": "fatal",
            "route.by.field": "route",
            "route.topic.replacement": "${routedByValue}",
            "route.tombstone.on.empty.payload": "true",
        },
        "id": {"type": f"{_SMT}.DropHeaders", "headers": "id"},  # the router's own; ours is ce_id
        **{
            name: {"type": f"{_SMT}.DropHeaders", "headers": f"ce_{name}", "predicate": f"without-{name}"}
            for name in _OPTIONAL
        },
        "topic": {"type": f"{_SMT}.RegexRouter", "regex": "([^#]*)#.*", "replacement": "$1"},
    }
    predicates = {
        f"without-{name}": {
            "type": f"{_SMT}.predicates.TopicNameMatches",
            "pattern": f"[^#]*#(.*#)?{name}(#.*)?",
        }
        for name in _OPTIONAL
    }
    return {
        "transforms": ",".join(chain),
        "predicates": ",".join(predicates),
        **{f"transforms.{name}.{key}": value for name, settings in chain.items() for key, value in settings.items()},
        **{
            f"predicates.{name}.{key}": value
            for name, settings in predicates.items()
            for key, value in settings.items()
        },
    }


def _producer(service: str) -> dict[str, str]:
    return {
        "producer.override.sasl.jaas.config": _login(f"{service.upper()}_KAFKA"),
        "producer.override.acks": "all",
        "producer.override.enable.idempotence": "true",
    }


def _login(prefix: str) -> str:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return f'{module} required username="${{env:{prefix}_USER}}" password="${{env:{prefix}_PASSWORD}}";'
