"""Is every released migration unchanged, and is each version complete? A breach names its file."""

import hashlib
from pathlib import Path

import pytest

from deploy.declaration import SERVICES
from deploy.local.place import ROOT

FOLDERS = [ROOT / "services" / service / "migrations" for service in SERVICES]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_released_version_is_unchanged_and_a_newer_one_comes_after_it(folder: Path):
    assert list(changed(folder)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_versions_are_numbered_without_a_gap_and_have_their_sql(folder: Path):
    versions = sorted(folder.glob("versions/[0-9]*.py"))
    assert [file.name[:4] for file in versions] == [f"{number:04}" for number in range(1, len(versions) + 1)]
    assert [file.name for file in versions if not list(folder.glob(f"versions/{file.stem}.*sql"))] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_version_has_the_number_of_its_file(folder: Path):
    """Without alembic, `/ready` knows the versions by their files' names."""
    before = "None"
    for file in sorted(folder.glob("versions/[0-9]*.py")):
        number = file.name[:4]
        assert f'revision, down_revision = "{number}", {before}\n' in file.read_text("utf-8")
        before = f'"{number}"'


def test_a_changed_removed_or_inserted_migration_is_named(tmp_path: Path):
    versions = tmp_path / "versions"
    versions.mkdir()
    released = {
        "0001_a.sql": b"create table a ();",
        "0002_b.sql": b"create table b ();",
        "0003_c.sql": b"create table c ();",
    }
    lines = [f"{hashlib.sha256(content).hexdigest()}  versions/{name}\n" for name, content in released.items()]
    (tmp_path / "released.sha256").write_text("".join(lines))
    (versions / "0001_a.sql").write_bytes(released["0001_a.sql"] + b" ")
    (versions / "0003_c.sql").write_bytes(released["0003_c.sql"])
    (versions / "0002_other.sql").write_bytes(b"")
    (versions / "0004_new.sql").write_bytes(b"")

    assert list(changed(tmp_path)) == [
        "versions/0001_a.sql changed since its release",
        "versions/0002_b.sql was released and is gone",
        "versions/0002_other.sql is not newer than the released versions",
    ]


def changed(folder: Path):
    """Every breach of the manifest. The manifest has the format of `sha256sum --check`."""
    lines = (folder / "released.sha256").read_text(encoding="utf-8").splitlines()
    released = {name: digest for digest, name in (line.split("  ") for line in lines)}
    for name, digest in released.items():
        file = folder / name
        if not file.exists():
            yield f"{name} was released and is gone"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            yield f"{name} changed since its release"
    newest = max(Path(name).name[:4] for name in released)
    for file in sorted(folder.glob("versions/[0-9]*.*")):
        name = f"versions/{file.name}"
        if name not in released and file.suffix in (".py", ".sql") and file.name[:4] <= newest:
            yield f"{name} is not newer than the released versions"
