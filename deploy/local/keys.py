"""The secrets of one installation: made once, at its first start, readable by its owner only, never committed."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy import declaration

_FILE = "secrets.json"
_PAIR, _HALVES = "key_pair", ("private_key", "public_key")


def load(local_dir: Path) -> dict[str, str]:
    """All secrets by name; a key pair has two. Secrets that a newer version needs are added. None is ever replaced, since data
    is sealed with them.
    """
    path = local_dir / _FILE
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: _MAKE[kind] for name, kind in declaration.secrets().items() if name not in known}
    if missing:
        known |= {name: make() for name, make in missing.items()}
        _write(path, json.dumps(known, indent=2))
    return {name: value for stored in known.items() for name, value in _flat(*stored)}


def replace(local_dir: Path, changed: Mapping[str, str]) -> None:
    """Replaces secrets. Use it only for secrets that nothing is sealed with."""
    path = local_dir / _FILE
    _write(path, json.dumps({**json.loads(path.read_text()), **changed}, indent=2))


def _flat(name: str, value: str) -> list[tuple[str, str]]:
    if not name.endswith(_PAIR):
        return [(name, value)]
    pair = json.loads(value)
    return [(name.removesuffix(_PAIR) + half, pair[half.partition("_")[0]]) for half in _HALVES]


def _token() -> str:
    return secrets.token_urlsafe(32)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key_pair() -> str:
    """A pair is one secret, not two: data sealed for the public key of another pair could not be opened."""
    pair = X25519PrivateKey.generate()
    halves = {"private": pair.private_bytes_raw(), "public": pair.public_key().public_bytes_raw()}
    return json.dumps({half: base64.b64encode(raw).decode() for half, raw in halves.items()})


_MAKE: dict[str, Callable[[], str]] = {"token": _token, "key": _key, "key pair": _key_pair, "side": lambda: "a"}


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    unfinished.replace(path)
