"""The OIDC provider as seen from a service: its addresses and its keys.

Stays true: it fails closed. Keys older than `_MAX_AGE_SECONDS` are not believed, an unknown key id is looked up again
at most every `_AGAIN_SECONDS`, and a provider that cannot be reached means nobody is let in (503), never everybody.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.refusal import Refused
from shared.telemetry import log

AUDIENCE = "clearwater"
_ALGORITHMS = ["RS256", "ES256"]
_MAX_AGE_SECONDS, _AGAIN_SECONDS, _TIMEOUT_SECONDS = 900.0, 5.0, 5.0
_LEEWAY_SECONDS = 30
_NOT_OURS = (JoseError, ValueError, TypeError, RecursionError)  # joserfc trips over a header of another shape
_log = log.get(__name__)


class Provider:
    def __init__(self, issuer_url: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._seconds = issuer_url.rstrip("/"), seconds
        self._fetching = threading.Lock()
        self._found: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")

    def address(self, name: str) -> str:
        """`authorization_endpoint`, `token_endpoint`, `jwks_uri`, as the provider's discovery document says."""
        if not self._found:
            found = self._get(f"{self._issuer}/.well-known/openid-configuration")
            if found.get("issuer", "").rstrip("/") != self._issuer:
                raise Refused("identity-unavailable")
            self._found = found
        return str(self._found[name])

    def claims(self, token: str, *, audience: str = AUDIENCE) -> dict[str, Any]:
        """The claims of a token that is ours and still valid; Refused `token-invalid` otherwise."""
        try:
            decoded = self._decoded(token)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
        except _NOT_OURS as failure:
            raise Refused("token-invalid") from failure
        return decoded.claims

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint's answer to an authorization code."""
        try:
            answer = httpx.post(self.address("token_endpoint"), data=form, timeout=_TIMEOUT_SECONDS)
        except httpx.HTTPError as failure:
            raise Refused("identity-unavailable") from failure
        if answer.status_code != httpx.codes.OK:
            raise Refused("login-failed")
        told: dict[str, Any] = answer.json()
        return told

    def _decoded(self, token: str) -> jwt.Token:
        if (keys := self._believed()) is None:
            with self._fetching:
                keys = self._believed() or self._fetch()
        try:
            return jwt.decode(token, keys, algorithms=_ALGORITHMS)
        except _NOT_OURS:
            # Perhaps signed by a key newer than ours. One more look, at most every few seconds, whoever knocks.
            if (newer := self._newer()) is None:
                raise
            return jwt.decode(token, newer, algorithms=_ALGORITHMS)

    def _newer(self) -> KeySet | None:
        """None when it is too early to look again, or somebody is looking: nobody waits for a look that hangs."""
        if self._seconds() - self._tried_at < _AGAIN_SECONDS or not self._fetching.acquire(blocking=False):
            return None
        try:
            return self._fetch() if self._seconds() - self._tried_at >= _AGAIN_SECONDS else None
        finally:
            self._fetching.release()

    def _believed(self) -> KeySet | None:
        return self._keys if self._seconds() - self._fetched_at <= _MAX_AGE_SECONDS else None

    def _fetch(self) -> KeySet:
        """A provider that is down is asked once a second, not by every request."""
        now = self._seconds()
        if now - self._tried_at < 1:
            raise Refused("identity-unavailable")
        try:
            keys = KeySet.import_key_set(self._get(self.address("jwks_uri")))
        finally:
            self._tried_at = self._seconds()  # counted from its end: who waited for it does not ask anew
        self._keys, self._fetched_at = keys, now
        return keys

    def _get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        try:
            return httpx.get(url, timeout=_TIMEOUT_SECONDS).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as failure:
            _log.warning("identity provider unreachable", url=url, reason=str(failure))
            raise Refused("identity-unavailable") from failure
