"""gunicorn, embedded: threads behind a buffer (buffering.py) for the API, greenlets for live streams, which hold their
connection for hours.

A stream's process calls `cooperative()` before it imports anything else: psycopg, too, decides how to wait when it is
imported. For that reason this module does not import psycopg. Never use gevent in a process that talks to Kafka.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gunicorn.app.base  # type: ignore[import-untyped]  # no types of its own
import gunicorn.glogging  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from flask import Flask

_GRACE_SECONDS = 20


def cooperative() -> None:
    """Patches the standard library for gevent. The first statement of `python -m services.<service> stream`."""
    from gevent import monkey  # noqa: PLC0415 - only this role has gevent installed

    monkey.patch_all()


def serve(create_app: "Callable[[], Flask]", *, bind: str, port: int, threads: int = 8, streams: int = 0) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are finished. One worker process, restarted when it dies.

    `threads` at most the size of the engine's pool, or requests queue for connections instead of for threads.
    `streams` = how many live streams at once, on gevent.
    """
    kind = (
        {"worker_class": "gevent", "worker_connections": streams}
        if streams
        else {"worker_class": "shared.service.buffering.Buffering", "threads": threads}
    )
    _Embedded(
        create_app,
        {
            "bind": f"{bind}:{port}",
            "workers": 1,
            "graceful_timeout": _GRACE_SECONDS,
            "timeout": 60,
            "keepalive": 5,  # of a stream: also the seconds in which its request must have arrived
            "logger_class": _Logger,
            "child_exit": _forget_metrics,
            "worker_exit": _send_spans,
            "control_socket_disable": True,
            **kind,
        },
    ).run()


class _Logger(gunicorn.glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines go where all lines go (log.py); requests are logged by the application, with their route."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401, ARG002 - gunicorn's signature
        self.error_log.propagate = True
        self.error_log.handlers.clear()

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:  # noqa: ANN401
        """Silent: see factory.py."""


class _Embedded(gunicorn.app.base.BaseApplication):  # type: ignore[misc]
    def __init__(self, create_app: "Callable[[], Flask]", options: dict[str, Any]) -> None:
        self._create_app, self._options = create_app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> "Flask":
        # In the worker, after the fork: connections must not be shared between processes.
        return self._create_app()


def _send_spans(_: Any, __: Any) -> None:  # noqa: ANN401 - gunicorn's arbiter and worker
    from shared.telemetry import spans  # noqa: PLC0415 - after `cooperative`

    spans.stop()


def _forget_metrics(_: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn's arbiter and worker
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess  # noqa: PLC0415 - reads the variable when imported

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
