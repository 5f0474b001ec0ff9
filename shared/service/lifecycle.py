"""The life of a process without HTTP of its own: its loops, its health server, its end.

Invariant: one loop dying ends the process (exit 1), after the others have finished their batch; the supervisor
restarts it. SIGTERM and SIGINT ask every loop to stop and wait for it.
"""

import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from wsgiref.types import WSGIApplication

from werkzeug.serving import make_server

from shared.service import health
from shared.service.health import Ready
from shared.telemetry import log, spans

Loop = Callable[[threading.Event], None]
_GRACE_SECONDS = 12.0  # longer than a publish, shorter than the 15 after which a supervisor kills
_log = log.get(__name__)


class _Loops:
    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self.stop, self.failed = threading.Event(), threading.Event()
        # Daemon threads: a loop that does not stop cannot keep the process alive.
        self.threads = [
            threading.Thread(target=self._run, args=loop, name=loop[0], daemon=True) for loop in loops.items()
        ]

    def _run(self, name: str, loop: Loop) -> None:
        try:
            loop(self.stop)
        except BaseException:  # noqa: BLE001 - whatever failed, the process must not go on without this loop
            self.failed.set()
            _log.exception("loop died", loop=name)
        else:
            if not self.stop.is_set():
                self.failed.set()
                _log.error("loop ended without being asked", loop=name)
        self.stop.set()

    def end(self) -> None:
        for thread in self.threads:
            thread.join(_GRACE_SECONDS)
            if thread.is_alive():
                self.failed.set()
                _log.error("loop did not stop in time", loop=thread.name, grace_seconds=_GRACE_SECONDS)


def run(
    role: str, loops: Mapping[str, Loop], *, health_port: int, bind: str = "127.0.0.1", ready: Ready = lambda: None
) -> None:
    """Returns after a signal, when every loop has stopped; raises SystemExit(1) when one died. To be called in the
    main thread.

    `ready` names what is missing before the role can work, None = nothing.
    """
    running = _Loops(loops)

    def on_signal(signum: int, _: FrameType | None) -> None:
        _log.info("asked to stop", role=role, signal=signal.Signals(signum).name)
        running.stop.set()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, on_signal)
    with make_server(bind, health_port, _health(running, ready), threaded=True) as server:
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        for thread in running.threads:
            thread.start()
        _log.info("started", role=role, loops=list(loops))
        running.stop.wait()
        running.end()
        server.shutdown()
    spans.stop()
    _log.info("stopped", role=role)
    if running.failed.is_set():
        raise SystemExit(1)


def _health(running: _Loops, ready: Ready) -> WSGIApplication:
    return health.application(
        health.routes(
            lambda: "stopping" if running.stop.is_set() else ready(),
            lambda: all(thread.is_alive() for thread in running.threads),
        )
    )
