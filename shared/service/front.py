"""How an application stands behind the front door (decision 17): what it believes of it, and what it calls itself there.

Behind the door all services share one address, so the API of each has a name in it: /api/registry/v1 there is /api/v1
here; both are understood, on the direct port too. Invariant: a forwarded header counts only beside the secret that the
front door shows; pages are drawn at the public address only, and a direct port leads there.
"""

from collections.abc import Callable, Iterable
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

_SHOWN = "HTTP_CLEARWATER_FRONT_DOOR"
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_REAL_IP", *(f"HTTP_X_FORWARDED_{name}" for name in ("HOST", "PORT", "PREFIX")))
_OWN, _ASKED = "/api/v1", "clearwater.api"
_DIRECT = ("/api/", "/static/", "/live", "/ready", "/metrics")


def stand_behind(app: Flask, *, public_url: str, secret: str) -> None:
    app.wsgi_app = Door(app.wsgi_app, name=app.name, secret=secret)  # type: ignore[method-assign]
    own_host = urlsplit(public_url).netloc

    @app.before_request
    def lead_to_the_front_door() -> Response | None:
        if request.method not in {"GET", "HEAD"} or request.host == own_host or request.path.startswith(_DIRECT):
            return None
        return redirect(public_url.rstrip("/") + request.full_path.rstrip("?"))

    @app.context_processor
    def addresses() -> dict[str, Any]:
        """`api("/units")` in a template: an address that holds behind the door and on the direct port."""
        return {"api": lambda path: f"/api/{app.name}/v1{path}"}


def api_prefix() -> str:
    """The prefix of the API's paths, as the sender of this request addresses them."""
    return str(request.environ.get(_ASKED, _OWN))


class Door:
    """WSGI: removes the forwarded headers of every request, and uses those that the front door has set."""

    def __init__(self, app: Wsgi, *, name: str, secret: str) -> None:
        self._app, self._secret, self._api = app, secret.encode(), f"/api/{name}/v1"

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI has no type for it
        shown = str(environ.pop(_SHOWN, "")).encode("latin-1", "replace")
        client, scheme = (str(environ.pop(f"HTTP_X_FORWARDED_{name}", "")) for name in ("FOR", "PROTO"))
        for name in _FORWARDED:
            environ.pop(name, None)
        if self._secret and compare_digest(shown, self._secret):
            environ["REMOTE_ADDR"] = client.rpartition(",")[2].strip() or environ.get("REMOTE_ADDR", "")
            environ["wsgi.url_scheme"] = scheme if scheme in {"http", "https"} else environ["wsgi.url_scheme"]
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{self._api}/"):
            environ["PATH_INFO"], environ[_ASKED] = _OWN + path[len(self._api) :], self._api
        return self._app(environ, start_response)
