"""Do the make targets with an argument say in one line what is wrong with it?"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.local import __main__ as handles
from deploy.local import issuer


class Printed(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Handle = Callable[..., Printed]


@pytest.fixture
def handle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Handle:
    """As the Makefile calls it, for an installation in `tmp_path`."""
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(handles.signal, "signal", lambda *_: None)  # the test run's own stays

    def call(*arguments: str) -> Printed:
        monkeypatch.setattr(sys, "argv", ["deploy.local", *arguments])
        return Printed(handles.main(), *capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("role", "district", "complaint"),
    [
        ("king", "440303", "ROLE=king is no role: choose one of clerk, desk, officer, command, city, auditor."),
        ("", "440303", "ROLE= is no role: "),
        ("desk", "", "DISTRICT= is no district: six digits, several with commas, or '*' for the city."),
        ("desk", "440303,abc", "DISTRICT=440303,abc is no district: "),
        ("desk", "440303", "has no issuer yet: run `make up` first."),
    ],
)
def test_an_unusable_token_is_not_issued(handle: Handle, role: str, district: str, complaint: str) -> None:
    refused = handle("token", "--role", role, "--district", district)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert complaint in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_token_is_one_line(handle: Handle, tmp_path: Path) -> None:
    issuer.prepare(tmp_path, issuer="http://127.0.0.1:1")
    made = handle("token", "--role", "city", "--district", "*")

    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.count(".") == 2
    assert made.stdout.count("\n") == 1


def test_a_district_takes_six_digits(handle: Handle) -> None:
    refused = handle("topics", "4403")

    assert refused.returncode == 2
    assert "4403 is no district" in refused.stderr
