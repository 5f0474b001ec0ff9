"""Questions to one address of an installation: what does it answer, and which certificate does it show?

Invariant: each question ends within seconds, and no certificate is checked: whoever looks wants to see a bad one too.
"""

import socket
import ssl
import struct
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Final, NamedTuple

from cryptography import x509

from shared.service.health import BEGAN

SECONDS = 5.0
OK = 200
# What a server answers before anybody signs in. One that is paused accepts a connection all the same: the kernel does that.
GREETINGS: Final = {
    "postgres": struct.pack(">ii", 8, 80877103),  # SSLRequest, which is answered with one letter
    "kafka": struct.pack(">ihhih", 10, 18, 0, 1, -1),  # ApiVersions, version 0, by a client without a name
}


@dataclass(frozen=True)
class Address:
    """`public`: host and port as people know them, where the address is an inner one of the front door."""

    host: str
    port: int
    encrypted: bool = False
    public: str = ""


class Answer(NamedTuple):
    status: int
    body: str
    date: str | None
    began: str | None = None  # of a process of ours: since when it runs


class Life(NamedTuple):
    """Of a certificate."""

    begins: datetime
    ends: datetime


def answer(address: Address, path: str) -> Answer:
    """Raises OSError and HTTPException."""
    connection = HTTPConnection(address.host, address.port, timeout=SECONDS)
    try:
        if address.encrypted:
            connection.sock = _encrypted(address)
        connection.request("GET", path, headers={"Host": address.public} if address.public else {})
        received = connection.getresponse()
        body = received.read().decode(errors="replace")
        return Answer(received.status, body, received.getheader("Date"), received.getheader(BEGAN))
    finally:
        connection.close()


def is_answered(address: Address, greeting: bytes) -> bool:
    try:
        with _encrypted(address) if address.encrypted else _connected(address) as connection:
            connection.sendall(greeting)
            return bool(connection.recv(1))
    except OSError:
        return False


def serves(address: Address, path: str = "/", *, only: int | None = None) -> bool:
    """Whether it answers by HTTP. `only`: the one status that counts; without it every answer does."""
    try:
        return only in (None, answer(address, path).status)
    except (OSError, HTTPException):
        return False


def certificate(address: Address) -> Life | None:
    """None where nobody answers, or not with a certificate."""
    try:
        with _encrypted(address) as connection:
            shown = connection.getpeercert(binary_form=True)
    except OSError:
        return None
    known = x509.load_der_x509_certificate(shown) if shown else None
    return Life(known.not_valid_before_utc, known.not_valid_after_utc) if known else None


def _encrypted(address: Address) -> ssl.SSLSocket:
    """The front door has a certificate for its public name alone."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    named = address.public.rpartition(":")[0] or address.public or address.host
    return context.wrap_socket(_connected(address), server_hostname=named)


def _connected(address: Address) -> socket.socket:
    return socket.create_connection((address.host, address.port), timeout=SECONDS)
