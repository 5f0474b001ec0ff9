"""Signing in with a browser: the code flow with PKCE, and the cookie that carries the access token afterwards.

Stays true: the cookie is this service's own, HttpOnly and SameSite=Lax; state, nonce and verifier live ten minutes,
signed, in a second cookie; nobody is sent on to another site. Left to others: what the token allows (identity.py).
"""

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as Redirect

from shared.refusal import Refused
from shared.service import identity
from shared.service.running import running

login = Blueprint("login", __name__)
_PENDING_SECONDS = 600
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")


@login.get("/login")
def start() -> Redirect:
    """`next` is where to go afterwards, `login_hint` is handed to the provider."""
    pending = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": _local(request.args.get("next", "/")),
    }
    challenge = base64.urlsafe_b64encode(hashlib.sha256(pending["verifier"].encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": _client_id(),
        "redirect_uri": _callback_url(),
        "scope": "openid profile",
        "state": pending["state"],
        "nonce": pending["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if hint := request.args.get("login_hint"):
        asked["login_hint"] = hint
    answer = redirect(f"{running().provider.address('authorization_endpoint')}?{urlencode(asked)}")
    _keep(answer, _pending_cookie(), str(_signer().dumps(pending)), seconds=_PENDING_SECONDS)
    return answer


@login.get("/callback")
def finish() -> Redirect:
    try:
        pending: dict[str, Any] = _signer().loads(request.cookies.get(_pending_cookie(), ""), max_age=_PENDING_SECONDS)
    except BadData as failure:
        raise Refused("login-failed") from failure
    code = request.args.get("code")
    if not code or not secrets.compare_digest(request.args.get("state", ""), pending["state"]):
        raise Refused("login-failed")
    tokens = running().provider.exchange(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _callback_url(),
            "client_id": _client_id(),
            "code_verifier": pending["verifier"],
        }
    )
    told = running().provider.claims(str(tokens.get("id_token", "")), audience=_client_id())
    if told.get("nonce") != pending["nonce"]:
        raise Refused("login-failed")
    access_token = str(tokens.get("access_token", ""))
    running().provider.claims(access_token)
    answer = redirect(pending["next"])
    answer.delete_cookie(_pending_cookie())
    _keep(answer, identity.cookie_name(running().name), access_token, seconds=int(tokens.get("expires_in", 3600)))
    return answer


@login.post("/logout")
def end() -> Redirect:
    identity.same_origin()
    answer = redirect("/")
    answer.delete_cookie(identity.cookie_name(running().name))
    return answer


def _keep(answer: Redirect, name: str, value: str, *, seconds: int) -> None:
    secure = running().settings.public_url.startswith("https:")
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=secure)


def _local(address: str) -> str:
    """An address on this site, else the front page. To a browser two slashes of either kind begin another site's."""
    return address if _LOCAL.fullmatch(address) else "/"


def _callback_url() -> str:
    return running().settings.public_url.rstrip("/") + "/callback"


def _client_id() -> str:
    return f"clearwater-{running().name}"


def _pending_cookie() -> str:
    return identity.cookie_name(running().name) + "_login"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(running().settings.session_secret, salt="login")
