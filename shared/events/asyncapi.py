"""The contract as AsyncAPI 3: every topic a channel with the district as parameter, every event a message on it."""

from shared.events import catalogue, schemas, topics
from shared.events.contract import Event
from shared.events.schemas import Document

VERSION = "1.0.0"
_HEADERS = {
    "content-type": "application/json",
    "ce_specversion": "1.0",
    "ce_id": "UUIDv7, the event's own id; may come twice",
    "ce_type": "the event's type with its version",
    "ce_source": "/<district>/<service>",
    "ce_subject": "what the event is about: the record's key",
    "ce_time": "real time of writing, RFC 3339 in UTC",
    "ce_dataschema": "the `$id` of the schema of the value, an absolute URI",
    "ce_sequence": "place in the key's order within the topic, 20 digits",
    "ce_partitionkey": "the record's key",
    "ce_epoch": "rises when the emitter was restored from a backup",
    "ce_correlationid": "the request that began it all",
    "ce_causationid": "the event that caused this one",
    "ce_traceparent": "W3C trace context",
}
# The broker's address is the operator's to give; it serves nobody without a user (EVENTS.md, How to connect).
_SERVERS: Document = {
    "bus": {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "Kafka with TLS. Your user reads the topics that were granted to you as a whole.",
        "variables": {"bootstrap": {"description": "from the operator", "default": "clearwater.example:9093"}},
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    },
    "bus-without-tls": {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "Where the operator gives you no certificate of an authority: the local platform.",
        "variables": {"bootstrap": {"description": "from the operator", "default": "127.0.0.1:18002"}},
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    },
}
_SCRAM = {"type": "scramSha512", "description": "A user of your own, made by the operator from your grants."}
OPTIONAL_HEADERS = frozenset({"ce_correlationid", "ce_causationid", "ce_traceparent"})


def headers() -> dict[str, str]:
    """Every header with its meaning, in the order of writing."""
    return dict(_HEADERS)


def document() -> Document:
    events = catalogue.events()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Clearwater",
            "version": VERSION,
            "description": "What happened in signing operations. EVENTS.md says how to read it.",
            "contact": {"name": "The operator on duty"},
            "license": {"name": "Apache-2.0"},
            "tags": [{"name": service} for service in dict.fromkeys(kind.owner for kind in topics.KINDS.values())],
        },
        "servers": _SERVERS,
        "defaultContentType": "application/json",
        "channels": {kind: _channel(kind) for kind in topics.KINDS},
        "operations": {f"read-{kind}": _operation(kind) for kind in topics.KINDS},
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": {event.__name__: _embedded(event) for event in events},
            "messageTraits": {"cloudevent": {"headers": _header_schema()}},
            "securitySchemes": {"scram": _SCRAM},
        },
    }


def _channel(kind: str) -> Document:
    declared = topics.KINDS[kind]
    return {
        "address": f"clearwater.{{district}}.{kind}",
        "description": (
            f"Owner {declared.owner}, key {declared.key}, audience {declared.audience}, ordering {declared.ordering}."
        ),
        "parameters": {"district": {"description": "division code, six digits, GB/T 2260"}},
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in _on(kind)},
        "bindings": {
            "kafka": {
                "partitions": declared.partitions,
                "topicConfiguration": {"cleanup.policy": ["compact" if declared.compacted else "delete"]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(kind: str) -> Document:
    return {
        "action": "receive",
        "description": f"Read a district's topic {kind}, which {topics.KINDS[kind].owner} writes, in the order of each key.",
        "channel": {"$ref": f"#/channels/{kind}"},
    }


def _message(event: type[Event]) -> Document:
    return {
        "name": event.declared.type,
        "title": event.__name__,
        "summary": schemas.description(event),
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        **({"tags": [{"name": "deprecated"}]} if event.declared.deprecated else {}),
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": event.declared.key}, "bindingVersion": "0.5.0"}
        },
    }


def _embedded(event: type[Event]) -> Document:
    """The published schema with its references written out: a reference would point at this document's root."""
    document = schemas.document(event)
    written = schemas.resolved(document, document)
    return {key: value for key, value in written.items() if key not in {"$schema", "$id"}}


def _header_schema() -> Document:
    return {
        "type": "object",
        "required": [name for name in _HEADERS if name not in OPTIONAL_HEADERS],
        "properties": {name: {"type": "string", "description": meaning} for name, meaning in _HEADERS.items()},
    }


def _on(kind: str) -> list[type[Event]]:
    return [event for event in catalogue.events() if event.declared.topic == kind]
