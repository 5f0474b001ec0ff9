"""Text messages through an HTTP gateway. Our message key is its idempotency key: the same key twice is one message. The gateway
answers queries about a key.

POST {url}                 {"message_key", "to", "text"} → 2xx {"receipt_id"}; 2xx with a page for people: the address is not the gateway's;
                           2xx with an error in it, or with half of an answer: perhaps taken
                           400, 409, 413, 414, 422, 451: this message is refused for good
                           3xx and every other 4xx, 503: about us, not taken; 5xx: about them, perhaps taken. Retry-After counts
GET  {url}/{message_key}   → 200 {"receipt_id"}; 404 {"error": "unknown-message"} never arrived; all else: it cannot tell

A refusal holds as soon as its status has come, whatever becomes of its body.
"""

import json
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from http import HTTPStatus
from typing import Final

import httpx

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways.receipts import readable
from shared import retry_after

_ABOUT_THE_MESSAGE: Final = frozenset({400, 409, 413, 414, 422, 451})
_NOT_NOW: Final = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_IMPLEMENTED)
# The request was not sent, or the address is invalid.
_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_KEPT: Final = httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=30.0)


_MOST_BYTES: Final = 65_536
_PAGES: Final = ("text/html", "application/xhtml")
_ERROR: Final = re.compile("err(or|code|msg)")


@dataclass(frozen=True)
class _Answer:
    """The parts of a response that are used. `body`: None when it broke off or cannot be unpacked."""

    status: int
    retry_after: str
    is_page: bool
    body: bytes | None

    @property
    def positive(self) -> bool:
        return self.status in range(200, 300)

    @property
    def whole(self) -> bool:
        """True for a body that a gateway may have written: to its end, and not a page."""
        return (
            self.body is not None and not self.is_page and not (self.body.lstrip()[:1] == b"{" and self._object is None)
        )

    @property
    def is_error(self) -> bool:
        """True when the body takes back what a positive status says."""
        found = self._object or {}
        names = {name.lower() for name, value in found.items() if value}
        return not self.field("receipt_id") and (any(map(_ERROR.match, names)) or found.get("success") is False)

    def field(self, name: str) -> str:
        return readable((self._object or {}).get(name, ""))

    @cached_property
    def _object(self) -> dict[str, object] | None:
        try:
            found = json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def receipt(self) -> str:
        """The gateway's id for the message. Without one, the HTTP status: it already says that the message was accepted."""
        return self.field("receipt_id") or f"sms-{self.status}"


class Sms:
    """`token`: the bearer token; empty when the gateway needs none. The connection is cut after `whole_seconds`, even if
    the server still sends.
    """

    def __init__(
        self, url: str, *, timeout_seconds: float = 10.0, whole_seconds: float = 60.0, token: str = ""
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url, self._whole_seconds = url.rstrip("/"), whole_seconds
        self._client = partial(
            httpx.Client,
            timeout=timeout_seconds,
            trust_env=False,
            limits=_KEPT,
            headers=headers,
            event_hooks={"response": [_forget_location]},
        )
        self._http = self._client()

    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        body = {"message_key": message_key, "to": address, "text": text.body}
        try:
            return _judged(self._exchanged("POST", self._url, json=body))
        except _BEFORE_SENDING:
            return Unwell("sms-gateway-unreachable")
        except httpx.HTTPError:
            return Unclear("sms-gateway-silent")
        except UnicodeError:
            return NotAccepted("sms-not-writable", permanent=True)

    def ask(self, message_key: str) -> Accepted | NotAccepted | None:
        try:
            answer = self._exchanged("GET", f"{self._url}/{message_key}")
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        if answer.positive:  # without a receipt any server may answer so, to any path
            return Accepted(answer.receipt) if answer.whole and answer.field("receipt_id") else None
        # Any server may answer 404 for an unknown path. Only this error says that the gateway searched for the message.
        if answer.status == HTTPStatus.NOT_FOUND and answer.field("error") == "unknown-message":
            return NotAccepted("sms-never-arrived", permanent=False)
        return None

    def _exchanged(self, method: str, url: str, json: object = None) -> _Answer:
        client = self._http
        timer = threading.Timer(self._whole_seconds, self._cut, [client])
        timer.daemon = True
        timer.start()
        try:
            with client.stream(method, url, json=json) as answer:
                headers = answer.headers
                is_page = headers.get("Content-Type", "").lower().startswith(_PAGES)
                return _Answer(answer.status_code, headers.get("Retry-After", ""), is_page, _read(answer))
        finally:
            timer.cancel()

    def _cut(self, client: httpx.Client) -> None:
        """Also cuts other requests on these connections: their outcome is queried later."""
        if self._http is client:
            self._http = self._client()
        client.close()


def _forget_location(answer: httpx.Response) -> None:
    """No redirect is followed. The library reads its address all the same, and a malformed one would hide the status."""
    answer.headers.pop("Location", None)


def _read(answer: httpx.Response) -> bytes | None:
    body = bytearray()
    try:
        for part in answer.iter_bytes():
            body += part
            if len(body) > _MOST_BYTES:
                return None
    except httpx.HTTPError:
        return None
    return bytes(body)


def _judged(answer: _Answer) -> Outcome:
    if answer.positive and answer.is_page:  # of whatever stands at the address now: a login, an error page, a portal
        return Unwell("sms-not-a-gateway", perhaps_taken=True)
    if answer.positive and answer.is_error:
        return Unclear("sms-gateway-contradictory")
    if answer.positive:
        return Accepted(answer.receipt) if answer.whole else Unclear("sms-gateway-silent")
    if answer.status in _ABOUT_THE_MESSAGE:
        return NotAccepted(f"sms-{answer.status}", permanent=True)
    taken = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in _NOT_NOW
    return Unwell(
        f"sms-{answer.status}",
        retry_after=retry_after.wait(answer.retry_after, now=datetime.now(UTC)),
        perhaps_taken=taken,
    )
