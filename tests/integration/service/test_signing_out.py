"""Does nothing but our own form sign a person out, and does it leave nothing behind?"""

from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.service.conftest import Kit
from tests.integration.service.test_identity import PAGE, signed_in
from tests.integration.service.test_session import NAME, ORIGIN, RENEWAL


@pytest.mark.parametrize("query", ["", "?from=us"])
def test_a_link_to_the_page_of_the_sign_out_signs_nobody_out(kit: Kit, query: str) -> None:
    client = signed_in(kit)
    held = client.get_cookie(NAME)

    answer = client.get(f"/signed-out{query}", headers={"Sec-Fetch-Site": "cross-site", **PAGE})

    assert (answer.status_code, answer.headers["Location"]) == (HTTPStatus.FOUND, "/")
    assert client.get_cookie(NAME) == held and client.get_cookie(RENEWAL, path="/login") is not None
    nobody = kit.app.test_client().get(f"/signed-out{query}", headers=PAGE)
    assert nobody.status_code == HTTPStatus.OK
    assert "Set-Cookie" not in nobody.headers and "Refresh" not in nobody.headers
    assert "data-signed-out" not in nobody.text  # other tabs are not told


def test_a_session_renewed_during_the_sign_out_is_forgotten_and_the_next_person_stays(kit: Kit) -> None:
    client = signed_in(kit)
    held, renewal = client.get_cookie(NAME), client.get_cookie(RENEWAL, path="/login")
    assert held is not None and renewal is not None
    client.post("/logout", headers=ORIGIN)
    client.set_cookie(NAME, held.value)
    client.set_cookie(RENEWAL, renewal.value, path="/login")

    landed = client.get("/signed-out", headers={"Sec-Fetch-Site": "cross-site", **PAGE})

    assert "data-signed-out" in landed.text
    left = [client.get_cookie(NAME), client.get_cookie(RENEWAL, path="/login"), client.get_cookie(f"{NAME}_logout")]
    assert left == [None] * 3
    client.post("/logout", headers=ORIGIN)  # without going on to the page
    back = urlsplit(httpx.get(client.get("/login?login_hint=desk").location).headers["location"])
    client.get(back.path, query_string=back.query)
    assert client.get("/signed-out", headers=PAGE).headers["Location"] == "/"
    assert client.get_cookie(NAME) is not None
