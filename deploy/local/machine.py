"""Checks whether this machine can start the platform, before anything is started. A refusal is one line that says what to do."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from deploy.declaration import PORTS
from deploy.local.place import HOST, CannotStart, Place

_PYTHON = (3, 11)
_FREE_BYTES = 1_000_000_000  # Kafka's log segments, two databases' worth of write-ahead log, and air


def _free_bytes(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def check(place: Place, processes: Iterable[str] = PORTS, *, free_bytes: Callable[[Path], int] = _free_bytes) -> None:
    """Raises CannotStart."""
    if sys.version_info < _PYTHON:
        raise CannotStart(f"Python {sys.version.split()[0]} is too old: use 3.11 or newer (make PYTHON=python3.11).")
    _space(place, free_bytes)
    for process in processes:
        _port(place, process)


def _space(place: Place, free_bytes: Callable[[Path], int]) -> None:
    try:
        place.local_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=place.local_dir):  # the directory may exist already and belong to another user
            free = free_bytes(place.local_dir)
    except OSError as error:
        raise CannotStart(
            f"{place.local_dir} cannot be made or written ({error.strerror}): set LOCAL_DIR to a place you may write."
        ) from error
    if free < _FREE_BYTES:
        raise CannotStart(
            f"{place.local_dir} has {free // 1_000_000} MB free and {_FREE_BYTES // 1_000_000} MB are needed: "
            "free some, or set LOCAL_DIR to a larger disk."
        )


def _port(place: Place, process: str) -> None:
    port = place.port(process)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            raise CannotStart(
                f"Port {port}, wanted for {process}, is taken by {_holder(port)}: stop that, or set PORT_BASE to another base."
            ) from None


def _holder(port: int) -> str:
    try:
        held = [
            connection
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1] == port
        ]
        names = {
            f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            for connection in held
            if connection.pid
        }
    except psutil.Error:
        names = set()
    return ", ".join(sorted(names)) or "a process of another user"
