"""Over a real server: is a too large, truncated or malformed body refused without effect?"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.service import openapi
from tests.integration.service.conftest import Kit
from tests.integration.service.test_processes import answered, process

LARGEST = 1_048_576
LONGEST = 32_768
BODY = b'{"words": "one"}'


@pytest.fixture
def url(kit: Kit, issuer: tuple[str, Path], tmp_path: Path) -> Iterator[str]:
    database = kit.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with process("serving_notes.py", database, issuer[0], str(tmp_path)) as (_, address):
        answered(f"{address}/live")
        yield address


def sent(url: str, kit: Kit, *chunks: bytes, line: str = "POST /api/v1/notes", **headers: str) -> tuple[int, str]:
    """Status and code of the answer to exactly these bytes; 0 where the server hangs up. The client then sends nothing more."""
    place = urlsplit(url)
    base_headers = {
        "Host": place.netloc,
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
        "Connection": "close",
    }
    lines = [
        f"{line} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (base_headers | kit.bearer() | headers).items()),
    ]
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as connection:
        try:
            connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
            for chunk in chunks:
                connection.sendall(chunk)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        except ConnectionError:
            return 0, ""
    if not answer:
        return 0, ""
    head, _, document = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    return status, json.loads(document).get("code", "") if b"json" in head else ""


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


CHUNKED = {"Transfer-Encoding": "chunked"}


def test_a_body_above_the_limit_is_refused_without_effect(kit: Kit, url: str) -> None:
    """Each of these bodies would be valid if it were cut at the limit."""
    spaces = b" " * LARGEST
    exactly = BODY + b" " * (LARGEST - len(BODY))

    assert sent(url, kit, chunked(BODY, spaces), **CHUNKED) == (413, "body-too-large")
    assert sent(url, kit, chunked(exactly, b"x"), **CHUNKED) == (413, "body-too-large")
    assert sent(url, kit, exactly, b"x", **{"Content-Length": str(LARGEST + 1)}) == (413, "body-too-large")
    assert kit.written() == []
    assert sent(url, kit, chunked(exactly), **CHUNKED) == (201, "")
    assert sent(url, kit, exactly, **{"Content-Length": str(LARGEST), "Idempotency-Key": "l"}) == (201, "")
    assert kit.written() == ["one", "one"]


def test_a_truncated_body_is_refused_without_effect(kit: Kit, url: str) -> None:
    """The bytes received are a valid request for a server that ignores the declared length."""
    for chunks, headers in (
        ((BODY,), {"Content-Length": str(len(BODY) + 1)}),
        ((chunked(BODY, end=b""),), CHUNKED),
        ((chunked(BODY, end=b"5\r\n  "),), CHUNKED),
        ((chunked(BODY, end=b"zz\r\n"),), CHUNKED),
        ((chunked(BODY, end=b"0\r\n"),), CHUNKED),
    ):
        assert sent(url, kit, *chunks, **headers)[0] in {0, 400}, chunks  # no thread sees a request that is not whole
    assert kit.written() == []


def test_a_truncated_or_too_large_upload_is_refused(kit: Kit, url: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    multipart = {"Content-Type": "multipart/form-data; boundary=b", **CHUNKED}
    line = "POST /api/v1/uploads"

    assert sent(url, kit, chunked(part, b"x" * LARGEST, b"\r\n--b--\r\n"), line=line, **multipart) == (
        413, "body-too-large",
    )  # fmt: skip
    assert sent(url, kit, chunked(part, b"xyz", end=b""), line=line, **multipart)[0] in {0, 400}
    assert kit.written() == []


@pytest.mark.parametrize(
    ("line", "headers", "statuses"),
    [
        ("POST /api/v1/notes/%00", {}, {400}),
        ("GET /api/v1/notes?cursor=%ED%A0%80", {}, {422}),
        ("GET /api/v1/notes?limit=" + "9" * 3_000, {}, {422}),
        ("PUT /api/v1/notes/00000000-0000-0000-0000-000000000000", {"If-Match": "9" * 5_000}, {412}),
        ("GET /api/v1/notes", {"Cookie": 'clearwater_kit=\xff; x="\\000"'}, {400}),
        ("GET /api/v1/notes", {"Clearwater-District": "44030x"}, {400}),
        ("GET /api/v1/notes", {"Authorization": "Bearer \xe9.\xe9.\xe9"}, {401}),
        # These never reach the application: the server's own limits.
        ("GET /api/v1/notes?x=" + "9" * 40_000, {}, {0, 400, 414, 431}),
        ("GET /api/v1/notes", {"X-Long": "9" * 40_000}, {0, 400, 431}),
        ("GET /api/v1/notes", {f"X-{number}": "1" for number in range(4_000)}, {0, 400, 431}),
        ("GET /api/v1/notes", {"If-Match": "a\0b"}, {400}),
    ],
    ids=range(11),
)  # fmt: skip
def test_hostile_requests_are_refused_over_a_real_server(
    kit: Kit, url: str, line: str, headers: dict[str, str], statuses: set[int]
) -> None:
    body = {"Content-Length": str(len(BODY))} if line.startswith("P") else {}

    status, _ = sent(url, kit, BODY if body else b"", line=line, **body, **headers)
    assert status in statuses


def test_the_servers_own_answer_to_a_long_header_is_described(kit: Kit, url: str) -> None:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as connection:
        connection.sendall(
            b"GET /api/v1/notes?x=".ljust(LONGEST, b"9")
        )  # no byte more, or the client may not read the answer
        status = connection.makefile("rb").readline().split()[1].decode()

    assert status == "431"
    for methods in openapi.document(kit.app)["paths"].values():
        for operation in methods.values():
            assert "32 KiB" in operation["responses"][status]["description"]
