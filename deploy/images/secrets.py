"""python -m deploy.images.secrets > .env: the secrets of one installation in containers, made anew."""

import json
import tempfile
from pathlib import Path

from deploy.local import keys


def lines() -> list[str]:
    with tempfile.TemporaryDirectory() as nowhere:
        secrets = keys.load(Path(nowhere))
    reader = json.loads(secrets.pop("reader_key_pair"))
    secrets["reader_private_key"] = reader["private"]
    secrets["reader_public_keys"] = json.dumps({"notify": reader["public"]}, separators=(",", ":"))
    return [f"{name.upper()}='{value}'" for name, value in secrets.items()]


if __name__ == "__main__":
    print("\n".join(lines()))
