"""What a start that fails says of the process that does not become ready."""

import json
from pathlib import Path

import pytest

from deploy.local import keys, starting, system
from deploy.local.place import Place

STOPPED = json.dumps({"event": "stopped", "level": "info"})
DIED = json.dumps({
    "event": "loop died",
    "level": "error",
    "exception": 'Traceback (most recent call last):\nUndefinedTable: relation "lags" does not exist\n(Background on this error at: x)',
})  # fmt: skip
PLAIN = json.dumps({"event": "broker unavailable", "level": "error"})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "it has logged nothing"),
        ([DIED, STOPPED], 'loop died: UndefinedTable: relation "lags" does not exist'),
        ([DIED, PLAIN, STOPPED], "broker unavailable"),
        ([STOPPED], "stopped"),
        (["Traceback", "ModuleNotFoundError: No module named 'x'"], "ModuleNotFoundError: No module named 'x'"),
        (["[1]", "[]"], "[]"),
    ],
)
def test_the_last_error_is_named_before_the_last_line(tmp_path: Path, lines: list[str], words: str):
    place = Place(local_dir=tmp_path, port_base=18000, tls=False)
    log = place.path("logs", "payments-consumer.log")
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(lines), encoding="utf-8")

    assert starting.last_line(place, "payments-consumer") == f"{words} ({log})"


def test_the_addresses_have_the_one_by_which_a_person_sees_who_holds_a_lock(tmp_path: Path):
    """For the owner of the installation alone, who has all passwords anyway."""
    system.write_addresses(Place(tmp_path, 26_000))

    lines = dict(line.split("=", 1) for line in (tmp_path / "run.env").read_text().splitlines())
    password = keys.load(tmp_path)["postgres_password"]
    assert lines["DATABASE_URL_SUPERUSER"] == f"postgresql://postgres:{password}@127.0.0.1:26001/postgres"
    assert (tmp_path / "run.env").stat().st_mode & 0o077 == 0
