"""Is nothing reached but what may be, and does no endpoint keep a thread longer than an attempt may take?"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.reporting.gateways import egress
from services.reporting.gateways.endpoints import Endpoints, _Answer
from tests.support.ports import refusing_port
from tests.support.receiver import Answer, Receiver, receiving

LOOPBACK = ("127.0.0.0/8",)


def posted(url: str, *, allowed: tuple[str, ...] = LOOPBACK, seconds: float = 2.0, **more: str) -> str:
    sender = Endpoints(origin="clearwater.example", allowed=allowed, seconds=seconds, **more)
    try:
        return sender.post(url, b"{}", event_id="e", secrets=[b"s" * 32]).code
    finally:
        sender.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1",
        "2001:0:a9fe:a9fe:0:0:80ff:fffe", "fec0::1", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b:1::7f00:1", "3fff::1", "4000::1", "5f00::1",
        "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_global_is_refused_however_it_is_written(address: str) -> None:
    with pytest.raises(egress.Barred, match="address-refused"):
        egress.Rules().check(ipaddress.ip_address(address), plain=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"])
def test_a_global_address_is_reached_with_tls_only(address: str) -> None:
    egress.Rules().check(ipaddress.ip_address(address), plain=False)
    with pytest.raises(egress.Barred, match="plain-http-refused"):
        egress.Rules().check(ipaddress.ip_address(address), plain=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_loopback_is_reached(host: str) -> None:
    with receiving() as server:
        code = posted(f"http://{host}:{server.server_port}/", allowed=())

        assert code in ("address-refused", "name-unresolved")
        assert server.posted == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers a global address first and loopback afterwards."""
    looked_up: list[str] = []
    of_the_machine = socket.getaddrinfo

    def answers(host: str, port: int, *rest: object, **named: object) -> list[tuple[object, ...]]:
        if host != "rebinding.example":
            return of_the_machine(host, port, *rest, **named)
        looked_up.append(host)
        address = "127.0.0.9" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with receiving() as server:
        monkeypatch.setattr(egress.socket, "getaddrinfo", answers)
        code = posted(f"http://rebinding.example:{server.server_port}/", allowed=("127.0.0.9/32",))

        assert code == "connect-failed"
        assert looked_up == ["rebinding.example"]
        assert server.posted == []


def test_behind_a_proxy_a_private_address_is_refused_too_and_nothing_goes_around_it() -> None:
    with receiving() as server:
        proxy = server.url
        assert posted("https://169.254.169.254/", allowed=(), proxy=proxy) == "address-refused"
        for host in (
            "127.0.0.1.",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "[::ffff:127.0.0.1]",
            "[fec0::1]",
        ):
            assert posted(f"https://{host}/", allowed=(), proxy=proxy) == "address-refused", host
        assert posted("http://agency.example/", allowed=(), proxy=proxy) == "plain-http-refused"
        assert posted("https://agency.example/", allowed=(), proxy=proxy) in ("connect-failed", "answer-broken")
        assert server.posted == []


def test_an_endpoint_that_hangs_or_answers_byte_by_byte_is_cut_off() -> None:
    with trickling() as port:
        began = time.monotonic()
        code = posted(f"http://127.0.0.1:{port}/", seconds=0.5)

        assert code == "timed-out"
        assert time.monotonic() - began < 5


def test_only_the_beginning_of_a_large_answer_is_read() -> None:
    with receiving() as server:
        server.answer = lambda _: Answer(200, body=b"x" * 50_000_000)
        began = time.monotonic()

        assert posted(server.url) == ""
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://[::1/", "http://a..b/", "https://.example/"]
)
def test_an_address_that_cannot_be_called_is_a_failure_of_its_endpoint(url: str) -> None:
    assert posted(url) in ("not-callable", "connect-failed", "name-unresolved", "address-refused")


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120), ("0", 0), ("9" * 400, 1_000_000_000), ("-5", None), ("", None), ("soon", None), ("1.5", None), ("\u0665", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None), ("1 Jan 2027 00:00:00 +99999999999999", None),
        ("1 Jan 2027 99999999999999999999:00:00 GMT", None), ("1 Jan 2027 00:00:00 -9999", None),
    ],
)  # fmt: skip
def test_a_retry_after_is_understood_or_passed_over(retry_after: str, seconds: int | None) -> None:
    answer = _Answer(503, {"retry-after": retry_after})

    assert answer.outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_an_event_that_was_read_and_not_answered_counts_as_taken() -> None:
    sender = Endpoints(origin="clearwater.example", allowed=LOOPBACK, seconds=2.0)
    with talking(b"") as silent:
        hung_up = sender.post(f"http://127.0.0.1:{silent}/", b"{}", event_id="e", secrets=[b"s" * 32])
    with refusing_port() as port:
        closed = sender.post(f"http://127.0.0.1:{port}/", b"{}", event_id="e", secrets=[b"s" * 32])
    barred = sender.post("https://10.0.0.1/", b"{}", event_id="e", secrets=[b"s" * 32])
    sender.close()

    assert (hung_up.delivered, hung_up.taken) == (False, True)
    assert [(closed.code, closed.taken), (barred.code, barred.taken)] == [
        ("connect-failed", False),
        ("address-refused", False),
    ]


def test_an_answer_that_is_not_http_counts_as_a_failure() -> None:
    with talking(b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        assert posted(f"http://127.0.0.1:{port}/") == "answer-broken"


@pytest.mark.parametrize(("name", "believed"), [("127.0.0.1", True), ("127.0.0.1", False), ("agency.example", True)])
def test_the_certificate_is_verified_with_its_name(tmp_path: Path, name: str, believed: bool) -> None:
    certificate = self_signed(tmp_path, name)
    with receiving() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        url = f"https://127.0.0.1:{server.server_port}/"
        code = posted(url, ca_file=str(certificate)) if believed else posted(url)

        assert code == ("" if believed and name == "127.0.0.1" else "tls-failed")


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"}, None),
        ({"WebHook-Allowed-Origin": "clearwater.example", "WebHook-Allowed-Rate": "120"}, 120),
        ({"WebHook-Allowed-Origin": "*"}, 6000),
    ],
)
def test_a_handshake_says_how_much_is_allowed(headers: dict[str, str], rate: int | None) -> None:
    with receiving() as server:
        server.greeting = Answer(200, headers)
        found = greeting(server)

        assert (found.outcome.code, found.rate) == ("", rate)
        assert server.greeted[0]["webhook-request-rate"] == "6000"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200), Answer(405), Answer(301, {"Location": "http://127.0.0.1/"}),
        Answer(200, {"WebHook-Allowed-Origin": "other.example"}),
        Answer(200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "0"}),
        Answer(200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "many"}),
    ],
)  # fmt: skip
def test_a_handshake_without_permission_opens_nothing(answer: Answer) -> None:
    with receiving() as server:
        server.greeting = answer

        assert not greeting(server).outcome.delivered


def greeting(server: Receiver):
    sender = Endpoints(origin="clearwater.example", allowed=LOOPBACK)
    try:
        return sender.greet(server.url)
    finally:
        sender.close()


@contextmanager
def talking(first: bytes, rest: bytes = b"") -> Iterator[int]:
    """A server that says `first`, then `rest` again and again, a piece each tenth of a second, and never ends.

    Without `rest` it has no more to say, and reads on: a socket closed with unread bytes resets the connection, and the reset can
    overtake the answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            # The client may hang up at any moment: that ends the conversation, and the test looks at what the client made of it.
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(first)
                while rest and not ended.wait(0.1):
                    connection.sendall(rest)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join(5)


def trickling():
    return talking(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")


def self_signed(folder: Path, name: str) -> Path:
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    named = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
