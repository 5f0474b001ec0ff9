"""Text messages through an HTTP gateway that takes our key as its own: the same key twice is one message, and it can
be asked.

POST {url}                 {"message_key", "to", "text"} → 2xx {"receipt_id"}; 4xx refused for good; 429, 503 not now
GET  {url}/{message_key}   → 200 {"receipt_id"}; 404 {"error": "unknown-message"} never arrived; all else: it cannot tell
"""

from http import HTTPStatus

import httpx

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear
from services.notify.domain.wording import Text

_NOT_NOW = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# Nothing of the request has left this machine.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Sms:
    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self._url, self._http = url.rstrip("/"), httpx.Client(timeout=timeout_seconds, trust_env=False)

    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        try:
            answer = self._http.post(self._url, json={"message_key": message_key, "to": address, "text": text.body})
        except _BEFORE_SENDING:
            return NotAccepted("sms-gateway-unreachable", permanent=False)
        except httpx.HTTPError:
            return Unclear("sms-gateway-silent")
        if answer.is_success:
            return Accepted(_receipt(answer))
        if answer.status_code in _NOT_NOW:
            return NotAccepted(f"sms-{answer.status_code}", permanent=False)
        if answer.is_client_error:
            return NotAccepted(f"sms-{answer.status_code}", permanent=True)
        return Unclear(f"sms-{answer.status_code}")

    def ask(self, message_key: str) -> Accepted | NotAccepted | None:
        try:
            answer = self._http.get(f"{self._url}/{message_key}")
        except httpx.HTTPError:
            return None
        if answer.is_success:
            return Accepted(_receipt(answer))
        # Any server says 404 of an address it does not serve; only this one has looked for the message.
        if answer.status_code == HTTPStatus.NOT_FOUND and _told(answer, "error") == "unknown-message":
            return NotAccepted("sms-never-arrived", permanent=False)
        return None


def _receipt(answer: httpx.Response) -> str:
    """The gateway's name for it; its status where it gives none, for the status already said that it was taken."""
    return _told(answer, "receipt_id") or f"sms-{answer.status_code}"


def _told(answer: httpx.Response, name: str) -> str:
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get(name, ""))[:80] if isinstance(told, dict) else ""
