"""Who is let in, by token and by browser, and who is not?"""

import json
import time
from base64 import b64encode
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from joserfc import jwt
from structlog.testing import capture_logs

from deploy.local import issuer as local_issuer
from shared.refusal import Refused
from shared.service import factory
from shared.service.clock import RealClock
from shared.service.migrations import Migrations
from shared.service.provider import Provider
from tests.integration.service.conftest import OURS, Kit
from tests.support.serving import Settings, issuing, served

PAGE = {"Accept": "text/html"}


def signed_in(kit: Kit, *, hint: str = "desk", next_page: str = "/desk") -> FlaskClient:
    """A browser client that has signed in through the issuer."""
    client = kit.app.test_client()
    away = client.get("/login", query_string={"next": next_page, "login_hint": hint})
    back = httpx.get(away.location).headers["location"]
    answer = client.get(urlsplit(back).path, query_string=urlsplit(back).query)
    assert answer.status_code == HTTPStatus.FOUND, answer.text
    assert answer.location == "/desk"
    return client


def test_a_person_signs_in_and_sees_the_page(kit: Kit) -> None:
    redirect = kit.app.test_client().get("/desk?unit=1", headers=PAGE)
    client = signed_in(kit)

    assert (redirect.status_code, redirect.location) == (HTTPStatus.FOUND, "/login?next=%2Fdesk%3Funit%3D1")
    assert "简云舟" in client.get("/desk", headers=PAGE).text
    cookie = client.get_cookie("clearwater_80")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_writing_with_a_cookie_needs_our_own_origin(kit: Kit) -> None:
    client = signed_in(kit)

    def post(**headers: str) -> int:
        return client.post(
            "/api/v1/notes", json={"words": "一"}, headers={"Idempotency-Key": "k", **headers}
        ).status_code

    assert post() == HTTPStatus.FORBIDDEN
    for foreign in ("http://elsewhere.test", "null", "", "http://["):
        assert post(Origin=foreign) == HTTPStatus.FORBIDDEN
    assert post(Origin="http://localhost") == HTTPStatus.CREATED
    assert client.post("/logout", headers={"Origin": "http://localhost"}).status_code == HTTPStatus.FOUND
    assert client.get("/api/v1/notes").status_code == HTTPStatus.UNAUTHORIZED


def test_a_callback_with_a_foreign_state_is_refused(kit: Kit) -> None:
    client = kit.app.test_client()
    client.get("/login", query_string={"login_hint": "desk"})

    assert client.get("/callback?code=x&state=y").status_code == HTTPStatus.UNAUTHORIZED
    assert kit.app.test_client().get("/callback?code=x&state=y").status_code == HTTPStatus.UNAUTHORIZED


def test_a_code_that_another_browser_asked_for_is_refused(kit: Kit) -> None:
    """Tries a foreign state, and an id token of another login: the state and the nonce are both checked."""
    ours, theirs = kit.app.test_client(), kit.app.test_client()
    own, foreign = (parse_qs(urlsplit(item.get("/login").location).query) for item in (ours, theirs))
    mixed = {name: values[0] for name, values in own.items()}

    def came_back(**changed: str) -> dict[str, str]:
        parameters = {**mixed, "login_hint": "desk", **changed}
        back = httpx.get(
            f"{kit.app.extensions['clearwater'].provider.address('authorization_endpoint')}", params=parameters
        )
        return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}

    with_foreign_state = came_back(state=foreign["state"][0])
    with_foreign_nonce = came_back(nonce=foreign["nonce"][0])
    for returned in (with_foreign_state, with_foreign_nonce):
        answer = ours.get("/callback", query_string=returned)
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNAUTHORIZED, "login-failed")
    assert ours.get("/callback", query_string=came_back()).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.test/",
        "//elsewhere.test",
        "////elsewhere.test",
        "/\\elsewhere.test",
        "/\t/elsewhere.test",
        "//[",
        "desk",
    ],
)
def test_the_login_never_redirects_to_another_site(kit: Kit, elsewhere: str) -> None:
    client = kit.app.test_client()
    away = client.get("/login", query_string={"next": elsewhere, "login_hint": "desk"})
    back = urlsplit(httpx.get(away.location).headers["location"])

    assert client.get(back.path, query_string=back.query).location == "/"


def test_the_issuer_gives_a_code_once_and_only_to_its_verifier(kit: Kit, issuer: tuple[str, Path]) -> None:
    away = kit.app.test_client().get("/login", query_string={"login_hint": "desk"}).location
    code = parse_qs(urlsplit(httpx.get(away).headers["location"]).query)["code"][0]
    form = {
        "code": code,
        "client_id": "clearwater-kit",
        "redirect_uri": "http://localhost/callback",
        "code_verifier": "guess",
    }

    assert [httpx.post(f"{issuer[0]}/token", data=form).status_code for _ in range(2)] == [400, 400]


def test_tokens_that_are_not_ours_are_refused(kit: Kit, tmp_path: Path, issuer: tuple[str, Path]) -> None:
    local_issuer.prepare(tmp_path, issuer=issuer[0])  # the same address, another key
    forged = local_issuer.mint(tmp_path, role="city", districts=["*"])
    expired = local_issuer.mint(kit.local_dir, role="desk", districts=[OURS], seconds=-60)
    client = kit.app.test_client()

    for token in (forged, expired, "nonsense", "a.b.c"):
        answer = client.get("/api/v1/notes", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNAUTHORIZED, "token-invalid")
    assert client.get("/api/v1/notes").json["code"] == "token-missing"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "clearwater-kit"},
        {"aud": None},
        {"iss": "http://elsewhere.test"},
        {"iss": None},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_of_our_key_for_something_else_is_refused(kit: Kit, changed: dict[str, str | None]) -> None:
    """Every id token of a browser has another audience."""
    whole = claims_of_a_desk(kit)
    claims = {name: value for name, value in (whole | changed).items() if value is not None}

    assert (status_of(kit, whole), status_of(kit, claims)) == (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)


def test_an_issuer_may_write_its_name_with_a_slash_at_the_end(kit: Kit) -> None:
    """Some providers do, in their discovery document and in every token."""
    claims = claims_of_a_desk(kit)

    assert status_of(kit, claims | {"iss": f"{claims['iss']}/"}) == HTTPStatus.OK
    assert status_of(kit, claims | {"iss": f"{claims['iss']}/other"}) == HTTPStatus.UNAUTHORIZED


def claims_of_a_desk(kit: Kit) -> dict[str, Any]:
    token = local_issuer.mint(kit.local_dir, role="desk", districts=[OURS])
    return jwt.decode(token, local_issuer._key(kit.local_dir)).claims


def status_of(kit: Kit, claims: dict[str, Any]) -> int:
    key = local_issuer._key(kit.local_dir)
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
    return kit.app.test_client().get("/api/v1/notes", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_role_that_may_not_is_refused(kit: Kit) -> None:
    headers = kit.bearer(role="auditor", **{"Idempotency-Key": "k"})

    assert (
        kit.app.test_client().post("/api/v1/notes", json={"words": "一"}, headers=headers).json["code"]
        == "role-missing"
    )


def test_without_a_provider_nobody_is_let_in(issuer: tuple[str, Path]) -> None:
    token = local_issuer.mint(issuer[1], role="desk", districts=[OURS])

    with pytest.raises(Refused, match=r"^identity-unavailable$"):
        Provider("http://127.0.0.1:9").claims(token)


def test_the_issuers_page_offers_every_role(issuer: tuple[str, Path]) -> None:
    authorisation = "response_type=code&client_id=clearwater-kit&redirect_uri=http://localhost/callback&code_challenge_method=S256&code_challenge=c"
    page = httpx.get(f"{issuer[0]}/authorize?{authorisation}").text

    assert all(person.name in page for person in local_issuer.PEOPLE)
    assert (
        httpx.get(f"{issuer[0]}/authorize?{authorisation.replace('localhost', 'elsewhere.test')}").status_code
        == HTTPStatus.BAD_REQUEST
    )


def test_a_rotated_key_is_fetched_but_not_at_every_request(tmp_path: Path) -> None:
    seen: list[str] = []
    now = [1000.0]
    with issuing(tmp_path, seen) as url:
        provider = Provider(url, seconds=lambda: now[0])
        before = local_issuer.mint(tmp_path, role="desk", districts=[OURS])
        provider.claims(before)
        (tmp_path / "issuer" / "key.json").unlink()
        local_issuer.prepare(tmp_path, issuer=url)
        rotated = local_issuer.mint(tmp_path, role="desk", districts=[OURS])

        now[0] += 4
        with pytest.raises(Refused, match=r"^token-invalid$"):
            provider.claims(rotated)
        now[0] += 2
        assert provider.claims(rotated)["districts"] == [OURS]
        for knock in (before, "nonsense", before):
            with pytest.raises(Refused, match=r"^token-invalid$"):
                provider.claims(knock)
    assert seen.count("/jwks.json") == 2


def test_a_token_that_was_let_in_is_refused_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with issuing(tmp_path) as url:
        provider = Provider(url)
        token = local_issuer.mint(tmp_path, role="desk", districts=[OURS], seconds=60)
        assert provider.claims(token) == provider.claims(token)
        with pytest.raises(Refused, match=r"^token-invalid$"):
            provider.claims(token, audience="another")

        later = time.time() + 100
        monkeypatch.setattr(time, "time", lambda: later)
        with pytest.raises(Refused, match=r"^token-invalid$"):
            provider.claims(token)


def test_keys_age_and_a_provider_that_is_down_is_asked_once_a_second(tmp_path: Path) -> None:
    now = [1000.0]
    with issuing(tmp_path) as url:
        provider = Provider(url, seconds=lambda: now[0])
        token = local_issuer.mint(tmp_path, role="desk", districts=[OURS])
        provider.claims(token)
    now[0] += 800
    assert provider.claims(token)["sub"]

    now[0] += 200
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(Refused, match=r"^identity-unavailable$"):
                provider.claims(token)
    assert [line["event"] for line in lines] == ["identity provider unreachable"]


def test_a_malformed_token_header_is_refused(kit: Kit) -> None:
    shaped = b64encode(json.dumps({"alg": "RS256", "crit": 5}).encode()).decode().rstrip("=")

    answer = kit.app.test_client().get("/api/v1/notes", headers={"Authorization": f"Bearer {shaped}.e30.x"})
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNAUTHORIZED, "token-invalid")


def test_a_hanging_key_refresh_delays_no_request(tmp_path: Path) -> None:
    fetched, let_go, now = Event(), Event(), [1000.0]
    slow = Flask("slow")
    fronted: list[str] = []

    @slow.get("/.well-known/openid-configuration")
    def found() -> dict[str, str]:
        return {"issuer": fronted[0], "jwks_uri": f"{fronted[0]}/jwks.json"}

    @slow.get("/jwks.json")
    def keys() -> Response:
        if now[0] > 1000:
            fetched.set()
            let_go.wait(20)
        return Response(public, content_type="application/json")

    with served(slow) as url:
        fronted.append(url)
        local_issuer.create(tmp_path, issuer=url)
        with issuing(tmp_path) as real:
            public = httpx.get(f"{real}/jwks.json").text
        local_issuer.prepare(tmp_path, issuer=url)
        provider = Provider(url, seconds=lambda: now[0])
        token = local_issuer.mint(tmp_path, role="desk", districts=[OURS])
        provider.claims(token)
        now[0] += 6

        def knock() -> None:
            with pytest.raises(Refused):
                provider.claims("nonsense")

        knocking = Thread(target=knock, daemon=True)
        knocking.start()
        assert fetched.wait(20)

        assert provider.claims(token)["sub"]
        with pytest.raises(Refused, match=r"^token-invalid$"):
            provider.claims("nonsense")
        assert knocking.is_alive()
        let_go.set()
        knocking.join(20)


@pytest.mark.parametrize("missing", ["issuer_url", "public_url", "session_secret"])
def test_an_api_does_not_start_without_its_identity_settings(kit: Kit, tmp_path: Path, missing: str) -> None:
    settings = replace(Settings("http://issuer.test"), **{missing: ""})

    with pytest.raises(ValueError, match=missing.upper()):
        factory.create(
            "kit",
            engine=kit.engine,
            clock=RealClock(),
            settings=settings,
            blueprints=(),
            migrations=Migrations(tmp_path),
        )
