"""The secrets of one installation: made once, at its first start, readable by its owner only, never committed."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.local import access

_FILE = "secrets.json"
SERVICES = ("registry", "signing", "notify", "reporting")
DATABASE_ROLES = ("owner", "app", "mechanism")


def load(local_dir: Path) -> dict[str, str]:
    """All secrets by name. Those that a newer version needs are added; none is ever made anew, as data is sealed with them."""
    path = local_dir / _FILE
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {name: value for name, value in _made().items() if name not in known}
    if made:
        known |= made
        _write(path, json.dumps(known, indent=2))
    return known


def user_key(role: str) -> str:
    """Which of a role's two users on the broker is in use."""
    return f"kafka_{role.replace('-', '_')}_user"


def password_key(role: str) -> str:
    return f"kafka_{role.replace('-', '_')}_password"


def replace(local_dir: Path, changed: Mapping[str, str]) -> None:
    """Only for secrets that nothing is sealed with."""
    _write(local_dir / _FILE, json.dumps(load(local_dir) | changed, indent=2))


def _made() -> dict[str, str]:
    reader = X25519PrivateKey.generate()
    made = {f"{service}_{role}_password": secrets.token_urlsafe(24) for service in SERVICES for role in DATABASE_ROLES}
    made |= {f"{service}_session": secrets.token_urlsafe(32) for service in SERVICES}
    made["postgres_password"] = secrets.token_urlsafe(24)
    made["supervisor_password"] = secrets.token_urlsafe(24)
    for role in access.roles():
        made |= {user_key(role): access.users(role)[0], password_key(role): secrets.token_urlsafe(24)}
    made |= {password_key(user): secrets.token_urlsafe(24) for user in access.STATIC}
    made["vault_key"] = base64.b64encode(secrets.token_bytes(32)).decode()
    # One secret, not two: a public key that belongs to another private key would seal what nobody can open.
    made["reader_key_pair"] = json.dumps(
        {
            "private": base64.b64encode(reader.private_bytes_raw()).decode(),
            "public": base64.b64encode(reader.public_key().public_bytes_raw()).decode(),
        }
    )
    return made


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    unfinished.replace(path)
