"""A text gateway that breaks off, sends elsewhere or is no gateway: its status decides as soon as it is known."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways.sms import Sms

TEXT = Text("", "范**您好：顺序号：产权调换1424")
LENGTH, NOTHING = b"Content-Length: 300\r\n\r\n", b"Content-Length: 0\r\n\r\n"
BROKEN_GZIP = b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
BROKEN_CHUNK = b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"
NO_CREDIT = b'Content-Type: application/json\r\nContent-Length: 26\r\n\r\n{"error": "out of credit"}'
CUT_SHORT = b"Content-Length: 12\r\n\r\n" + b'{"error": "out of credit"}'
FAILED = b'Content-Length: 18\r\n\r\n{"success": false}'
WITH_AN_ID = b'Content-Length: 36\r\n\r\n{"receipt_id": "r-1", "error": null}'
ENDLESS = b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 6
PAGE = b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n\r\n<html>"


@contextmanager
def answering(raw: bytes) -> Iterator[Sms]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            request = b""
            while not request.endswith(b"}") and not (request.startswith(b"GET") and request.endswith(b"\r\n\r\n")):
                request += self.request.recv(65_536)
            self.request.sendall(raw)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Sms(f"http://127.0.0.1:{server.server_address[1]}/sms", timeout_seconds=5)
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "rest", "outcome"),
    [
        (b"401 Who", LENGTH + b'{"err', Unwell("sms-401")),
        (b"402 Pay", BROKEN_GZIP, Unwell("sms-402")),
        (b"429 Wait", BROKEN_CHUNK, Unwell("sms-429")),
        (b"400 Bad", LENGTH, NotAccepted("sms-400", permanent=True)),
        (b"500 Oh", LENGTH, Unwell("sms-500", perhaps_taken=True)),
        (b"302 There", b"Location: http://[::1\r\n" + NOTHING, Unwell("sms-302")),
        (b"307 There", b"Location: ftp://elsewhere/\r\n" + NOTHING, Unwell("sms-307")),
        (b"200 OK", LENGTH + b'{"receipt', Unclear("sms-gateway-silent")),
        (b"200 OK", BROKEN_GZIP, Unclear("sms-gateway-silent")),
        (b"200 OK", PAGE, Unwell("sms-not-a-gateway", perhaps_taken=True)),
        (b"200 OK", NOTHING, Accepted("sms-200")),
        (b"200 OK", WITH_AN_ID, Accepted("r-1")),
        (b"200 OK", NO_CREDIT, Unclear("sms-gateway-contradictory")),
        (b"202 OK", FAILED, Unclear("sms-gateway-contradictory")),
        (b"200 OK", CUT_SHORT, Unclear("sms-gateway-silent")),
        (b"200 OK", ENDLESS, Unclear("sms-gateway-silent")),
    ],
)
def test_the_status_decides_whatever_becomes_of_the_body(status: bytes, rest: bytes, outcome: Outcome) -> None:
    with answering(b"HTTP/1.1 " + status + b"\r\n" + rest) as sms:
        assert sms.send("+8613800000000", TEXT, message_key="k") == outcome


@pytest.mark.parametrize("rest", [LENGTH + b'{"receipt', BROKEN_GZIP, PAGE, NOTHING, NO_CREDIT, CUT_SHORT, ENDLESS])
def test_half_an_answer_to_a_query_or_a_page_tells_nothing(rest: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n" + rest) as sms:
        assert sms.ask("k") is None
