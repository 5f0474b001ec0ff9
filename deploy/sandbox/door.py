"""The player's HTTP: tokens, the feed and the snapshot, at the paths of the product's front door.

Left to others: what is answered (pull.py). Server-sent events are not played: a subscriber under test pulls.
"""

import base64
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from deploy.sandbox.feed import Answer, FeedRequest, refusal
from services.reporting.api.exchange import FeedQuery
from shared.refusal import Refused

_CLIENT = "agency-sandbox"


class Door(ThreadingHTTPServer):
    """`variables`: for the environment of the subscriber (docs/how-to/subscribe.md, section 1)."""

    daemon_threads = True

    def __init__(self, bind: tuple[str, int], *, district: str) -> None:
        super().__init__(bind, _Handler)
        self.refused = ""  # the last request that was no right one
        self.answer: Callable[[FeedRequest], Answer] = lambda _: refusal(503, "starting", Retry_After="1")
        self._secret, self._tokens, self._lock = secrets.token_urlsafe(24), set[str](), threading.Lock()
        self.paths = {
            f"/api/reporting/v1/districts/{district}/feed": "feed",
            f"/api/reporting/v1/districts/{district}/snapshot": "snapshot",
        }
        address = f"http://{bind[0]}:{self.server_port}"
        self.variables: Mapping[str, str] = {
            "CLEARWATER_URL": address,
            "CLEARWATER_TOKEN_URL": f"{address}/token",
            "CLEARWATER_CLIENT": _CLIENT,
            "CLEARWATER_SECRET": self._secret,
            "CLEARWATER_DISTRICT": district,
        }

    def handle_error(self, *_: object) -> None:
        """A subscriber that hangs up is judged by what it asks next."""

    def expire(self) -> None:
        """Ends every token that was given."""
        with self._lock:
            self._tokens.clear()

    def knows(self, authorization: str) -> bool:
        with self._lock:
            return authorization.removeprefix("Bearer ") in self._tokens

    def token(self, authorization: str, form: Mapping[str, list[str]]) -> str | None:
        """RFC 6749, section 4.4: by Basic or in the form. None: not our client."""
        basic = base64.b64encode(f"{_CLIENT}:{self._secret}".encode()).decode()
        by_form = (form.get("client_id"), form.get("client_secret")) == ([_CLIENT], [self._secret])
        if form.get("grant_type") != ["client_credentials"] or not (authorization == f"Basic {basic}" or by_form):
            return None
        given = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens.add(given)
        return given


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Door

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        given = self.server.token(self.headers.get("Authorization", ""), form)
        if given is None or urlsplit(self.path).path != "/token":
            self._send(refusal(401, "invalid_client"))
            return
        body = f'{{"access_token": "{given}", "token_type": "Bearer", "expires_in": 300}}'.encode()
        self._send(Answer(200, {"Content-Type": "application/json"}, body))

    def do_GET(self) -> None:
        at, split = time.monotonic(), urlsplit(self.path)
        path, query = self.server.paths.get(split.path), parse_qs(split.query)
        if path is None:
            self._send(refusal(404, "not-found"))
        elif not self.server.knows(self.headers.get("Authorization", "")):
            self._send(refusal(401, "token-invalid"))
        else:
            self._play("snapshot" if path == "snapshot" else "feed", query, at)

    def _play(self, path: str, query: Mapping[str, list[str]], at: float) -> None:
        """The product's own rules say what may be asked."""
        lists = {"types"}
        try:
            wanted = FeedQuery.model_validate(
                {name: values if name in lists else values[-1] for name, values in query.items()}
            )
            request = FeedRequest(
                path="snapshot" if path == "snapshot" else "feed",
                cursor=wanted.after or "",
                types=frozenset(wanted.types),
                limit=wanted.limit,
                wait=wanted.wait,
                at=at,
            )
            request.check()
        except (Refused, ValidationError):
            self.server.refused = f"It asked {self.path}, which the product refuses."
            self._send(refusal(400, "request-invalid"))
            return
        self._send(self.server.answer(request))

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.cut:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
            return
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
