"""Does a folder of backups give the right one, survive a crash in the middle of a line, and refuse in one line what cannot be done?"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from backports import tarfile

from deploy.backups import __main__ as handles
from deploy.backups import archive, kept, lists, taking
from deploy.backups.kept import Kept
from deploy.doctor import disks
from deploy.local.place import CannotStart

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def taken(to: Kept, at: datetime, wal: str) -> Path:
    folder = to.databases(kept.stamp(at))
    folder.mkdir(parents=True)
    kept.note_taken(folder, finished_at=at + timedelta(minutes=1), first_wal=wal)
    to.keys(folder.name).touch()
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Kept:
    folder = Kept(tmp_path / "backups")
    folder.prepare()
    return folder


def test_a_restore_takes_the_newest_backup_that_was_finished_before_the_moment(to: Kept) -> None:
    first, second = taken(to, NOON, "0" * 24), taken(to, NOON + timedelta(hours=1), "0" * 24)
    (to.databases("20261128T150000Z")).mkdir()  # interrupted: it is not whole

    assert to.newest(None).folder == second
    assert to.newest(NOON + timedelta(hours=1)).folder == first
    with pytest.raises(CannotStart, match="no backup that was finished by"):
        to.newest(NOON)


def test_old_backups_go_with_their_keys_and_the_log_that_no_kept_one_needs(to: Kept) -> None:
    old = taken(to, NOON, "000000010000000000000002")
    new = taken(to, NOON + timedelta(hours=1), "000000010000000000000005")
    interrupted = to.databases("20261128T110000Z")
    interrupted.mkdir()
    for name in (
        "000000010000000000000004",
        "000000010000000000000005",
        "000000020000000000000006.partial",
        "00000002.history",
    ):
        (to.wal / name).touch()

    taking._forget_old(to, 1)

    assert [folder.exists() for folder in (old, new, interrupted)] == [False, True, False]
    assert not to.keys(old.name).exists() and to.keys(new.name).exists()
    assert sorted(file.name for file in to.wal.iterdir()) == [
        "000000010000000000000005",
        "00000002.history",
        "000000020000000000000006.partial",
    ]


def test_a_line_that_a_crash_cut_off_is_passed_over_and_written_again(tmp_path: Path) -> None:
    file = tmp_path / "erasures.jsonl"
    lists._append(file, [{"person_id": "1"}])
    with file.open("a") as cut_off:
        cut_off.write('{"person_')

    assert list(kept.lines(file)) == [{"person_id": "1"}]
    assert lists._append(file, [{"person_id": "2"}]) == 1
    assert list(kept.lines(file)) == [{"person_id": "1"}, {"person_id": "2"}]


def test_keys_and_configuration_come_back_readable_by_their_owner_only(tmp_path: Path) -> None:
    source, archive, target = tmp_path / "local", tmp_path / "keys.tar", tmp_path / "elsewhere"
    (source / "issuer").mkdir(parents=True)
    (source / "issuer" / "key.json").write_text("key")
    (source / "secrets.json").write_text("secret")
    (source / "run.env").write_text("not configuration")

    taking._pack(source, archive)
    taking.put_back(archive, target)

    assert archive.stat().st_mode & 0o077 == 0
    assert (target / "secrets.json").read_text() == "secret"
    assert (target / "secrets.json").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in target.rglob("*")) == ["issuer", "key.json", "secrets.json"]


def test_an_archive_puts_nothing_outside_its_folder(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "keys.tar", "w") as hostile:
        hostile.addfile(tarfile.TarInfo("../outside"))

    with pytest.raises(tarfile.OutsideDestinationError):
        taking.unpack(tmp_path / "keys.tar", tmp_path / "elsewhere")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["backup", "--to", ""], "name a folder: make backup TO=/mnt/backups"),
        (["backup", "--to", "x", "--keep", "0"], "a number from 1 on"),
        (["restore", "--from", "x", "--at", "yesterday"], "an instant such as"),
        (["restore", "--from", "x", "--at", "2026-11-28T03:15:00"], "with its offset from UTC"),
        (["restore", "--from", "no-such-folder"], "no-such-folder has no backup."),
        (["backup", "--to", "x"], "a backup is taken of a running installation"),
    ],
)
def test_an_impossible_backup_or_restore_is_refused_before_anything_is_touched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "local"))
    monkeypatch.setattr(sys, "argv", ["deploy.backups", *arguments])

    with pytest.raises(SystemExit) as ended:
        sys.exit(handles.main())

    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_newest_whole_backup_is_what_the_archive_process_shows(to: Kept) -> None:
    def at() -> float:
        return next(sample.value for sample in archive.newest(to) if sample.fact is archive.BACKUP_AT)

    assert at() == 0

    for day in (27, 28):
        folder = to.databases(f"202611{day}T190000Z")
        folder.mkdir(parents=True)
        kept.note_taken(folder, finished_at=datetime(2026, 11, day, 19, tzinfo=UTC), first_wal="0" * 24)
    to.databases("20261129T190000Z").mkdir()  # interrupted

    assert at() == datetime(2026, 11, 28, 19, tzinfo=UTC).timestamp()


def test_the_archive_process_shows_the_disk_of_the_backups(to: Kept) -> None:
    found = {(sample.fact, *sample.labels): sample.value for sample in archive.newest(to)}

    assert 0 < found[disks.DISK_FREE, "backups"] <= found[disks.DISK, "backups"]
