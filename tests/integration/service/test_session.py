"""Is one small cookie the session of all services, and can only a sign-in create or renew it?"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask, Response, jsonify, redirect, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from deploy.local import issuer as local_issuer
from shared.refusal import Refused
from shared.service import session
from shared.service.provider import Provider
from tests.integration.service.conftest import OURS, Kit
from tests.integration.service.test_identity import PAGE, signed_in
from tests.support.serving import served

NAME, RENEWAL = "clearwater_80", "clearwater_80_renewal"
ORIGIN = {"Origin": "http://localhost"}
SECRET = "only-for-tests"
WHO = {"sub": "desk", "name": "简云舟", "roles": ["desk"], "districts": [OURS]}


class ForeignProvider:
    """A provider of another vendor: tests set the content of its tokens and answers."""

    def __init__(self) -> None:
        self.app, self.url = Flask("provider"), ""
        self.key = RSAKey.generate_key(2048, {"kid": "ours", "use": "sig"})
        self.keys: list[object] = [self.key.as_dict(private=False)]
        self.claims: dict[str, object] = dict(WHO)
        self.answer: dict[str, object] = {"expires_in": 3600}
        self.clock_ahead = 0
        self.nonce = ""
        for path, view in {
            "/.well-known/openid-configuration": self.found,
            "/jwks": self.jwks,
            "/in": self.sign_in,
        }.items():
            self.app.add_url_rule(path, view_func=view, endpoint=path)
        self.app.add_url_rule("/token", view_func=self.token, methods=["POST"])

    def found(self) -> Response:
        places = {"authorization_endpoint": "in", "token_endpoint": "token", "jwks_uri": "jwks"}
        return jsonify(issuer=self.url, **{name: f"{request.host_url}{path}" for name, path in places.items()})

    def jwks(self) -> Response:
        return jsonify(keys=self.keys)

    def sign_in(self):
        self.nonce = request.args["nonce"]
        return redirect(f"{request.args['redirect_uri']}?code=c&state={request.args['state']}")

    def token(self):
        if (status := self.answer.get("status")) is not None:
            return Response(str(self.answer["text"]), int(str(status)), content_type="application/json")
        access, identity = self.signed("clearwater"), self.signed("clearwater-pages", nonce=self.nonce)
        return jsonify({"token_type": "Bearer", "access_token": access, "id_token": identity, **self.answer})

    def signed(self, audience: str, **more: object) -> str:
        now = int(time.time()) + self.clock_ahead
        claims = {"iss": self.url, "aud": audience, "iat": now, "exp": now + 300, **self.claims, **more}
        return jwt.encode({"alg": "RS256", "kid": "ours"}, claims, self.key)


@pytest.fixture
def foreign(kit: Kit) -> Iterator[ForeignProvider]:
    """Replaces the kit's own provider."""
    provider = ForeignProvider()
    with served(provider.app) as url:
        provider.url = url
        with _believing(kit, Provider(url)):
            yield provider


@contextmanager
def _believing(kit: Kit, provider: Provider) -> Iterator[None]:
    own = kit.app.extensions["clearwater"]
    kit.app.extensions["clearwater"] = replace(own, provider=provider)
    yield
    kit.app.extensions["clearwater"] = own


def came_back(kit: Kit, client: FlaskClient | None = None):
    """Signs in at the provider and returns the answer of the callback."""
    client = client or kit.app.test_client()
    back = urlsplit(httpx.get(client.get("/login?next=/desk").location).headers["location"])
    return client.get(back.path, query_string=back.query, headers=PAGE)


def test_the_cookie_is_small_sealed_and_opens_for_nothing_else(kit: Kit) -> None:
    client = signed_in(kit)
    cookie, renewal = client.get_cookie(NAME), client.get_cookie(RENEWAL, path="/login")
    assert cookie is not None and renewal is not None

    assert len(cookie.value) < 400
    assert "简云舟" not in cookie.value and "desk" not in cookie.value
    assert set(session.opened(cookie.value, secret=SECRET, purpose="session")) == {
        "sub",
        "name",
        "roles",
        "districts",
        "exp",
    }
    with pytest.raises(Refused, match=r"^token-invalid$"):
        session.opened(cookie.value, secret=SECRET, purpose="renewal")
    with pytest.raises(Refused, match=r"^token-invalid$"):
        session.opened(cookie.value, secret="another", purpose="session")
    assert cookie.max_age == session.LIFE_SECONDS


@pytest.mark.parametrize(
    "change", [lambda sealed: sealed[:-2], lambda sealed: "x" + sealed, lambda _: "a.b.c", lambda _: "é"]
)
def test_a_modified_cookie_is_refused(kit: Kit, change) -> None:
    client = signed_in(kit)
    cookie = client.get_cookie(NAME)
    assert cookie is not None
    client.set_cookie(NAME, change(cookie.value))

    assert client.get("/api/v1/notes").json["code"] == "token-invalid"


def test_an_expired_cookie_is_refused(kit: Kit) -> None:
    client = kit.app.test_client()
    client.set_cookie(NAME, session.seal(WHO, secret=SECRET, purpose="session", seconds=-1))

    assert client.get("/api/v1/notes").json["code"] == "token-invalid"


def test_a_stolen_copy_of_the_session_cannot_renew_itself(kit: Kit) -> None:
    cookie = signed_in(kit).get_cookie(NAME)
    assert cookie is not None
    thief = kit.app.test_client()
    thief.set_cookie(NAME, cookie.value)

    assert thief.get("/api/v1/notes").status_code == HTTPStatus.OK
    assert thief.post("/login/renewal", headers=ORIGIN).status_code == HTTPStatus.UNAUTHORIZED
    assert "Set-Cookie" not in thief.get("/desk", headers=PAGE).headers
    # The session cookie is not accepted in place of the renewal cookie either.
    thief.set_cookie(RENEWAL, cookie.value, path="/login")
    assert thief.post("/login/renewal", headers=ORIGIN).status_code == HTTPStatus.UNAUTHORIZED


def test_a_page_that_stays_open_renews_and_a_browser_that_comes_back_does_too(kit: Kit) -> None:
    client = signed_in(kit)
    client.delete_cookie(NAME)  # as a browser does when the cookie expires

    assert (
        client.post("/login/renewal", headers={"Origin": "http://elsewhere.test"}).status_code == HTTPStatus.FORBIDDEN
    )
    assert client.post("/login/renewal", headers=ORIGIN).status_code == HTTPStatus.NO_CONTENT
    assert "简云舟" in client.get("/desk", headers=PAGE).text
    client.delete_cookie(NAME)
    answer = client.get("/login?next=/desk")
    assert (answer.status_code, answer.location) == (HTTPStatus.FOUND, "/desk")
    assert "简云舟" in client.get("/desk", headers=PAGE).text


def test_changing_the_person_asks_for_a_login_despite_a_session(kit: Kit) -> None:
    away = signed_in(kit).get("/login?other=1&next=/desk").location

    assert parse_qs(urlsplit(away).query)["prompt"] == ["login"]


def test_signing_out_ends_our_session_and_the_providers(kit: Kit) -> None:
    with httpx.Client() as browser:
        client = kit.app.test_client()
        away = client.get("/login", query_string={"next": "/desk", "login_hint": "desk"}).location
        back = urlsplit(browser.get(away).headers["location"])
        client.get(back.path, query_string=back.query)
        renewal = client.get_cookie(RENEWAL, path="/login")
        assert renewal is not None

        answer = client.post("/logout", headers=ORIGIN)
        assert (answer.status_code, answer.location) == (HTTPStatus.FOUND, "/signed-out?from=us")
        assert answer.headers["Clear-Site-Data"] == '"cache"'
        onward = client.get(answer.location).headers["Refresh"].partition("url=")[2]
        landed = browser.get(onward)

    assert landed.headers["location"] == "http://localhost/signed-out"
    assert client.get_cookie(NAME) is None
    assert client.get_cookie(RENEWAL, path="/login") is None
    assert client.get("/desk", headers=PAGE).location == "/login?next=%2Fdesk"
    thief = kit.app.test_client()
    thief.set_cookie(RENEWAL, renewal.value, path="/login")
    assert thief.post("/login/renewal", headers=ORIGIN).status_code == HTTPStatus.UNAUTHORIZED


def test_two_tabs_sign_in_side_by_side(kit: Kit) -> None:
    client = kit.app.test_client()
    ways = [
        urlsplit(httpx.get(client.get("/login?login_hint=desk&next=/desk").location).headers["location"])
        for _ in range(2)
    ]

    answers = [client.get(way.path, query_string=way.query) for way in ways]
    assert [answer.location for answer in answers] == ["/desk", "/desk"]


def test_no_page_is_cached_for_the_back_button(kit: Kit) -> None:
    assert signed_in(kit).get("/desk", headers=PAGE).headers["Cache-Control"] == "no-store"


def test_a_provider_that_names_hundreds_of_roles_and_groups_fits(kit: Kit, foreign: ForeignProvider) -> None:
    """Case 08: the access token itself was the cookie, a browser dropped it, and the person went in circles."""
    foreign.claims |= {"roles": ["desk", *(f"realm-role-{n}" for n in range(400))], "groups": ["g" * 40] * 100}
    client = kit.app.test_client()

    assert came_back(kit, client).location == "/desk"
    cookie = client.get_cookie(NAME)
    assert cookie is not None and len(cookie.value) < 400
    assert client.get("/api/v1/notes").status_code == HTTPStatus.OK


def test_a_session_too_large_for_a_cookie_is_explained_on_a_page(kit: Kit, foreign: ForeignProvider) -> None:
    foreign.claims |= {"districts": [str(number) for number in range(440000, 440900)]}

    answer = came_back(kit)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "浏览器存不下这次登录" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_refresh_token_that_no_cookie_holds_is_left_out(kit: Kit, foreign: ForeignProvider) -> None:
    foreign.answer |= {"refresh_token": "r" * 5000}
    client = kit.app.test_client()

    assert came_back(kit, client).location == "/desk"
    renewal = client.get_cookie(RENEWAL, path="/login")
    assert renewal is not None and renewal.max_age is not None and 3500 < renewal.max_age <= 3600


@pytest.mark.parametrize("unsaid", [None, "soon", -1, 0, [], 10**30])
def test_an_invalid_expires_in_is_handled(kit: Kit, foreign: ForeignProvider, unsaid: object) -> None:
    foreign.answer |= {"expires_in": unsaid}

    answer = came_back(kit)
    assert answer.status_code in {HTTPStatus.FOUND, HTTPStatus.UNAUTHORIZED}


def test_a_token_without_expires_in_makes_a_session(kit: Kit, foreign: ForeignProvider) -> None:
    foreign.answer |= {"expires_in": None}

    assert came_back(kit).location == "/desk"


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (200, "", "login-failed"),
        (200, "[]", "login-failed"),
        (200, "null", "login-failed"),
        (200, '{"access_token": null, "id_token": 5}', "token-invalid"),
        (400, '{"error": "invalid_grant"}', "login-failed"),
        (400, "<html>", "login-failed"),
        (503, "", "identity-unavailable"),
    ],
)
def test_every_answer_of_the_provider_leads_to_a_code(
    kit: Kit, foreign: ForeignProvider, status: int, text: str, code: str
) -> None:
    foreign.answer = {"status": status, "text": text}

    with capture_logs() as lines:
        answer = came_back(kit)
    assert f'data-code="{code}"' in answer.text
    assert [line for line in lines if line["log_level"] == "error"] == []


def refused_because_of(reason: str) -> float:
    """What SignInRefused counts."""
    return REGISTRY.get_sample_value("clearwater_identity_failed_total", {"reason": reason}) or 0


def test_unusable_keys_are_skipped(kit: Kit, foreign: ForeignProvider) -> None:
    """RFC 7517, section 5: a set may hold keys of kinds, curves and uses that are for others."""
    foreign.keys = [
        {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "x"},
        {"kty": "EC", "kid": "curve", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "half", "n": "AQAB"},
        {"kid": "no kind"},
        "no object",
        None,
        OctKey.generate_key(256).as_dict(private=True) | {"kid": "ours"},
        ECKey.generate_key("P-256").as_dict(private=False) | {"use": "enc", "kid": "enc"},
        *foreign.keys,
    ]

    assert came_back(kit).location == "/desk"


def test_a_set_without_a_usable_key_lets_nobody_in(kit: Kit, foreign: ForeignProvider) -> None:
    foreign.keys = [{"kty": "AKP", "kid": "pq"}]
    before = refused_because_of("keys")

    with capture_logs() as lines:
        answer = came_back(kit)
    assert refused_because_of("keys") == before + 1
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "the provider has published no key that we can use" in [line["event"] for line in lines]


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_clocks_that_differ_are_named_in_the_answer_and_the_log(kit: Kit, foreign: ForeignProvider, ahead: int) -> None:
    foreign.clock_ahead = ahead
    before = refused_because_of("clock")

    with capture_logs() as lines:
        answer = came_back(kit)
    assert refused_because_of("clock") == before + 1
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert 'data-code="clock-skewed"' in answer.text
    [line] = [line for line in lines if line["event"] == "this clock and the provider's differ"]
    assert abs(line["seconds"]) > 3000 and (line["seconds"] > 0) == (ahead > 0)


@pytest.mark.logs_error("this clock and the provider's differ")
def test_a_bearer_token_from_the_future_names_the_clock_too(kit: Kit, foreign: ForeignProvider) -> None:
    foreign.clock_ahead = 600

    answer = kit.app.test_client().get(
        "/api/v1/notes", headers={"Authorization": f"Bearer {foreign.signed('clearwater')}"}
    )
    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNAUTHORIZED, "clock-skewed")
    assert answer.json["facts"]["seconds"] == pytest.approx(600, abs=5)


def test_a_refusal_by_the_provider_is_shown_on_a_page(kit: Kit) -> None:
    client = kit.app.test_client()
    state = parse_qs(urlsplit(client.get("/login").location).query)["state"][0]

    answer = client.get("/callback", query_string={"error": "access_denied", "state": state}, headers=PAGE)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert 'data-code="login-failed"' in answer.text


@pytest.mark.parametrize(
    "state", ["é", "\0", "x" * 5000, "", "a;b=c", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]
)
def test_a_hostile_state_is_refused(kit: Kit, state: str) -> None:
    answer = kit.app.test_client().get("/callback", query_string={"code": "c", "state": state})

    refusals = {(HTTPStatus.UNAUTHORIZED, "login-failed")}
    if "\0" in state:  # edge.py refuses it before login.py reads it
        refusals = {(HTTPStatus.UNPROCESSABLE_ENTITY, "body-invalid")}
    assert (answer.status_code, answer.json["code"]) in refusals


def test_services_reach_the_provider_where_browsers_do_not(tmp_path: Path) -> None:
    """In containers: the name that tokens carry is a browser's, and a service asks the container."""
    public = "http://issuer.public.test:18004"
    with served(local_issuer.create(tmp_path, issuer=public)) as internal:
        provider = Provider(public, internal_url=internal)

        assert provider.address("authorization_endpoint").startswith(public)
        assert provider.offers("end_session_endpoint").startswith(public)
        assert provider.address("token_endpoint").startswith(internal)
        token = local_issuer.mint(tmp_path, role="desk", districts=[OURS])
        assert provider.claims(token)["districts"] == [OURS]


def test_a_session_holds_what_was_put_into_it() -> None:
    held = session.Session("s", "名", ("desk",), (OURS,), ends_at=5, refresh_token="r")

    assert session.Session.of(json.loads(json.dumps(held.values() | {"exp": 9}))) == held
