"""Signing in and out with a browser: the code flow with PKCE, at the one service that mounts it for all (decision 18).

    GET  /login            to the provider, or at once where a session can be renewed; `next` is where to go afterwards
    GET  /callback         back from the provider
    POST /login/renewal    a page that stays open asks for its session to go on
    POST /logout           the end of the session, here and at the provider

Invariant: cookies are HttpOnly and SameSite=Lax; what a sign-in under way needs lives ten minutes, sealed, in a cookie of
its own; nobody is sent on to another site. Left to others: what a session holds (session.py), what it allows (identity.py).
"""

import re
import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from flask import Blueprint, Response, make_response, redirect, render_template, request
from requests import RequestException
from werkzeug.wrappers import Response as Redirect

from shared.refusal import Refused
from shared.service import identity, session
from shared.service.context import context
from shared.service.session import Session
from shared.telemetry import log, metrics

login = Blueprint("login", __name__)
_PENDING_SECONDS, _TIMEOUT_SECONDS, _LEAVING_SECONDS = 600, 5, 300
_LONGEST_SECONDS, _UNSAID_SECONDS = 12 * 3600, 3600  # of a session; of a token whose provider does not say how long
_NAME_LETTERS, _REFRESH_LETTERS = 100, 2200
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")
_STATE = re.compile(r"[A-Za-z0-9_-]{32}")
_log = log.get(__name__)


@login.get("/login")
def start() -> Redirect:
    """`login_hint` is handed to the provider; `other` asks for a person, whoever is signed in."""
    target = _local(request.args.get("next", "/"))
    other = bool(request.args.get("login_hint") or request.args.get("other"))
    if not other and (renewed := _renewed()):
        answer = redirect(target)
        _keep(answer, renewed)
        return answer
    pending = {name: secrets.token_urlsafe(24) for name in ("state", "nonce")}
    pending |= {"verifier": secrets.token_urlsafe(48), "next": target}
    parameters = {"nonce": pending["nonce"], "code_verifier": pending["verifier"]}
    if other:
        parameters["prompt"] = "login"
    if hint := request.args.get("login_hint"):
        parameters["login_hint"] = hint
    with _client() as client:
        address, _ = client.create_authorization_url(
            context().provider.address("authorization_endpoint"), state=pending["state"], **parameters
        )
    answer = redirect(address)
    settings = context().settings
    sealed = session.seal(pending, secret=settings.session_secret, purpose="login", seconds=_PENDING_SECONDS)
    session.put(
        answer,
        _pending_cookie(pending["state"]),
        sealed,
        public_url=settings.public_url,
        path="/callback",
        seconds=_PENDING_SECONDS,
    )
    return answer


@login.get("/callback")
def finish() -> Redirect:
    state = request.args.get("state", "")
    sealed = request.cookies.get(_pending_cookie(state), "") if _STATE.fullmatch(state) else ""
    try:
        pending = session.opened(sealed, secret=context().settings.session_secret, purpose="login")
    except Refused as failure:
        raise Refused("login-failed") from failure
    code = request.args.get("code")
    if not code or pending["state"] != state:
        _log.warning("the provider has not signed somebody in", error=request.args.get("error", "")[:100])
        raise Refused("login-failed")
    tokens = _exchanged(grant_type="authorization_code", code=code, code_verifier=pending["verifier"])
    client_id = context().settings.oidc_client_id
    if _claims(tokens, "id_token", audience=client_id).get("nonce") != pending["nonce"]:
        raise Refused("login-failed")
    answer = redirect(pending["next"])
    answer.delete_cookie(_pending_cookie(state), path="/callback")
    _arrive(answer)
    _keep(answer, _signed_in(tokens, ends_at=int(time.time()) + _LONGEST_SECONDS))
    return answer


@login.post("/login/renewal")
def renew() -> Response:
    identity.same_origin()
    renewed = _renewed()
    if renewed is None:
        raise Refused("token-missing")
    answer = Response(status=204)
    _keep(answer, renewed)
    return answer


@login.post("/logout")
def end() -> Redirect:
    """By way of a page of our own: a browser does not let a form lead to another site (CSP `form-action`)."""
    identity.same_origin()
    answer = redirect("/signed-out?from=us")
    _forget(answer)
    url = context().settings.public_url
    session.put(answer, session.cookie_name(url, "logout"), "1", public_url=url, seconds=_LEAVING_SECONDS)
    answer.headers["Clear-Site-Data"] = '"cache"'  # also what a browser keeps of pages to go back to
    return answer


@login.get("/signed-out")
def signed_out() -> Redirect:
    """Redirects to the provider once, to end its session too. The provider redirects back to this page.

    Only on the way out that POST /logout has begun, which its cookie says: any site can link to this page.
    """
    leaving = session.cookie_name(context().settings.public_url, "logout") in request.cookies
    if not leaving and _stays():
        return redirect("/")
    onward = _end_session() if leaving and request.args.get("from") == "us" else ""
    answer = make_response(render_template("signed-out.html", onward=onward, leaving=leaving, person=None))
    if leaving:
        _forget(answer)  # also what another tab has renewed meanwhile
    if onward:
        answer.headers["Refresh"] = f"0; url={onward}"
    elif leaving:
        _arrive(answer)
    return answer


def _stays() -> bool:
    try:
        return bool(identity.current().subject)
    except Refused:
        return False


def _renewed() -> Session | None:
    """The renewed session; None where there is none. Asks the provider, where it gave us a refresh token."""
    settings = context().settings
    sealed = request.cookies.get(session.cookie_name(settings.public_url, "renewal"), "")
    try:
        held = Session.of(session.opened(sealed, secret=settings.session_secret, purpose="renewal"))
        if not held.refresh_token:
            return held
        tokens = _exchanged(grant_type="refresh_token", refresh_token=held.refresh_token)
    except Refused as refusal:
        if refusal.code == "identity-unavailable":
            raise
        return None
    tokens.setdefault("refresh_token", held.refresh_token)
    return _signed_in(tokens, ends_at=held.ends_at)


def _exchanged(**grant: str) -> dict[str, Any]:
    """The token endpoint's answer; Refused `login-failed` when it says no, `identity-unavailable` when it says nothing."""
    with _client() as client:
        try:
            return dict(client.fetch_token(context().provider.address("token_endpoint"), **grant))
        # What is no token document at all breaks inside Authlib with the errors of what it tried to read.
        except (AuthlibBaseError, ValueError, TypeError, AttributeError) as failure:
            _log.warning("the provider refuses a grant", grant_type=grant["grant_type"], reason=str(failure))
            raise Refused("login-failed") from failure
        except RequestException as failure:
            if failure.response is not None and failure.response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Refused("login-failed") from failure
            _log.warning("identity provider unreachable", reason=str(failure))
            metrics.IDENTITY_FAILED.labels("unreachable").inc()
            raise Refused("identity-unavailable") from failure


def _signed_in(tokens: dict[str, Any], *, ends_at: int) -> Session:
    """Keeps only our claims: the provider may name hundreds of roles and groups of other systems."""
    claims = _claims(tokens, "access_token", audience="clearwater")
    subject = identity.of(claims)
    refresh_token = str(tokens.get("refresh_token") or "")
    if len(refresh_token) > _REFRESH_LETTERS:
        _log.warning(
            "a refresh token is too long for a cookie, so the session ends with its token", length=len(refresh_token)
        )
        refresh_token = ""
    if not refresh_token:
        ends_at = min(ends_at, int(time.time()) + (_whole(tokens.get("expires_in")) or _UNSAID_SECONDS))
    return Session(
        sub=subject.subject,
        name=subject.name[:_NAME_LETTERS],
        roles=tuple(sorted(subject.roles.intersection((*identity.ROLES, identity.AGENCY)))),
        districts=subject.granted,
        ends_at=ends_at,
        refresh_token=refresh_token,
        staff_number=subject.staff_number,
    )


def _claims(tokens: dict[str, Any], name: str, *, audience: str) -> dict[str, Any]:
    return context().provider.claims(str(tokens.get(name, "")), audience=audience, fresh=True)


def _whole(given: object) -> int:
    return given if isinstance(given, int) and given > 0 else 0


def _keep(answer: Redirect, signed_in: Session) -> None:
    """Sets two cookies: the session, which goes to every page, and the one that renews it, which goes to /login only."""
    settings, left = context().settings, signed_in.ends_at - int(time.time())
    values = signed_in.values()
    without = {name: value for name, value in values.items() if name not in {"refresh_token", "ends_at"}}
    sealed = session.seal(
        without, secret=settings.session_secret, purpose="session", seconds=min(session.LIFE_SECONDS, left)
    )
    held = session.seal(values, secret=settings.session_secret, purpose="renewal", seconds=left)
    name, url = session.cookie_name, settings.public_url
    session.put(answer, name(url), sealed, public_url=url, seconds=min(session.LIFE_SECONDS, left))
    session.put(answer, name(url, "renewal"), held, public_url=url, path="/login", seconds=left)


def _forget(answer: Redirect) -> None:
    url = context().settings.public_url
    answer.delete_cookie(session.cookie_name(url))
    answer.delete_cookie(session.cookie_name(url, "renewal"), path="/login")


def _arrive(answer: Redirect) -> None:
    """The way out ends."""
    answer.delete_cookie(session.cookie_name(context().settings.public_url, "logout"))


def _end_session() -> str:
    """RP-initiated logout 1.0. Empty where the provider has no such address, or does not answer: our own session has ended already."""
    try:
        address = context().provider.offers("end_session_endpoint")
    except Refused as failure:
        _log.warning("signed out without the provider", reason=failure.code)
        return ""
    settings = context().settings
    back = settings.public_url.rstrip("/") + "/signed-out"
    query = urlencode({"client_id": settings.oidc_client_id, "post_logout_redirect_uri": back})
    return f"{address}{'&' if '?' in address else '?'}{query}" if address else ""


def _client() -> OAuth2Session:
    settings = context().settings
    return OAuth2Session(
        settings.oidc_client_id,
        settings.oidc_client_secret or None,
        scope="openid profile",
        redirect_uri=settings.public_url.rstrip("/") + "/callback",
        code_challenge_method="S256",
        default_timeout=_TIMEOUT_SECONDS,
    )


def _local(address: str) -> str:
    """An address on this site, else the front page. To a browser two slashes of either kind begin another site's."""
    return address if _LOCAL.fullmatch(address) else "/"


def _pending_cookie(state: str) -> str:
    """One cookie for each sign-in under way: tabs that sign in at the same time do not disturb one another."""
    return f"{session.cookie_name(context().settings.public_url, 'login')}_{state[:8]}"
