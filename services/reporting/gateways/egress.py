"""Connections to addresses that somebody outside has named, and nowhere else.

Invariant: the address is looked up once, checked, and exactly this address is connected: a name that answers another address the next
time changes nothing. An address that is not global is refused, in every form of writing it, unless it is in a network that the operator
allows; without TLS only those networks are reached at all. One attempt ends at its deadline, however slowly the other side talks.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import httpcore

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")  # all that is assigned for it; what Python calls global is more
_DOCUMENTATION: Final = ipaddress.ip_network("3fff::/20")
_ISATAP: Final = (0x5EFE, 0x0200_5EFE)  # before an IPv4 address in the last 32 bits
_CONNECT_SECONDS: Final = 5.0


class Barred(Exception):  # noqa: N818 - names what the check found
    """The address is not connected. `code`: address-refused, plain-http-refused, name-unresolved."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Rules:
    """`allowed`: networks that may be reached although they are not global, and without TLS."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed: Sequence[Network] = [ipaddress.ip_network(network) for network in allowed]

    def check(self, address: Address, *, plain: bool) -> None:
        """Raises Barred."""
        meant = list(_meant(address))
        if all(self._is_allowed(address) for address in meant):
            return
        if not all(_is_global(address) or self._is_allowed(address) for address in meant):
            raise Barred("address-refused")
        if plain:
            raise Barred("plain-http-refused")

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


def _is_global(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _NAT64 or (address in _UNICAST and address not in _DOCUMENTATION)


def written(host: str) -> Address | None:
    """The address that a host is written as, in any form that the machine's resolver takes without a look-up; None: it is a name."""
    host = host.strip("[]").partition("%")[0]
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    with suppress(OSError, UnicodeError):
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    return None


def _meant(address: Address) -> Iterator[Address]:
    """The address, and every IPv4 address that is written in it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        yield from (found for found in (address.ipv4_mapped, address.sixtofour) if found)
        yield from address.teredo or ()
        if address in _NAT64 or int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
            yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


class _Attempt(threading.local):
    """What holds for the attempt that this thread makes now. `wrote`: the other side may have read something of it."""

    ends_at = 0.0
    plain = wrote = False

    def left(self, seconds: float | None) -> float:
        """Raises httpcore.ReadTimeout when the time of the attempt is over."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if seconds is None else min(left, seconds)


_attempt: Final = _Attempt()


@contextmanager
def attempt(*, seconds: float, plain: bool) -> Iterator[None]:
    """All that the thread connects, sends and reads in the block takes at most `seconds`; only a look-up may take longer."""
    _attempt.ends_at, _attempt.plain, _attempt.wrote = time.monotonic() + seconds, plain, False
    yield


def wrote() -> bool:
    """Whether anything was sent in the last attempt of this thread, beside what TLS says to begin with."""
    return _attempt.wrote


class Backend(httpcore.NetworkBackend):
    """`rules` None: for the way to an egress proxy, whose address the operator has given and which checks for itself."""

    def __init__(self, rules: Rules | None) -> None:
        self._rules, self._plain = rules, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's own signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.NetworkStream:
        """Raises Barred, and what httpcore raises."""
        *others, last = self._addresses(host, port)
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, timeout)
        return self._connected(last, port, timeout)

    def _connected(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        seconds = _attempt.left(timeout or _CONNECT_SECONDS)
        return _Stream(self._plain.connect_tcp(address, port, timeout=seconds))

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as failure:
            raise Barred("name-unresolved") from failure
        addresses = list(dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found))
        if self._rules:
            for address in addresses:
                self._rules.check(ipaddress.ip_address(address), plain=_attempt.plain)
        return addresses


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _attempt.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        seconds = _attempt.left(timeout)
        _attempt.wrote = True
        self._stream.write(buffer, seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _attempt.left(timeout)))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
