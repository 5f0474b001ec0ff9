"""python -m deploy.images.secrets: .env, the secrets of an installation in containers. Run again, it only adds what is missing."""

from pathlib import Path

from deploy.local import keys
from deploy.local.place import ROOT

_KEPT_IN = ROOT / ".local-containers"


def lines(local_dir: Path) -> list[str]:
    return [f"{name.upper()}='{value}'" for name, value in keys.load(local_dir).items()]


def main() -> None:
    file = ROOT / ".env"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines(_KEPT_IN)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
