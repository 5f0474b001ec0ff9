"""The life of a process without HTTP of its own: its loops, its health server, its end.

Stays true: one loop dying ends the process (exit 1), after the others have finished their batch; the supervisor
restarts it. SIGTERM and SIGINT ask every loop to stop and wait for it.
"""

import signal
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.telemetry import log

Loop = Callable[[threading.Event], None]
_log = log.get(__name__)


class _Loops:
    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self.stop, self.failed = threading.Event(), threading.Event()
        # Daemons, so that one that will not stop cannot keep the process alive for ever.
        self.threads = [
            threading.Thread(target=self._run, args=each, name=each[0], daemon=True) for each in loops.items()
        ]

    def _run(self, name: str, loop: Loop) -> None:
        try:
            loop(self.stop)
        except BaseException:  # noqa: BLE001 - whatever it was, the process must not live on without this loop
            self.failed.set()
            _log.exception("loop died", loop=name)
        else:
            if not self.stop.is_set():
                self.failed.set()
                _log.error("loop ended without being asked", loop=name)
        self.stop.set()

    def end(self, grace_seconds: float) -> None:
        for thread in self.threads:
            thread.join(grace_seconds)
            if thread.is_alive():
                self.failed.set()
                _log.error("loop did not stop in time", loop=thread.name, grace_seconds=grace_seconds)


def run(
    role: str,
    loops: Mapping[str, Loop],
    *,
    health_port: int,
    ready: Callable[[], str | None] = lambda: None,
    grace_seconds: float = 20.0,
) -> None:
    """Returns after a signal, when every loop has stopped; raises SystemExit(1) when one died. To be called in the
    main thread.

    `ready` names what is missing before the role can work, None = nothing.
    """
    running = _Loops(loops)

    def asked(signum: int, _: FrameType | None) -> None:
        _log.info("asked to stop", role=role, signal=signal.Signals(signum).name)
        running.stop.set()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, asked)
    with ThreadingHTTPServer(("127.0.0.1", health_port), _health(running, ready)) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        for thread in running.threads:
            thread.start()
        _log.info("started", role=role, loops=list(loops))
        running.stop.wait()
        running.end(grace_seconds)
        server.shutdown()
    _log.info("stopped", role=role)
    if running.failed.is_set():
        raise SystemExit(1)


def _health(running: _Loops, ready: Callable[[], str | None]) -> type[BaseHTTPRequestHandler]:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/live":
                self._answer(200 if all(each.is_alive() for each in running.threads) else 503, b"")
            elif self.path == "/ready":
                missing = "stopping" if running.stop.is_set() else ready()
                self._answer(503 if missing else 200, (missing or "ready").encode())
            elif self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            else:
                self._answer(404, b"")

        def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            _log.debug("health", request=format % args)

    return Health
