"""Does PostgreSQL itself say how far the archive is: when it works, when it is dead, and when it goes on?"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from deploy.backups import archive, server
from deploy.backups.kept import Kept
from deploy.backups.server import Server
from shared.service import database
from shared.telemetry import archived
from shared.telemetry.archive_slot import SLOT
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def source(platform: Platform) -> Iterator[Server]:
    found = server.local(platform.place)
    found.drop_slot()
    yield found
    found.drop_slot()


@pytest.fixture
def engine(platform: Platform) -> Iterator[Engine]:
    """Of the role that a service's API reads its facts with: it has no right beyond its own database."""
    made = database.connect(platform.empty().mechanism, application_name="signing-facts", pool_size=1)
    yield made
    made.dispose()


@contextmanager
def archiving(source: Server, to: Kept) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=archive._receive, args=(source, to, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def figures(engine: Engine) -> tuple[float, float]:
    found = {sample.fact: sample.value for sample in archived.archive(engine)}
    return found[archived.POSITION], found[archived.MISSING]


def write(source: Server) -> None:
    """Something that every archive has to take."""
    with closing(source.connect()) as connection:
        connection.execute("select pg_logical_emit_message(false, 'test', repeat('x', 100000), true)")


@pytest.fixture
def to(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path)
    kept.prepare()
    return kept


def test_the_position_of_the_archive_is_known_while_it_works_while_it_is_dead_and_afterwards(
    source: Server, engine: Engine, to: Kept
) -> None:
    assert figures(engine) == (0, 0)

    source.keep_slot()
    with archiving(source, to):
        write(source)
        eventually(lambda: figures(engine)[1] == 0)
        position, _ = figures(engine)
        write(source)
        eventually(lambda: figures(engine)[0] >= position + 100_000)
        eventually(lambda: figures(engine)[1] == 0)

    dead, _ = figures(engine)
    write(source)
    write(source)
    position, missing = figures(engine)
    assert position == dead
    assert missing >= 200_000

    with archiving(source, to):
        eventually(lambda: figures(engine)[1] == 0)
    assert figures(engine)[0] > dead


def test_an_archive_that_ended_because_its_disk_was_full_goes_on_when_there_is_room(
    source: Server, engine: Engine, to: Kept
) -> None:
    """The next segment was left half filled, and PostgreSQL's own program takes none of that size."""
    source.keep_slot()
    with archiving(source, to):
        write(source)
        eventually(lambda: figures(engine)[1] == 0)
    (segment,) = to.wal.glob("*.partial")
    with closing(source.connect()) as connection:
        connection.execute("select pg_switch_wal()")
    whole = segment.with_suffix("")
    segment.rename(whole)
    begun = whole.with_name(f"{int(whole.name, 16) + 1:024X}.partial")
    begun.write_bytes(bytes(9_027_584))
    write(source)

    with archiving(source, to):
        eventually(lambda: figures(engine)[1] == 0)

    assert begun.stat().st_size == whole.stat().st_size
    assert b"x" * 5_000 in begun.read_bytes()  # a page of the log is 8 kB


def test_an_archive_that_was_killed_is_taken_over_from_the_program_that_it_has_left_behind(
    source: Server, engine: Engine, to: Kept
) -> None:
    source.keep_slot()
    command = source.command("pg_receivewal", "--directory", str(to.wal), "--slot", SLOT, "--synchronous", "--no-loop")
    with subprocess.Popen(command, env=source.environment) as left_behind:
        write(source)
        eventually(lambda: figures(engine)[1] == 0)

        with archiving(source, to):
            eventually(lambda: left_behind.poll() is not None)
            write(source)
            eventually(lambda: figures(engine)[1] == 0)
