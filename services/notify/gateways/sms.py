"""Text messages through an HTTP gateway that takes our key as its own: the same key twice is one message, and it can
be asked.

POST {url}                 {"message_key", "to", "text"} → 2xx {"receipt_id"}
                           400, 409, 413, 414, 422, 451: this message is refused for good
                           3xx and every other 4xx, 503: about us, not taken; 5xx: about them, perhaps taken. Retry-After counts
GET  {url}/{message_key}   → 200 {"receipt_id"}; 404 {"error": "unknown-message"} never arrived; all else: it cannot tell
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways.receipts import readable

_ABOUT_THE_MESSAGE: Final = frozenset({400, 409, 413, 414, 422, 451})
_NOT_NOW: Final = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_IMPLEMENTED)
# Nothing of the request has left this machine, or the address is none.
_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_KEPT: Final = httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=30.0)


class Sms:
    """`token`: sent as a bearer token; empty where the gateway asks for none."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(timeout=timeout_seconds, trust_env=False, limits=_KEPT, headers=headers)

    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        try:
            answer = self._http.post(self._url, json={"message_key": message_key, "to": address, "text": text.body})
        except _BEFORE_SENDING:
            return Unwell("sms-gateway-unreachable")
        except httpx.HTTPError:
            return Unclear("sms-gateway-silent")
        except UnicodeError:
            return NotAccepted("sms-not-writable", permanent=True)
        return _judged(answer)

    def ask(self, message_key: str) -> Accepted | NotAccepted | None:
        try:
            answer = self._http.get(f"{self._url}/{message_key}")
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        if answer.is_success:
            return Accepted(_receipt(answer))
        # Any server says 404 of an address it does not serve; only this one has looked for the message.
        if answer.status_code == HTTPStatus.NOT_FOUND and _told(answer, "error") == "unknown-message":
            return NotAccepted("sms-never-arrived", permanent=False)
        return None


def _judged(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if answer.is_success:
        return Accepted(_receipt(answer))
    if status in _ABOUT_THE_MESSAGE:
        return NotAccepted(f"sms-{status}", permanent=True)
    taken = answer.is_server_error and status not in _NOT_NOW
    return Unwell(f"sms-{status}", retry_after=_retry_after(answer), perhaps_taken=taken)


def _retry_after(answer: httpx.Response) -> timedelta | None:
    """Seconds or an instant (RFC 9110, section 10.2.3); what is neither is passed over."""
    given = answer.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdecimal():
        return timedelta(seconds=min(int(given[:12]), 10**9))
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)


def _receipt(answer: httpx.Response) -> str:
    """The gateway's name for it; its status where it gives none, for the status already said that it was taken."""
    return _told(answer, "receipt_id") or f"sms-{answer.status_code}"


def _told(answer: httpx.Response, name: str) -> str:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return ""
    return readable(told.get(name, "")) if isinstance(told, dict) else ""
