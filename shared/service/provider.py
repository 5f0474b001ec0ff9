"""The OIDC provider as seen from a service: its addresses and its keys.

Invariant: it fails closed. Keys older than `_MAX_AGE_SECONDS` are not believed, an unknown key id is looked up again
at most every `_AGAIN_SECONDS`, and while the provider cannot be reached, every request is refused (503).
Keys of a kind that we cannot use are passed over. Left to others: the code flow of a browser (login.py).
"""

import ssl
import threading
import time
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from shared.refusal import Refused
from shared.telemetry import log, metrics

AUDIENCE = "clearwater"
_ALGORITHMS, _KINDS = ["RS256", "ES256"], frozenset({"RSA", "EC"})
_MAX_AGE_SECONDS, _AGAIN_SECONDS, _TIMEOUT_SECONDS = 900.0, 5.0, 5.0
_LEEWAY_SECONDS = 30
_NOT_OURS = (JoseError, ValueError, TypeError, RecursionError, OverflowError)  # joserfc trips over other shapes
Verify = Callable[[str], jwt.Token]
_log = log.get(__name__)


class Provider:
    def __init__(
        self, issuer_url: str, *, internal_url: str = "", seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """`issuer_url` is the provider's name, as tokens and browsers know it; `internal_url` is where this process
        reaches it, when that is another address.
        """
        self._issuer, self._seconds = issuer_url.rstrip("/"), seconds
        self._reached_at = internal_url.rstrip("/") or self._issuer
        self._fetching = threading.Lock()
        self._found: dict[str, Any] = {}
        self._keys: Verify | None = None
        self._fetched_at = self._tried_at = float("-inf")

    def address(self, name: str) -> str:
        """`authorization_endpoint`, `token_endpoint`, `jwks_uri`, as the provider's discovery document says."""
        found = self.offers(name)
        if not found:
            _log.error("the provider's discovery document lacks an address", name=name)
            metrics.IDENTITY_FAILED.labels("address").inc()
            raise Refused("identity-unavailable")
        return found

    def offers(self, name: str) -> str:
        """The same for what a provider may leave out, such as `end_session_endpoint`: empty then."""
        if not self._found:
            found = self._get(f"{self._reached_at}/.well-known/openid-configuration")
            if not isinstance(found, dict) or str(found.get("issuer", "")).rstrip("/") != self._issuer:
                _log.error("the provider's discovery document is of another issuer", issuer=self._issuer)
                metrics.IDENTITY_FAILED.labels("issuer").inc()
                raise Refused("identity-unavailable")
            self._found = found
        return str(self._found.get(name) or "")

    def claims(self, token: str, *, audience: str = AUDIENCE, fresh: bool = False) -> dict[str, Any]:
        """The claims of a token that is ours and still valid; Refused `token-invalid` otherwise, `clock-skewed` when it
        would be valid by the provider's clock only. `fresh`: the provider has issued it a moment ago.
        """
        try:
            decoded = self._decoded(token)
            _hold_to_clock(decoded.claims, fresh=fresh)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
        except _NOT_OURS as failure:
            raise Refused("token-invalid") from failure
        return decoded.claims

    def _decoded(self, token: str) -> jwt.Token:
        if (keys := self._believed()) is None:
            with self._fetching:
                keys = self._believed() or self._fetch()
        try:
            return keys(token)
        except _NOT_OURS:
            # The key may be newer than ours: look once more, at most every few seconds.
            if (newer := self._newer()) is None:
                raise
            return newer(token)

    def _newer(self) -> Verify | None:
        """None when it is too early to look again, or another thread is looking: no request waits for a look that hangs."""
        if self._seconds() - self._tried_at < _AGAIN_SECONDS or not self._fetching.acquire(blocking=False):
            return None
        try:
            return self._fetch() if self._seconds() - self._tried_at >= _AGAIN_SECONDS else None
        finally:
            self._fetching.release()

    def _believed(self) -> Verify | None:
        return self._keys if self._seconds() - self._fetched_at <= _MAX_AGE_SECONDS else None

    def _fetch(self) -> Verify:
        """While the provider is down, one request a second tries it, not every request."""
        now = self._seconds()
        if now - self._tried_at < 1:
            raise Refused("identity-unavailable")
        try:
            keys = _verifying(_usable(self._get(self.address("jwks_uri"))))
        finally:
            self._tried_at = self._seconds()  # counted from its end: a request that waited for it does not look again
        self._keys, self._fetched_at = keys, now
        return keys

    def _get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        try:
            return httpx.get(url, timeout=_TIMEOUT_SECONDS, verify=_trusted()).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as failure:
            _log.warning("identity provider unreachable", url=url, reason=str(failure))
            metrics.IDENTITY_FAILED.labels("unreachable").inc()
            raise Refused("identity-unavailable") from failure


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that this process trusts, read once: reading them takes longer than a request."""
    return httpx.create_ssl_context()


def _verifying(keys: KeySet) -> Verify:
    """Remembers the tokens that these keys have signed. What the clock says of their claims is looked at for each request."""
    return lru_cache(maxsize=1_000)(partial(jwt.decode, key=keys, algorithms=_ALGORITHMS))


def _usable(document: Any) -> KeySet:  # noqa: ANN401 - JSON
    """The keys that our algorithms can use. Others belong to other readers of the set (RFC 7517, section 5)."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys = [key for jwk in (listed if isinstance(listed, list) else ()) if (key := _key(jwk)) is not None]
    if not keys:
        _log.error("the provider has published no key that we can use")
        metrics.IDENTITY_FAILED.labels("keys").inc()
        raise Refused("identity-unavailable")
    return KeySet(keys)


def _key(published: Any) -> Key | None:  # noqa: ANN401 - JSON
    kid = published.get("kid") if isinstance(published, dict) else None
    try:
        if published["kty"] in _KINDS and published.get("use", "sig") == "sig":
            return JWKRegistry.import_key(published)
        reason = "of another kind or use"
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as failure:
        reason = f"{type(failure).__name__}: {failure}"
    _log.info("a key of the provider is passed over", kid=str(kid), reason=reason)
    return None


def _hold_to_clock(claims: dict[str, Any], *, fresh: bool) -> None:
    """A token from the future, or one that has lapsed on its way: the clocks differ, and a new token will not help."""
    now = time.time()
    begins = max(
        (float(claims[name]) for name in ("iat", "nbf") if isinstance(claims.get(name), int | float)), default=now
    )
    ends = float(claims["exp"]) if fresh and isinstance(claims.get("exp"), int | float) else now
    seconds = begins - now if begins > now + _LEEWAY_SECONDS else ends - now if ends < now - _LEEWAY_SECONDS else 0
    if seconds:
        _log.error("this clock and the provider's differ", seconds=round(seconds))
        metrics.IDENTITY_FAILED.labels("clock").inc()
        raise Refused("clock-skewed", seconds=round(seconds))
