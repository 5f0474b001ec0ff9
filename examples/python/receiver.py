"""A receiver of Clearwater's webhooks: it verifies, stores each event once, answers, and works on what it has stored.

pip install standardwebhooks
export CLEARWATER_WEBHOOK_SECRET=whsec_…     # while it is replaced: both, with a space between them
python receiver.py 9000 events.db

It listens on this machine alone, by plain HTTP: a reverse proxy with TLS stands in front of it.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRETS = [Webhook(secret) for secret in os.environ["CLEARWATER_WEBHOOK_SECRET"].split()]
PORT, FILE = int(sys.argv[1]), sys.argv[2]
MOST_BYTES = 1_000_000
TABLE = "create table if not exists events (id text primary key, unit text, type text, document text)"
PLACED = "insert into events values (?, ?, ?, ?) on conflict do nothing"
SAME = {"revised": "drafted", "unlocked": "drafted", "preregistered": "pre_registered"}


def verified(headers: Mapping[str, str], body: bytes) -> bool:
    """By one of our secrets, and signed within the last five minutes."""
    for secret in SECRETS:
        try:
            secret.verify(body, dict(headers))
        except WebhookVerificationError:
            continue
        return True
    return False


def store(event_id: str, event: dict) -> None:
    """An event that we have is left as it is. An unknown type and an event without data are stored like any other."""
    row = (event_id, event.get("subject"), event["type"], json.dumps(event))
    with closing(sqlite3.connect(FILE, timeout=5)) as database, database:
        database.execute(PLACED, row)


def units() -> dict[str, dict]:
    """The work: what the events of each unit make of it, in the order in which they came. Order holds within a unit."""
    found: dict[str, dict] = {}
    with closing(sqlite3.connect(FILE, timeout=5)) as database:
        rows = database.execute("select unit, type, document from events order by rowid").fetchall()
    for unit, event_type, document in rows:
        if "data" not in json.loads(document) or "lognumber" not in json.loads(document):
            continue  # a tombstone; the test event
        state = found.setdefault(unit, {"status": None, "applied": 0})
        state["applied"] += 1
        _, owner, thing, act, _ = [*event_type.split("."), "", ""][:5]
        if (owner, thing) == ("signing", "agreement"):
            state["status"] = SAME.get(act, act)
    return found


class Receiver(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self._answer(200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            self._answer(413)
            return
        body = self.rfile.read(length)
        if not verified({name.lower(): value for name, value in self.headers.items()}, body):
            self._answer(401)
            return
        store(self.headers["webhook-id"], json.loads(body))
        self._answer(204)

    def do_GET(self) -> None:
        """What we hold: for the sandbox, in the test alone."""
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(units()).encode())

    def _answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    with closing(sqlite3.connect(FILE)) as first, first:
        first.execute(TABLE)
    ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
