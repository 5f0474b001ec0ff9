"""python -m deploy.images.secrets: .env, the secrets of an installation in containers. Run again, it only adds what is missing."""

from pathlib import Path

from deploy.images.running import KEPT_IN, SHARED
from deploy.local import keys
from deploy.local.place import ROOT


def lines(local_dir: Path) -> list[str]:
    return [f"{name.upper()}='{value}'" for name, value in keys.load(local_dir).items()]


def main() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)  # or Docker makes it, for root alone
    file = ROOT / ".env"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines(KEPT_IN)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
