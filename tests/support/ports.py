"""Ports of this machine for a test: one that is free, and one that refuses every connection."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from deploy.local.place import HOST

# Below the ports that the kernel gives to whoever connects or binds port 0 (from 32768), and below the installations of tests (from 20000).
_RANGE = (10_000, 17_000)
_drawn = random.SystemRandom()  # the order of a shuffled run is seeded; two workers must not draw the same ports


def free_port() -> int:
    """A port for a server that cannot choose one itself. No other server of the suite is given it by the kernel in between."""
    while True:
        port = _drawn.randrange(*_RANGE)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port on which nothing listens, now and until the block ends: it is bound, so that no other server can take it."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield int(bound.getsockname()[1])
