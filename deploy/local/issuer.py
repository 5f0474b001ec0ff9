"""A small OIDC provider for the local platform only. It has no passwords: whoever chooses a person is signed in as that person.

    python -m deploy.local.issuer        PORT, BIND, LOCAL_DIR, ISSUER_URL

ISSUER_URL is its name and where browsers find it; services may reach it at another address, and get the endpoints of that address. Its
key, its name and the ended sign-ins lie under LOCAL_DIR/issuer; whoever can read that folder can mint tokens. It serves
the clients `clearwater-*` on loopback. An installation that means it names a real provider in ISSUER_URL.
"""

import base64
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, jsonify, redirect, render_template_string, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from werkzeug.wrappers import Response as Redirect

_AUDIENCE, _SECONDS, _CODE_SECONDS, _CLIENT_SECONDS = "clearwater", 12 * 3600, 120, 3600
_REFRESHES, _COOKIE = "clearwater-refreshes", "clearwater_issuer"
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True)
class Person:
    """A sample person; `hint` chooses them without the page."""

    hint: str
    name: str
    role: str
    districts: tuple[str, ...]
    staff_number: str = ""  # of an officer of the sample's first group


_TITLES = {
    "clerk": "登记员",
    "desk": "签约窗口",
    "officer": "签约组专员",
    "command": "指挥部",
    "city": "市级运行",
    "auditor": "审计员",
    "agency": "其他单位的工程师",
}
NAMES = {
    "clerk": "文清禾",
    "desk": "简云舟",
    "officer": "庄晓岚",
    "command": "温启明",
    "city": "卓以宁",
    "auditor": "商怀谨",
    "agency": "柏乔",
}
_STAFF = {"officer": "G01-1"}
# An agency's engineer has no district: the registry says for which agency a subject acts (decision 45).
_ENGINEER = Person("agency", NAMES["agency"], "agency", ())
PEOPLE = (
    tuple(
        Person(
            role if district == "440303" else f"{role}-{district}", NAMES[role], role, (district,), _STAFF.get(role, "")
        )
        for district in ("440303", "440305")
        for role in ("clerk", "desk", "officer", "command")
    )
    + tuple(Person(role, NAMES[role], role, ("*",)) for role in ("city", "auditor"))
    + (_ENGINEER,)
)


@dataclass(frozen=True)
class _Code:
    person: Person
    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    expires_at: float
    sign_in: str


def mint(  # noqa: PLR0913 - each is a claim
    local_dir: Path,
    *,
    role: str,
    districts: list[str] | tuple[str, ...],
    name: str = "",
    seconds: int = _SECONDS,
    staff_number: str = "",
) -> str:
    """An access token, for `make token` and for tests. The issuer need not run, but must have been started once."""
    person = Person(
        f"{role}-{'-'.join(districts)}".replace("*", "city"),
        name or NAMES.get(role, role),
        role,
        tuple(districts),
        staff_number,
    )
    return _signed(local_dir, _about(person), audience=_AUDIENCE, seconds=seconds)


def add_clients(local_dir: Path, client_ids: Iterable[str]) -> dict[str, str]:
    """Makes clients of an agency, or gives them new secrets in place of the old ones. A secret is shown once and kept as a digest.

    A sample person among them signs in by the page and gets none.
    """
    persons = {person.hint for person in PEOPLE}
    made = {client_id: secrets.token_urlsafe(32) for client_id in client_ids if client_id not in persons}
    file = local_dir / "issuer" / "clients.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    digests = {client_id: _digest(secret) for client_id, secret in made.items()}
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(known | digests, indent=2), encoding="utf-8")
    unfinished.rename(file)
    return made


def prepare(local_dir: Path, *, issuer: str) -> None:
    """Makes the key where there is none, and notes the issuer's address."""
    place = local_dir / "issuer"
    place.mkdir(parents=True, exist_ok=True)
    (place / "address").write_text(issuer, encoding="utf-8")
    if not (place / "key.json").exists():
        key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})
        new = place / "key.json.new"
        new.touch(mode=0o600)
        new.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
        new.rename(place / "key.json")


def create(local_dir: Path, *, issuer: str) -> Flask:
    prepare(local_dir, issuer=issuer)
    app = Flask(__name__, static_folder=None)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        return jsonify(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/authorize",
            end_session_endpoint=f"{issuer}/end_session",
            token_endpoint=f"{request.host_url}token",  # a service asks where it has found us
            jwks_uri=f"{request.host_url}jwks.json",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["ES256"],
            code_challenge_methods_supported=["S256"],
        )

    @app.get("/jwks.json")
    def keys() -> Response:
        return jsonify(keys=[_key(local_dir).as_dict(private=False)])

    _code_flow(app, local_dir)
    _sign_out(app, local_dir)
    return app


def _code_flow(app: Flask, local_dir: Path) -> None:
    codes: dict[str, _Code] = {}

    @app.get("/authorize")
    def authorize() -> Redirect | Response | str:
        wanted = request.args
        if fault := _fault(wanted):
            return Response(fault, 400, content_type="text/plain; charset=utf-8")
        if (person := _person(wanted.get("login_hint"))) is None:
            choices = [
                (person, _TITLES[person.role], f"?{urlencode({**wanted, 'login_hint': person.hint})}")
                for person in PEOPLE
            ]
            places = [(place, list(mine)) for place, mine in groupby(choices, key=lambda choice: _place(choice[0]))]
            return render_template_string(_PAGE, places=places)
        code, sign_in = secrets.token_urlsafe(24), request.cookies.get(_COOKIE, "") or secrets.token_urlsafe(24)
        sign_in = secrets.token_urlsafe(24) if sign_in in _ended(local_dir) else sign_in
        codes[code] = _Code(
            person,
            wanted["client_id"],
            wanted["redirect_uri"],
            wanted.get("nonce", ""),
            wanted["code_challenge"],
            time.time() + _CODE_SECONDS,
            sign_in,
        )
        query = urlencode({"code": code, "state": wanted.get("state", "")})
        answer = redirect(f"{wanted['redirect_uri']}?{query}")
        answer.set_cookie(_COOKIE, sign_in, max_age=_SECONDS, httponly=True, samesite="Lax")
        return answer

    @app.post("/token")
    def token() -> tuple[Response, int] | Response:
        if request.form.get("grant_type") == "client_credentials":
            return _client_token(local_dir)
        given = _by_code(codes) if "code" in request.form else _by_refresh_token(local_dir)
        if given is None:
            return jsonify(error="invalid_grant"), 400
        person, client_id, nonce, sign_in = given
        about, refreshes = _about(person), {"sub": person.hint, "sid": sign_in, "client_id": client_id}
        return jsonify(
            access_token=_signed(local_dir, about, audience=_AUDIENCE, seconds=_SECONDS),
            id_token=_signed(
                local_dir, {**about, "nonce": nonce, "sid": sign_in}, audience=client_id, seconds=_SECONDS
            ),
            refresh_token=_signed(local_dir, refreshes, audience=_REFRESHES, seconds=_SECONDS),
            token_type="Bearer",  # noqa: S106 - a kind, not a secret
            expires_in=_SECONDS,
        )


def _sign_out(app: Flask, local_dir: Path) -> None:
    @app.get("/end_session")
    def end_session() -> Redirect | Response:
        """RP-initiated logout: what was signed in with this browser is not refreshed any more."""
        if sign_in := request.cookies.get(_COOKIE, ""):
            with (local_dir / "issuer" / "ended").open("a", encoding="utf-8") as file:
                file.write(sign_in.splitlines()[0] + "\n")
        back = request.args.get("post_logout_redirect_uri", "")
        if urlsplit(back).scheme in {"http", "https"} and urlsplit(back).hostname in _LOOPBACK:
            answer: Redirect | Response = redirect(back)
        else:
            answer = Response("已退出 · signed out\n", content_type="text/plain; charset=utf-8")
        answer.delete_cookie(_COOKIE)
        return answer


def _client_token(local_dir: Path) -> tuple[Response, int] | Response:
    """For a program of another agency (RFC 6749, section 4.4). It holds no district: what it may read, the grants say."""
    basic = request.authorization
    named = (basic.username, basic.password) if basic and basic.type == "basic" else (None, None)
    client_id = named[0] or request.form.get("client_id", "")
    file = local_dir / "issuer" / "clients.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    given = _digest(named[1] or request.form.get("client_secret", ""))
    if not secrets.compare_digest(known.get(client_id, ""), given):
        return jsonify(error="invalid_client"), 401
    about = {"sub": client_id, "name": client_id, "roles": ["agency"], "districts": []}
    return jsonify(
        access_token=_signed(local_dir, about, audience=_AUDIENCE, seconds=_CLIENT_SECONDS),
        token_type="Bearer",  # noqa: S106 - a kind, not a secret
        expires_in=_CLIENT_SECONDS,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_Grant = tuple[Person, str, str, str]  # who, for which client, with which nonce, in which sign-in


def _by_code(codes: dict[str, _Code]) -> _Grant | None:
    form = request.form
    code = codes.pop(form.get("code", ""), None)  # once only
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    given = (form.get("client_id"), form.get("redirect_uri"), challenge)
    if code is None or code.expires_at < time.time() or given != (code.client_id, code.redirect_uri, code.challenge):
        return None
    return code.person, code.client_id, code.nonce, code.sign_in


def _by_refresh_token(local_dir: Path) -> _Grant | None:
    try:
        claims = jwt.decode(request.form.get("refresh_token", ""), _key(local_dir), algorithms=["ES256"]).claims
    except (JoseError, ValueError):
        return None
    person, client_id, sign_in = _person(claims.get("sub")), request.form.get("client_id", ""), claims.get("sid", "")
    if claims.get("aud") != _REFRESHES or claims.get("client_id") != client_id or claims["exp"] < time.time():
        return None
    return (person, client_id, "", sign_in) if person and sign_in not in _ended(local_dir) else None


def _ended(local_dir: Path) -> frozenset[str]:
    file = local_dir / "issuer" / "ended"
    return frozenset(file.read_text(encoding="utf-8").splitlines()) if file.exists() else frozenset()


def _person(hint: object) -> Person | None:
    return next((person for person in PEOPLE if person.hint == hint), None)


def _place(person: Person) -> str:
    """Under which heading the page lists them."""
    return (
        "全市 · Whole city" if "*" in person.districts else "、".join(person.districts) or "其他单位 · Other agencies"
    )


def main() -> None:
    local_dir, bind, port = Path(os.environ["LOCAL_DIR"]), os.environ.get("BIND", "127.0.0.1"), int(os.environ["PORT"])
    issuer = os.environ.get("ISSUER_URL") or f"http://{bind}:{port}"
    create(local_dir, issuer=issuer).run(host=bind, port=port, threaded=True)


def _fault(wanted: Any) -> str:  # noqa: ANN401 - werkzeug's MultiDict of the request
    back = urlsplit(wanted.get("redirect_uri", ""))
    if not wanted.get("client_id", "").startswith("clearwater-") or back.hostname not in _LOOPBACK:
        return "此登录服务只用于本机安装 · this issuer serves clearwater-* clients on loopback only\n"
    if (
        wanted.get("response_type") != "code"
        or wanted.get("code_challenge_method") != "S256"
        or not wanted.get("code_challenge")
    ):
        return "只支持带 PKCE (S256) 的授权码流程 · only the code flow with PKCE (S256)\n"
    return ""


def _about(person: Person) -> dict[str, Any]:
    claims = asdict(person)
    return {
        "sub": claims["hint"],
        "name": claims["name"],
        "roles": [claims["role"]],
        "districts": list(claims["districts"]),
    } | ({"staff_number": person.staff_number} if person.staff_number else {})


def _signed(local_dir: Path, about: dict[str, Any], *, audience: str, seconds: int) -> str:
    key, now = _key(local_dir), int(time.time())
    issuer = (local_dir / "issuer" / "address").read_text(encoding="utf-8")
    claims = {**about, "iss": issuer, "aud": audience, "iat": now, "exp": now + seconds, "jti": secrets.token_hex(8)}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


def _key(local_dir: Path) -> ECKey:
    return ECKey.import_key(json.loads((local_dir / "issuer" / "key.json").read_text(encoding="utf-8")))


_PAGE = """<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>选择样例人员登录 · Sign in</title>
<style>:root{--ground:#f3f4f4;--surface:#fff;--ink:#14181b;--ink-2:#4b5359;--rule:#c9cdd0;--focus:#1a5fd0}
@media (prefers-color-scheme:dark){:root{--ground:#15181a;--surface:#1d2124;--ink:#f0f2f3;--ink-2:#b9c0c5;--rule:#43494e;--focus:#8fc2ff}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.45 "Noto Sans SC",system-ui,"PingFang SC","Microsoft YaHei",sans-serif}
header{background:var(--surface);border-bottom:1px solid var(--rule);padding:.75rem 1rem;font-weight:700;font-size:1.125rem}
main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.5rem;line-height:1.3;margin:0}
p{margin:.25rem 0 0;color:var(--ink-2)}h2{font-size:1rem;margin:1.5rem 0 0;padding-top:.5rem;border-top:2px solid var(--ink-2)}
a{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem;align-items:center;min-height:44px;padding:.375rem .75rem;color:inherit;
text-decoration:none;border-bottom:1px solid var(--rule)}
a:hover{background:var(--surface)}a b{font-weight:700}a small{color:var(--ink-2);font-size:.875rem}
a:focus-visible{outline:3px solid var(--focus);outline-offset:-1px}
</style></head><body><header>清水签约 <span lang="en">Clearwater</span></header><main>
<h1>选择以谁的身份登录 · <span lang="en">Sign in as</span></h1><p>本机样例，没有密码。
<span lang="en">Sample people of the local platform; there is no password.</span></p>
<nav aria-label="样例人员 Sample people">{% for place, people in places %}{% set first = loop.first %}
<h2>{{ place }}</h2>{% for person, title, address in people %}
<a href="{{ address }}"{{ ' autofocus' if first and loop.first }}>
<span><b>{{ title }}</b> {{ person.name }}</span><small lang="en">{{ person.role }}</small></a>{% endfor %}{% endfor %}</nav>
</main></body></html>
"""

if __name__ == "__main__":
    main()
