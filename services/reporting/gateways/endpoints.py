"""The endpoints of agencies over HTTP: the handshake of CloudEvents, and events signed by Standard Webhooks.

OPTIONS  WebHook-Request-Origin, -Rate → 2xx with WebHook-Allowed-Origin, -Rate    (CloudEvents: HTTP 1.1 Web Hooks, section 4)
POST     webhook-id, -timestamp, -signature; one event, structured mode → 2xx; 410 ends it; all else is tried again

No redirect is followed, no answer is read beyond its first 64 KiB, and nothing of an answer but its status and three headers is used.
"""

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpcore
from standardwebhooks import Webhook

from services.reporting.domain.delivering import Outcome
from services.reporting.gateways import egress
from shared import retry_after
from shared.events import structured
from shared.telemetry import log

REQUESTED_RATE: Final = 6_000  # deliveries a minute
_MOST_BYTES: Final = 65_536
_ABOUT_THE_EVENT: Final = frozenset({400, 409, 413, 414, 415, 422, 451})
_log = log.get(__name__)
_KEPT: Final = 256  # connections that stay open between two deliveries


@dataclass(frozen=True)
class Greeting:
    """How a handshake ended. `rate`: deliveries a minute that the endpoint allows; None: as many as we like."""

    outcome: Outcome
    rate: int | None = None


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]

    @property
    def outcome(self) -> Outcome:
        if self.status in range(200, 300):
            return Outcome(status=self.status)
        redirect = self.status in range(300, 400)
        return Outcome(
            "redirect-not-followed" if redirect else f"http-{self.status}",
            of_endpoint=self.status not in _ABOUT_THE_EVENT,
            gone=self.status == HTTPStatus.GONE,
            retry_after=retry_after.wait(self.headers.get("retry-after", ""), now=datetime.now(UTC)),
            status=self.status,
        )


class Endpoints:
    """`origin`: the name under which this installation asks for permission. `proxy`: all goes through it, if one is named.

    `now`: the clock of the signatures.
    """

    def __init__(  # noqa: PLR0913 - the operator's settings
        self,
        *,
        origin: str,
        allowed: Iterable[str] = (),
        proxy: str = "",
        ca_file: str = "",
        seconds: float = 10.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origin, self._seconds, self._rules, self._now = origin, seconds, egress.Rules(allowed), now
        self._by_proxy = bool(proxy)
        self._http = httpcore.ConnectionPool(
            ssl.create_default_context(cafile=ca_file or None),
            proxy=httpcore.Proxy(proxy) if proxy else None,
            max_connections=None,  # one for each thread
            max_keepalive_connections=_KEPT,
            keepalive_expiry=30.0,
            network_backend=egress.Backend(None if proxy else self._rules),
        )

    def greet(self, url: str) -> Greeting:
        headers = {"WebHook-Request-Origin": self._origin, "WebHook-Request-Rate": str(REQUESTED_RATE)}
        answer = self._exchanged("OPTIONS", url, headers)
        if isinstance(answer, Outcome):
            return Greeting(answer)
        if not answer.outcome.delivered:
            return Greeting(answer.outcome)
        if answer.headers.get("webhook-allowed-origin", "").strip() not in (self._origin, "*"):
            return Greeting(Outcome("handshake-refused", of_endpoint=True, status=answer.status))
        rate = answer.headers.get("webhook-allowed-rate", str(REQUESTED_RATE)).strip()
        if rate == "*":
            return Greeting(answer.outcome)
        if not (rate.isascii() and rate.isdecimal() and int(rate[:9]) > 0):
            return Greeting(Outcome("handshake-rate-malformed", of_endpoint=True, status=answer.status))
        return Greeting(answer.outcome, int(rate[:9]))

    def post(self, url: str, body: bytes, *, event_id: str, secrets: Sequence[bytes]) -> Outcome:
        """`secrets`: one signature for each."""
        sent_at, content = self._now(), body.decode()
        signatures = [Webhook(secret).sign(event_id, sent_at, content) for secret in secrets]
        headers = {
            "Content-Type": f"{structured.CONTENT_TYPE}; charset=utf-8",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        answer = self._exchanged("POST", url, headers, body)
        outcome = answer if isinstance(answer, Outcome) else answer.outcome
        return replace(outcome, taken=egress.wrote())

    def close(self) -> None:
        self._http.close()

    def _exchanged(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> _Answer | Outcome:
        try:
            plain = urlsplit(url).scheme != "https"
            if self._by_proxy:
                self._check_without_looking_up(url, plain=plain)
            with egress.attempt(seconds=self._seconds, plain=plain):
                return self._answer(method, url, {"User-Agent": "Clearwater", **headers}, body)
        except egress.Barred as refusal:
            return Outcome(refusal.code, of_endpoint=True)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as failure:
            return Outcome(_code(failure), of_endpoint=True)
        except (httpcore.ProxyError, httpcore.UnsupportedProtocol):
            return Outcome("connect-failed", of_endpoint=True)
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with this address, it is a failure of this endpoint
            _log.warning("endpoint cannot be called", failure=type(failure).__name__)
            return Outcome("not-callable", of_endpoint=True)

    def _answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        with self._http.stream(method, url, headers=list(headers.items()), content=body) as answer:
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            read = 0
            for part in answer.iter_stream():
                read += len(part)
                if read > _MOST_BYTES:
                    break  # leaving the block closes the connection
            return _Answer(answer.status, found)

    def _check_without_looking_up(self, url: str, *, plain: bool) -> None:
        """The proxy looks the name up, and connects; an address written as such is checked here too. Raises egress.Barred."""
        if address := egress.written(urlsplit(url).hostname or ""):
            self._rules.check(address, plain=plain)
        elif plain:
            raise egress.Barred("plain-http-refused")


def _code(failure: Exception) -> str:
    if failure.args and isinstance(failure.args[0], ssl.SSLError):  # httpcore's pool cuts the chain of causes
        return "tls-failed"
    if isinstance(failure, httpcore.TimeoutException):
        return "timed-out"
    if isinstance(failure, httpcore.ConnectError):
        return "connect-failed"
    return "answer-broken" if isinstance(failure, httpcore.ProtocolError) else "connection-lost"
