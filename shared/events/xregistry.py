"""The contract in the document view of xRegistry 1.0-rc4 (xregistry.io): schema groups, message groups and endpoints.

A schema and a message are named by the type of event; a group is one owner. Two endpoints lead to the messages: the feed and the bus.
Invariant: the registry is made anew from the declarations, so every epoch is 1 and every time is that of the making.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.events import asyncapi, described
from shared.events.described import Described
from shared.events.schemas import Document

SPECIFICATION, FORMAT, ENVELOPE = "1.0-rc4", "JsonSchema/2020-12", "CloudEvents/1.0"
_ID = "clearwater"


def document(*, at: datetime, public_url: str) -> Document:
    """`at`: when it is made. `public_url`: the installation's address; its pages are the documentation, its feed is an endpoint."""
    return _Maker(at, public_url.rstrip("/")).document()


class _Maker:
    def __init__(self, at: datetime, public_url: str) -> None:
        self._at, self._url = at.isoformat(), public_url
        self._owners: dict[str, list[Described]] = {}
        for event in described.every():
            self._owners.setdefault(f"{_ID}.{event.kind.owner}", []).append(event)

    def document(self) -> Document:
        return {
            "specversion": SPECIFICATION,
            "registryid": _ID,
            **self._entity("/"),
            "name": "Clearwater",
            "description": "The events of Clearwater: what happened in signing operations.",
            "documentation": f"{self._url}/events",
            "endpoints": {endpoint["endpointid"]: endpoint for endpoint in (self._feed(), self._bus())},
            "messagegroups": {owner: self._messages(owner, events) for owner, events in self._owners.items()},
            "schemagroups": {owner: self._schemas(owner, events) for owner, events in self._owners.items()},
        }

    def _entity(self, xid: str) -> Document:
        return {"self": f"#{xid}", "xid": xid, "epoch": 1, "createdat": self._at, "modifiedat": self._at}

    def _messages(self, owner: str, events: Iterable[Described]) -> Document:
        xid = f"/messagegroups/{owner}"
        messages = {event.type: self._message(f"{xid}/messages/{event.type}", owner, event) for event in events}
        return {"messagegroupid": owner, **self._entity(xid), "envelope": ENVELOPE, "messages": messages}

    def _message(self, xid: str, owner: str, event: Described) -> Document:
        version = self._version(xid, "messageid", event) | {
            "name": event.name,
            "documentation": f"{self._url}/events/{event.type}",
            "labels": event.labels,
            "envelope": ENVELOPE,
            "envelopemetadata": _attributes(event),
            "datacontenttype": "application/json",
            "dataschemaformat": FORMAT,
            "dataschemaxid": f"/schemagroups/{owner}/schemas/{event.type}",
        }
        return self._resource(xid, "messageid", event, version)

    def _schemas(self, owner: str, events: Iterable[Described]) -> Document:
        xid = f"/schemagroups/{owner}"
        schemas = {event.type: self._schema(f"{xid}/schemas/{event.type}", event) for event in events}
        return {"schemagroupid": owner, **self._entity(xid), "schemas": schemas}

    def _schema(self, xid: str, event: Described) -> Document:
        version = self._version(xid, "schemaid", event) | {
            "name": event.name,
            "format": FORMAT,
            "contenttype": "application/schema+json",
            "schema": event.schema,
        }
        return self._resource(xid, "schemaid", event, version)

    def _version(self, xid: str, name_of_id: str, event: Described) -> Document:
        entity = self._entity(f"{xid}/versions/{event.version}")
        about = {"versionid": event.version, "isdefault": True, "ancestorid": event.version}
        return {name_of_id: event.type, **about, **entity, "description": event.meaning}

    def _resource(self, xid: str, name_of_id: str, event: Described, version: Document) -> Document:
        default = f"#{xid}/versions/{event.version}"
        about: Document = {
            name_of_id: event.type,
            **self._entity(f"{xid}/meta"),
            "readonly": True,
            "defaultversionid": event.version,
            "defaultversionurl": default,
            "defaultversionsticky": False,
        }
        if event.deprecated:
            about["deprecated"] = {"alternative": f"{self._url}/events/{event.deprecated.instead}"}
            if event.deprecated.until:
                about["deprecated"]["removal"] = f"{event.deprecated.until}T00:00:00Z"
        versions = {event.version: version}
        place = {name_of_id: event.type, "self": f"#{xid}", "xid": xid}
        return place | {"metaurl": f"#{xid}/meta", "meta": about, "versions": versions}

    def _feed(self) -> Document:
        address = f"{self._url}/api/reporting/v1/districts/{{district}}/feed"
        options = {
            "endpoints": [{"uri": address}],
            "authorization": [{"type": "OAuth2"}],
            "deployed": True,
            "method": "GET",
        }
        envelope = {"mode": "structured", "format": "application/cloudevents-batch+json"}
        return self._endpoint("feed", "HTTP", options, envelope)

    def _bus(self) -> Document:
        options = {
            "endpoints": [{"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"}],
            "authorization": [{"type": "SASL", "mechanism": "SCRAM-SHA-512"}],
            "deployed": True,
            "topic": "clearwater.{district}.{kind}",
        }
        return self._endpoint("bus", "KAFKA", options, {"mode": "binary"})

    def _endpoint(self, name: str, protocol: str, options: Document, envelope: Document) -> Document:
        """A reader of it consumes: it asks for events itself."""
        return {
            "endpointid": name,
            **self._entity(f"/endpoints/{name}"),
            "usage": ["consumer"],
            "envelope": ENVELOPE,
            "envelopeoptions": envelope,
            "protocol": protocol,
            "protocoloptions": options,
            "messagegroups": [f"/messagegroups/{owner}" for owner in self._owners],
        }


def _attributes(event: Described) -> dict[str, Any]:
    """The attributes of CloudEvents that every event has; those that are fixed with their value."""
    fixed = {
        "specversion": {"value": "1.0"},
        "type": {"value": event.type},
        "source": {"type": "uritemplate", "value": f"/{{district}}/{event.kind.owner}"},
        "dataschema": {"type": "uritemplate", "value": event.schema["$id"]},
    }
    found: dict[str, Any] = {}
    for header, meaning in asyncapi.headers().items():
        if header.startswith("ce_"):
            name = header.removeprefix("ce_")
            about = {"type": "timestamp" if name == "time" else "string", "description": meaning}
            found[name] = about | fixed.get(name, {}) | {"required": header not in asyncapi.OPTIONAL_HEADERS}
    return found
