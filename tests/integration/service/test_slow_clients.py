"""Do clients that never finish a request leave the API's threads free for others?"""

import httpx
import pytest

from shared.service import buffering
from tests.integration.service.test_processes import answered, process
from tests.support import slow_clients

AT_ONCE = buffering.HEADER_SECONDS / 2  # who waits for an unfinished request waits until it is given up


@pytest.mark.parametrize("kind", slow_clients.KINDS)
def test_two_hundred_unfinished_requests_delay_nobody(kind: str) -> None:
    with process("serving.py") as (_, url):
        assert answered(f"{url}/ready").text == "ready"
        with slow_clients.connected(f"{url}/ready", kind, many=200) as connections:
            with httpx.Client(timeout=AT_ONCE) as client:
                assert [client.get(f"{url}/ready").status_code for _ in range(50)] == [200] * 50
            assert len(connections) == 200


@pytest.mark.parametrize("kind", [(), ("streams",)], ids=["api", "stream"])
def test_a_header_that_never_ends_times_out(kind: tuple[str, ...]) -> None:
    with process("serving.py", *kind) as (_, url):
        assert answered(f"{url}/ready").text == "ready"
        with slow_clients.connected(f"{url}/ready", "header", many=1) as (connection,):
            assert slow_clients.given_up(connection, seconds=buffering.HEADER_SECONDS + 10)


def test_a_header_sent_too_slowly_times_out() -> None:
    """One byte a second keeps a connection open for ever, so the time limit counts from the first byte."""
    with process("serving.py") as (_, url):
        assert answered(f"{url}/ready").text == "ready"
        with slow_clients.connected(f"{url}/ready", "header", many=1) as (connection,):
            for _ in range(int(buffering.HEADER_SECONDS) + 10):
                if slow_clients.given_up(connection, seconds=1):
                    return
                connection.sendall(b"x")
    raise AssertionError("still open")
