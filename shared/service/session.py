"""The session of a browser: one small encrypted cookie that every service reads with the secret they share.

login.py writes it, in the one service that carries the sign-in; identity.py reads it, in all. Invariant: a session
lives `LIFE_SECONDS` and is renewed by login.py alone, from a second cookie that a browser sends to no other address;
so a stolen copy of the first dies within that time. What would not fit into a cookie is refused, never cut by a browser.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from shared.refusal import Refused

LIFE_SECONDS, RENEW_SECONDS = 600, 240
BROWSERS_KEEP_BYTES = 4096  # RFC 6265, section 6.1: name, value and attributes together
_SEAL = {"alg": "dir", "enc": "A256GCM"}
_PORTS = {"http": 80, "https": 443}
_OPTIONAL = ("refresh_token", "staff_number")
Purpose = Literal["session", "renewal", "login", "logout", "display"]


@dataclass(frozen=True)
class Session:
    """Who is signed in. `ends_at`: when they must sign in anew; `refresh_token`: asks the provider whether they still may."""

    sub: str
    name: str
    roles: tuple[str, ...]
    districts: tuple[str, ...]
    ends_at: int
    refresh_token: str = field(default="", repr=False)
    staff_number: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Session":
        lists: dict[str, Any] = {name: tuple(values[name]) for name in ("roles", "districts")}
        return cls(**{name: values[name] for name in values.keys() - {"exp"}} | lists)

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value or name not in _OPTIONAL}


def cookie_name(public_url: str, purpose: Purpose = "session") -> str:
    """With the port in it: a browser sends a cookie to all ports of a host, and two installations may share one."""
    parts = urlsplit(public_url)
    name = f"clearwater_{parts.port or _PORTS.get(parts.scheme, 0)}"
    return name if purpose == "session" else f"{name}_{purpose}"


def seal(values: dict[str, Any], *, secret: str, purpose: Purpose, seconds: float) -> str:
    """`values` encrypted, valid for `seconds`. A value that was sealed for one purpose opens for no other."""
    text = json.dumps({**values, "exp": int(time.time() + seconds)}, ensure_ascii=False, separators=(",", ":"))
    return jwe.encrypt_compact(_SEAL, text.encode(), _key(secret, purpose))


def opened(sealed: str, *, secret: str, purpose: Purpose) -> dict[str, Any]:
    """The sealed values; Refused `token-invalid` when they were sealed otherwise, or their time is over."""
    try:
        values: dict[str, Any] = json.loads(jwe.decrypt_compact(sealed, _key(secret, purpose)).plaintext or b"")
        if values["exp"] > time.time():
            return values
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as failure:
        raise Refused("token-invalid") from failure
    raise Refused("token-invalid")


def put(  # noqa: PLR0913 - each is a part of a cookie
    answer: Response, name: str, value: str, *, public_url: str, path: str = "/", seconds: int
) -> None:
    """Refused `session-too-large` where a browser would drop the cookie in silence: its reader would sign in without end."""
    secure = public_url.startswith("https:")
    cookie = dump_cookie(
        name, value, max_age=seconds, path=path, httponly=True, samesite="Lax", secure=secure, max_size=0
    )
    if len(cookie) > BROWSERS_KEEP_BYTES:
        raise Refused("session-too-large", bytes=len(cookie), most_bytes=BROWSERS_KEEP_BYTES)
    answer.headers.add("Set-Cookie", cookie)


@lru_cache(maxsize=16)
def _key(secret: str, purpose: Purpose) -> OctKey:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"clearwater {purpose}".encode())
    return OctKey.import_key(derived.derive(secret.encode()))
