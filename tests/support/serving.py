"""Applications on real sockets, in threads of the test run, and a caller who hangs up."""

import socket
import struct
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
    """The minimal settings of an application."""

    issuer_url: str
    public_url: str = "http://localhost"
    session_secret: str = "only-for-tests"
    issuer_internal_url: str = ""
    oidc_client_id: str = "clearwater-pages"
    oidc_client_secret: str = ""
    front_door_secret: str = ""
    services: str = "kit"
    otel_exporter_otlp_endpoint: str = ""


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


def dropped(url: str, path: str, headers: dict[str, str], body: bytes) -> None:
    """Posts JSON and hangs up at once, before any answer."""
    host, port = url.removeprefix("http://").split(":")
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@contextmanager
def _server(app: Flask) -> Iterator[BaseWSGIServer]:
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _url(server: BaseWSGIServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"
