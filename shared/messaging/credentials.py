"""How a process connects to the broker, and the proof that no client can connect without credentials.

Invariant: no client is built on a broker address that serves an unknown client, unless KAFKA_ALLOW_ANONYMOUS says that this is for
development. Left to others: the clients (kafka.py), who may do what (deploy/local/access.py, the broker's ACLs).
"""

import socket
import ssl
import struct
import time
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from shared.messaging.ports import Unavailable

Connection = Mapping[str, Any]  # what every client of kafka-python takes
Security = Literal["SASL_PLAINTEXT", "SASL_SSL"]

MECHANISM = "SCRAM-SHA-512"
_SECONDS = 3.0
_PORT = 9092  # Kafka's own, where the address names none
# A question that every broker answers, for no topic at all: Metadata, version 1, without a client's name.
_QUESTION = struct.pack(">hhihi", 3, 1, 0, -1, 0)


class Anonymous(Exception):  # noqa: N818 - names the state found
    """The broker serves unknown clients: anybody who reaches it can read and forge every event."""


def connection(  # noqa: PLR0913 - the settings, by name
    bootstrap: str,
    *,
    user: str,
    password: str,
    security: Security = "SASL_PLAINTEXT",
    ca_file: str = "",
    allow_anonymous: bool = False,
    mechanism: str = MECHANISM,
) -> Connection:
    """`ca_file`: whose certificates are believed; empty means those of the machine. Raises Anonymous without a user."""
    made = {"bootstrap_servers": bootstrap, "security_protocol": security, "ssl_cafile": ca_file or None}
    if user:
        return made | {"sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    if not allow_anonymous:
        raise Anonymous("KAFKA_USER is empty; only KAFKA_ALLOW_ANONYMOUS=development lets a process open the broker so")
    return made | {"security_protocol": security.removeprefix("SASL_")}


def prove(connection: Connection) -> None:
    """Raises Anonymous, or Unavailable when no server of the address answers. Does not check a connection without a user."""
    if "sasl_mechanism" not in connection:
        return
    patience, silent = time.monotonic() + _SECONDS, []
    servers = str(connection["bootstrap_servers"]).split(",")
    for server in servers:
        try:
            served = _serves_without_credentials(server.strip(), connection, patience)
        except OSError as failure:
            silent.append(f"{server}: {failure}")
        else:
            if served:
                raise Anonymous(f"the broker at {server} serves clients without credentials: no service works with it")
    if len(silent) == len(servers):
        raise Unavailable("; ".join(silent))


def _serves_without_credentials(server: str, connection: Connection, patience: float) -> bool:
    address = urlsplit(f"//{server}")
    host, port = address.hostname or "", address.port or _PORT
    plain = socket.create_connection((host, port), timeout=_left(patience))
    with plain, _encrypted(plain, host, connection) as stream:
        stream.sendall(struct.pack(">i", len(_QUESTION)) + _QUESTION)
        stream.settimeout(_left(patience))
        try:
            return bool(stream.recv(1))
        except ConnectionResetError:
            return False


def _left(patience: float) -> float:
    """A relay holds its lock meanwhile: all servers together get no more time than one publish may take (kafka.py)."""
    if (seconds := patience - time.monotonic()) <= 0:
        raise TimeoutError("no time is left")
    return seconds


def _encrypted(plain: socket.socket, host: str, connection: Connection) -> socket.socket:
    if connection["security_protocol"] != "SASL_SSL":
        return plain
    return ssl.create_default_context(cafile=connection["ssl_cafile"]).wrap_socket(plain, server_hostname=host)
