"""A subscriber's endpoint for webhooks, as small as it may be; `fault` breaks one behaviour of it.

twice        applies the last event of a unit again when it is repeated
order        knows the last event of a unit only: an older one that is repeated is applied
watermark    drops what has a lower lognumber than the last event of all
numbers      knows an event by its lognumber
unsigned     verifies no signature
tolerant     verifies the signature, but not the time
unknown      crashes at a type that it does not know
strict       crashes at a field that it does not know
one-secret   looks at the first signature only
silent       answers no OPTIONS
busy         answers its first event later than in time
dense        refuses a number that does not follow the last one directly, whatever `skipped` says
empty        crashes at an event without data
untested     refuses the test event
alone        takes the next request when the last connection is closed
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from deploy.sandbox.story import ADDED
from shared.events.catalogue import catalogue

_TOO_LONG = 11.0  # seconds
SECRET = b"a secret of thirty-two bytes ..."
_STATES = {"unlocked": "drafted", "revised": "drafted", "preregistered": "pre_registered"}


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fault: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault, self.lock = fault, threading.Lock()
        self.units: dict[str, dict[str, Any]] = {}
        self.ids: set[str] = set()
        self.sequences: dict[tuple[str, str], int] = {}
        self.last_ids: dict[str, str] = {}
        self.number, self.numbers = 0, set[int]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.fault == "alone":
            HTTPServer.process_request(self, request, client_address)
        else:
            super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """A crash of the handler is what some faults are."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises WebhookVerificationError."""
        if self.fault == "unsigned":
            return
        if self.fault == "tolerant":
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            if hmac.new(SECRET, signed, hashlib.sha256).digest().hex() not in _plain(headers["webhook-signature"]):
                raise WebhookVerificationError("no signature matches")
            return
        if self.fault == "one-secret":
            headers = {**headers, "webhook-signature": headers["webhook-signature"].split()[0]}
        Webhook(SECRET).verify(body, dict(headers))

    def take(self, event: dict[str, Any]) -> None:
        if self.fault == "untested" and "lognumber" not in event:
            raise KeyError("lognumber")
        if self.fault == "empty" and "data" not in event:
            raise KeyError("data")
        if "lognumber" not in event or "data" not in event:
            return
        if self.fault == "dense" and "skipped" in event:
            raise IndexError(event["skipped"])
        if self.fault == "busy" and not self.ids:
            self.ids.add("busy")
            time.sleep(_TOO_LONG)
        if self.fault == "unknown" and event["type"] not in catalogue:
            raise KeyError(event["type"])
        if self.fault == "strict" and ADDED in event["data"]:
            raise TypeError(ADDED)
        if self._known(event):
            return
        words = event["type"].split(".")
        unit = self.units.setdefault(event["subject"], {"status": None, "applied": 0})
        unit["applied"] += 1
        if words[2] == "agreement":
            unit["status"] = _STATES.get(words[3], words[3])

    def _known(self, event: dict[str, Any]) -> bool:
        number, key = int(event["lognumber"]), (event["source"], event["subject"])
        sequence, last_id = int(event["sequence"]), self.last_ids.get(event["subject"])
        known = event["id"] in self.ids
        if self.fault == "twice":
            known = sequence < self.sequences.get(key, 0)
        if self.fault == "order":
            known = event["id"] == last_id
        if self.fault == "numbers":
            known = number in self.numbers
        self.numbers.add(number)
        if self.fault == "watermark":
            known = known or number < self.number
        self.ids.add(event["id"])
        self.last_ids[event["subject"]] = event["id"]
        self.sequences[key] = max(sequence, self.sequences.get(key, 0))
        self.number = max(self.number, number)
        return known


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_OPTIONS(self) -> None:
        self._send(
            405 if self.server.fault == "silent" else 200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"}
        )

    def do_GET(self) -> None:
        with self.server.lock:
            self._send(200, {}, json.dumps(self.server.units).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            self.server.verify({name.lower(): value for name, value in self.headers.items()}, body)
        except WebhookVerificationError:
            self._send(401)
            return
        with self.server.lock:
            self.server.take(json.loads(body))
        self._send(204)

    def _send(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _plain(signatures: str) -> list[str]:
    """`v1,<base64>` of each, in hexadecimal digits."""
    return [base64.b64decode(signature.partition(",")[2]).hex() for signature in signatures.split()]


@contextmanager
def serving(fault: str = "") -> Iterator[Endpoint]:
    with Endpoint(fault) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
