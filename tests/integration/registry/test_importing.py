"""`make import` as a process, against the API and the worker: what does the terminal show, and what is stored?"""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from werkzeug.serving import make_server

from deploy.declaration import PORTS
from deploy.local.place import ROOT
from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, as_csv, workbook
from tests.support.eventually import eventually

MADE = sample.made(seed=1, units=20, district=DISTRICT)
NAME = "澄水湾片区"


@dataclass
class Terminal:
    """`works`: whether the worker runs by itself; otherwise only when a test runs it."""

    registry: Registry
    environment: dict[str, str]
    directory: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, content: bytes, *more: str, name: str = "units.csv", out: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        file = self.directory / name
        file.write_bytes(content)
        command = [sys.executable, "-m", "deploy.demo.importing", str(file), "--project", NAME, *more]
        self.started.append(
            subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.PIPE, text=True, encoding="utf-8"
            )
        )
        return self.started[-1]

    def run(self, content: bytes, *more: str, name: str = "units.csv") -> tuple[int, str, str]:
        """Runs the command, with a worker beside it. Returns the exit code and the output."""
        stop = threading.Event()
        working = threading.Thread(target=self.registry.importer.run_forever, args=(stop,))
        working.start()
        try:
            command = self.start(content, *more, name=name)
            out, err = command.communicate(timeout=90)
        finally:
            stop.set()
            working.join()
        return command.returncode, out, err

    def state(self) -> str | None:
        """Of the newest import."""
        with self.registry.mechanism.connect() as connection:
            return connection.execute(text("select state from imports order by uploaded_at desc limit 1")).scalar()

    def halfway(self) -> None:
        """Progress as the worker stores it, a quarter into 100,000 rows."""
        with database.begin(self.registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text("update imports set state = 'reading'"))
            tx.connection.execute(
                text("""insert into import_progress (import_id, district, step, done, total, began_at, noted_at)
                    select import_id, district, 'reading', 25000, 100000, now() - interval '12 seconds', now() from imports""")
            )


@pytest.fixture
def terminal(registry: Registry, tmp_path: Path) -> Iterator[Terminal]:
    server = make_server("127.0.0.1", 0, registry.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    base = server.server_port - PORTS["registry-api"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_"))}
    place = {"LOCAL_DIR": str(registry.local_dir), "PORT_BASE": str(base), "PYTHONPATH": str(ROOT)}
    made = Terminal(registry, {**inherited, **place, "LANG": "en_US.UTF-8"}, tmp_path)
    yield made
    for item in made.started:
        item.kill()
        item.communicate()
    server.shutdown()
    serving.join()
    server.server_close()


def wrong() -> sample.Sample:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    made.holders[0]["document_number"] = "440399198002290001"
    made.holders[1]["floor"] = 99
    return made


def test_a_correct_file_is_checked_in_a_dry_run_and_then_committed(terminal: Terminal):
    terminal.registry.project(MADE)
    code, out, err = terminal.run(as_csv(MADE))
    assert (code, err) == (0, ""), out
    assert "20 units: 20 new, 0 changed, 0 unchanged; nothing is written before --commit" in out
    assert terminal.state() == "clean"

    code, out, err = terminal.run(workbook(MADE), "--commit", name="units.xlsx")
    assert (code, err) == (0, ""), out
    assert "committed   20 units: 20 new" in out and "nothing is written" not in out
    assert terminal.state() == "committed"


def test_mistakes_are_listed_by_sheet_cell_code_and_text(terminal: Terminal):
    terminal.registry.project(MADE)
    code, out, err = terminal.run(as_csv(wrong()), "--commit")

    assert (code, err) == (1, "")
    assert "房屋与权利人 Q5 证件号码: check-digit  the check digit is wrong; compare the original" in out
    assert re.search(r"房屋与权利人 D6 楼层: floor-outside", out)
    assert "mistakes in 34 rows; nothing is written" in out and terminal.state() == "faulty"


def test_the_output_has_the_language_of_the_terminal(terminal: Terminal):
    terminal.registry.project(MADE)
    terminal.environment["LANG"] = "zh_CN.UTF-8"

    assert "check-digit  校验位不对，请核对原件" in terminal.run(as_csv(wrong()))[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xff\xfe",
            "The .csv is neither UTF-8 nor GB18030; nothing was imported (csv-encoding)\nSave it as CSV UTF-8",
        ),
        (as_csv(MADE) + b'"', "A quote of the .csv is not closed; nothing was imported (csv-quotes) row 38\nLook at"),
    ],
    ids=["at once", "while it is read"],
)
def test_a_refusal_is_printed_with_what_to_do(terminal: Terminal, content: bytes, message: str):
    terminal.registry.project(MADE)
    code, _, err = terminal.run(content)

    assert code == 2 and message in err


def test_an_unknown_project_is_answered_with_the_list_of_projects(terminal: Terminal):
    project_id = terminal.registry.project(name="另一片区")
    code, out, err = terminal.run(as_csv(MADE))

    assert (code, out) == (2, "")
    assert f"440303 另一片区 {project_id}" in err and "Nothing was uploaded." in err


def test_without_a_terminal_each_step_is_a_plain_line(terminal: Terminal):
    terminal.registry.project(MADE)
    command = terminal.start(as_csv(MADE))
    eventually(lambda: terminal.state() == "uploaded")
    assert command.stdout.readline().startswith("  uploaded    units.csv, ")
    assert command.stdout.readline() == "  uploaded\n"
    terminal.halfway()
    assert command.stdout.readline() == "  reading     25,000 of 100,000 rows\n"
    terminal.registry.work()

    out, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (0, "") and "\r" not in out and "clean       20 units" in out


def test_in_a_terminal_a_bar_fills(terminal: Terminal):
    terminal.registry.project(MADE)
    ours, theirs = pty.openpty()
    command = terminal.start(as_csv(MADE), out=theirs)
    os.close(theirs)
    eventually(lambda: terminal.state() == "uploaded")
    terminal.halfway()
    shown = b""
    while "25,000 of 100,000 rows" not in shown.decode(errors="ignore"):
        shown += os.read(ours, 1_024)
    terminal.registry.work()
    command.wait(timeout=60)
    shown += os.read(ours, 4_096)
    os.close(ours)

    assert f"\r  reading     [{'█' * 6}{'·' * 18}]  25 %  about 36 s to go" in shown.decode()
    assert "clean       20 units" in shown.decode() and command.returncode == 0


@pytest.mark.parametrize("commit", [False, True])
def test_ctrl_c_ends_the_command_at_once_and_prints_the_state_of_the_import(terminal: Terminal, commit: bool):
    terminal.registry.project(MADE)
    command = terminal.start(as_csv(MADE), *(["--commit"] if commit else []))
    eventually(lambda: terminal.state() == "uploaded")
    if commit:
        terminal.registry.importer.run_once()
        terminal.registry.importer.run_once()
        eventually(lambda: terminal.state() == "committing")
    else:
        command.stdout.readline()
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=60)

    assert command.returncode == 130 and "Traceback" not in err
    message = (
        "A commit that has arrived goes on without this terminal, all of it or nothing"
        if commit
        else "The dry run goes on without"
    )
    assert f"Interrupted. {message}" in err
    terminal.registry.work()
    assert terminal.state() == ("committed" if commit else "clean")
