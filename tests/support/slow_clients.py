"""Clients that begin a request and never finish it."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

_HALF = {
    "header": "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Ty",
    "body": "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{{",
    "nothing": "",
}
KINDS = tuple(_HALF)


@contextmanager
def connected(url: str, kind: str, *, many: int) -> Iterator[list[socket.socket]]:
    """So many connections to the address, each with half a request of that kind."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    half = _HALF[kind].format(path=parts.path or "/", host=parts.netloc).encode()
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((host, port), timeout=10)) for _ in range(many)]
        for project in opened:
            project.sendall(half)
        yield opened


def given_up(connection: socket.socket, *, seconds: float) -> bool:
    """Whether the other side ends its waiting within so many seconds, with an answer or by closing."""
    connection.settimeout(seconds)
    try:
        connection.recv(4096)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True
