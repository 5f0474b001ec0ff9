"""Does a start that cannot work fail with one line that says what to do?"""

import socket
from pathlib import Path

import pytest

from deploy.declaration import PORTS
from deploy.local import machine, place
from deploy.local.place import CannotStart, Place


def test_a_busy_port_is_named_with_its_process(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind((place.HOST, 0))
        taken.listen()
        busy = Place(tmp_path, taken.getsockname()[1] - PORTS["kafka"])

        with pytest.raises(CannotStart) as refusal:
            machine.check(busy, ["kafka"])

    assert f"Port {busy.port('kafka')}, wanted for kafka, is taken by" in str(refusal.value)
    assert "PORT_BASE" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_too_little_disk_space_is_reported_with_both_figures(tmp_path: Path):
    with pytest.raises(CannotStart) as refusal:
        machine.check(Place(tmp_path, 18_000), [], free_bytes=lambda _: 312_000_000)

    assert str(refusal.value) == (
        f"{tmp_path} has 312 MB free and 1000 MB are needed: free some, or set LOCAL_DIR to a larger disk."
    )


def test_a_directory_that_cannot_be_created_is_named(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match=r"cannot be made or written .* set LOCAL_DIR"):
        machine.check(Place(tmp_path / "file" / "local", 18_000), [])


def test_an_existing_directory_that_is_not_writable_is_named():
    """Not writable by anybody, even by root."""
    with pytest.raises(CannotStart, match=r"^/proc cannot be made or written .* set LOCAL_DIR"):
        machine.check(Place(Path("/proc"), 18_000), [], free_bytes=lambda _: 10**12)


@pytest.mark.parametrize("base", ["none", "80", "65530"])
def test_an_invalid_port_base_is_refused(monkeypatch: pytest.MonkeyPatch, base):
    monkeypatch.setenv("PORT_BASE", base)

    with pytest.raises(CannotStart, match=f"PORT_BASE={base}"):
        place.from_environment()


def test_no_two_processes_share_a_port():
    assert len(set(PORTS.values())) == len(PORTS)
