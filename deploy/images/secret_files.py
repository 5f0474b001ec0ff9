"""Secrets as files: a setting with a secret in it is no variable of a container but a file in /run/secrets, named as the variable.

    DATABASE_URL: postgresql://…${SIGNING_APP_PASSWORD}…  ─▶  .local-containers/secrets/signing_database_url  ─▶  /run/secrets/DATABASE_URL

Invariant: what may be public (which of two users is in use, a public key) stays a variable, so that its change starts a container anew.
Imports the standard library only: the containers' own steps read their secrets with it.
Left to others: the values (secrets.py), reading in the services (shared/service/environment.py).
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

MOUNTED_IN = "/run/secrets"
_PLACEHOLDER = re.compile(r"(?<!\$)\$\{(\w+)\}")
Entry = dict[str, Any]


def is_public(name: str) -> bool:
    return name.upper().endswith(("_SIDE", "_PUBLIC_KEY"))


def mounted(process: str, entry: Entry) -> Entry:
    """The entry with its secrets as files. Ours learn by SECRETS_DIR where they are; an image of others has its own way."""
    secrets = dict(_secrets(process, entry))
    if not secrets:
        return entry
    public = {key: value for key, value in entry.get("environment", {}).items() if key not in secrets}
    if "pull_policy" in entry:
        public["SECRETS_DIR"] = MOUNTED_IN
    mounts = [{"source": source, "target": key} for key, source in secrets.items()]
    return {**entry, "environment": public, "secrets": mounts}


def templates(services: Mapping[str, Entry]) -> dict[str, str]:
    """What stands in each file, with the names of secrets in the place of their values."""
    return {
        source: entry["environment"][key]
        for process, entry in services.items()
        for key, source in _secrets(process, entry)
    }


def filled(template: str, secrets: Mapping[str, str]) -> str:
    return Template(template).substitute({name.upper(): value for name, value in secrets.items()})


def read() -> dict[str, str]:
    """The environment of this process with its secrets, wherever they stand."""
    folder = os.environ.get("SECRETS_DIR")
    files = sorted(Path(folder).iterdir()) if folder else []
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.is_file()} | dict(os.environ)


def _secrets(process: str, entry: Entry) -> Iterator[tuple[str, str]]:
    """Each variable with a secret in it, and the name of the secret: one for all who read the same."""
    for key, value in entry.get("environment", {}).items():
        placeholders = _PLACEHOLDER.findall(value)
        if all(map(is_public, placeholders)):
            continue
        alone = value == f"${{{placeholders[0]}}}"
        yield key, (placeholders[0] if alone else f"{process.partition('-')[0]}_{key}").lower()
