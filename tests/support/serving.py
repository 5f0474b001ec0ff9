"""Applications on real sockets, in threads of the test run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, request
from werkzeug.serving import BaseWSGIServer, make_server

from deploy.local import issuer as local_issuer


@dataclass(frozen=True)
class Settings:
    """The least that an application is told."""

    issuer_url: str
    public_url: str = "http://localhost"
    session_secret: str = "only-for-tests"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application at its address."""
    with _server(app) as server:
        yield _url(server)


@contextmanager
def issuing(local_dir: Path, seen: list[str] | None = None) -> Iterator[str]:
    """An issuer of its own, at its address; `seen` collects the paths it is asked for."""
    with _server(Flask("not yet")) as server:
        server.app = local_issuer.create(local_dir, issuer=_url(server))
        if seen is not None:
            server.app.before_request(lambda: seen.append(request.path))
        yield _url(server)


@contextmanager
def _server(app: Flask) -> Iterator[BaseWSGIServer]:
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _url(server: BaseWSGIServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"
