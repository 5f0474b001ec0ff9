"""The worker that serves an API: it reads a whole request before a thread sees it, and gives a slow one up (decision 17).

gunicorn starts it, watches it and starts it again; waitress holds its connections, in one loop, in memory or on disk. So a
client that never finishes its request, or never takes its answer, costs a connection and no thread. Invariant: a header
arrives within HEADER_SECONDS and its body within BODY_SECONDS, counted from the first byte, or the connection is closed.
"""

import logging
import os
import resource
import time
from typing import Any

import gunicorn.workers.base  # type: ignore[import-untyped]  # no types of its own
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

HEADER_SECONDS, BODY_SECONDS = 10.0, 60.0
IDLE_SECONDS = 90  # longer than the front door keeps a connection that it uses again
_MOST_CONNECTIONS, _FILES_BESIDE = 2000, 200
_LONGEST_HEADER, _LARGEST_BODY = 32_768, 67_108_864  # the application's own limit, which is lower, answers in its words
_LARGEST_ANSWER = 1 << 30  # on disk beyond the first megabyte
_LOOK_SECONDS = 0.5


class Buffering(gunicorn.workers.base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """`threads` requests are carried out at once; all others wait outside."""

    def run(self) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for a thread
        connections: dict[int, Any] = {}
        server = create_server(
            self.wsgi,
            map=connections,
            sockets=[listener.sock for listener in self.sockets],
            threads=self.cfg.threads,
            ident=None,
            connection_limit=_allowed_connections(),
            channel_timeout=IDLE_SECONDS,
            max_request_header_size=_LONGEST_HEADER,
            max_request_body_size=_LARGEST_BODY,
            outbuf_high_watermark=_LARGEST_ANSWER,  # beyond it a thread would wait for its reader
            clear_untrusted_proxy_headers=False,  # front.py takes them off
            asyncore_use_poll=True,
        )
        slow = _Slow(connections)
        while self.alive and self.ppid == os.getppid():
            self._turn(connections)
            slow.close()
        self._end(server, connections)

    def _turn(self, connections: dict[int, Any]) -> None:
        """Serves for _LOOK_SECONDS, and tells gunicorn that this process is alive."""
        self.notify()
        until = time.monotonic() + _LOOK_SECONDS
        while time.monotonic() < until:
            wasyncore.loop(timeout=_LOOK_SECONDS, use_poll=True, map=connections, count=1)

    def _end(self, server: Any, connections: dict[int, Any]) -> None:  # noqa: ANN401 - waitress has no types
        """Finishes the requests under way, within the time that gunicorn gives; takes no new ones."""
        patience = time.monotonic() + self.cfg.graceful_timeout
        for listener in [connection for connection in connections.values() if isinstance(connection, BaseWSGIServer)]:
            wasyncore.dispatcher.close(listener)
        while time.monotonic() < patience and (open_channels := _channels(connections)):
            for channel in open_channels:
                channel.will_close |= not (channel.requests or channel.total_outbufs_len)
            self._turn(connections)
        server.task_dispatcher.shutdown()


class _Slow:
    """Remembers when each request began to arrive."""

    def __init__(self, connections: dict[int, Any]) -> None:
        self._connections = connections
        self._began: dict[Any, float] = {}

    def close(self) -> None:
        now = time.monotonic()
        arriving = {channel.request: channel for channel in _channels(self._connections) if channel.request is not None}
        self._began = {request: self._began.get(request, now) for request in arriving}
        for request, channel in arriving.items():
            allowed = BODY_SECONDS if request.headers_finished else HEADER_SECONDS
            channel.will_close |= now - self._began[request] > allowed


def _channels(connections: dict[int, Any]) -> list[HTTPChannel]:
    return [connection for connection in connections.values() if isinstance(connection, HTTPChannel)]


def _allowed_connections() -> int:
    """The limit of open files of this process, less the files that it needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _FILES_BESIDE
    if hard == resource.RLIM_INFINITY or hard > soft:
        soft = max(soft, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(_MOST_CONNECTIONS, soft - _FILES_BESIDE), 1)
