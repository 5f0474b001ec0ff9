"""The door of other systems, as an agency's client finds it: feed, snapshot and stream of one process."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting.api.exchange import exchange
from services.reporting.api.live import Hub
from services.reporting.api.oversight import oversight
from services.reporting.api.snapshots import snapshots
from services.reporting.api.standings import api
from services.reporting.api.statements import statements
from services.reporting.application import PROBLEMS
from services.reporting.wiring import MIGRATIONS
from shared.service import factory
from shared.service.clock import RealClock
from tests.support.serving import Settings

DISTRICT, CLIENT = "440303", "agency-440303"


def door_of(engine: Engine, issuer: tuple[str, Path], hub: Hub | None = None) -> "Door":
    """`hub`: of the stream's process, in which a reader can wait."""
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(exchange, snapshots, statements, oversight, api),
        problem_files=PROBLEMS,
        migrations=MIGRATIONS,
        resources=hub,
    )
    return Door(app, local_issuer.mint(issuer[1], role="agency", districts=(DISTRICT,)))


@dataclass
class Door:
    app: Flask
    token: str

    def get(self, query: dict[str, Any] | None = None, *, district: str = DISTRICT, path: str = "feed") -> TestResponse:
        return self.app.test_client().get(self._path(path, district), query_string=query or {}, headers=self._headers)

    def refused(self, path: str = "feed", query: dict[str, Any] | None = None) -> tuple[int, str]:
        answer = self.get(query, path=path)
        return answer.status_code, answer.json["code"]

    def snapshot(self, query: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Its first line and its units, once count and digest of the last line are found right."""
        answer = self.get(query, path="snapshot")
        assert answer.status_code == 200, answer.text
        head, *units, tail = answer.data.splitlines(keepends=True)
        digest = hashlib.sha256(b"".join(units)).hexdigest()
        assert json.loads(tail) == {"count": len(units), "digest": digest}
        return json.loads(head), [json.loads(unit) for unit in units]

    def stream(self, query: dict[str, Any] | None = None, *, last: str | None = None) -> Iterator[tuple[str, str, Any]]:
        """Name, id and data of each server-sent event but `filter`, as they come; closed with the iterator."""
        headers = self._headers | {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        answer = self.app.test_client().get(
            self._path("feed"), query_string=query or {}, headers=headers, buffered=False
        )
        assert answer.status_code == 200, answer.text
        assert answer.content_type.startswith("text/event-stream")
        try:
            for chunk in answer.response:
                fields = dict(line.split(": ", 1) for line in chunk.decode().rstrip().split("\n"))
                if "data" in fields and fields.get("event") != "filter":
                    yield fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
        finally:
            answer.close()

    def read_all(self, *, limit: int = 3) -> list[dict[str, Any]]:
        """All events, and proof on the way that every number is either given or named as skipped."""
        found: list[dict[str, Any]] = []
        cursor, counted = "", 0
        while True:
            answer = self.get({"limit": limit} | ({"after": cursor} if cursor else {}))
            assert answer.status_code == 200, answer.text
            for event in answer.json or []:
                counted += span(event.get("skipped")) + 1
                assert int(event["lognumber"]) == counted
            counted += span(answer.headers.get("Clearwater-Skipped"))
            found += answer.json or []
            if answer.headers["Clearwater-Cursor"] == cursor:
                return found
            cursor = answer.headers["Clearwater-Cursor"]

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @staticmethod
    def _path(path: str, district: str = DISTRICT) -> str:
        return f"/api/v1/districts/{district}/{path}"


def span(skipped: str | None) -> int:
    first, last = (skipped or "1-0").split("-")
    return int(last) - int(first) + 1
