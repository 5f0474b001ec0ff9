"""Does every process of an image start with only the packages of its own lock?

The workspace has more packages installed, which would hide a package that a lock lacks.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import declaration
from deploy.declaration import BUS_ADMIN, SERVICES
from deploy.local import keys, processes
from deploy.local.place import HOST, ROOT
from tests.support import alone
from tests.support.alone import Image
from tests.support.platform import Database, Platform
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(300)  # a cold cache of packages is filled over the network
ROLES = [(service.name, role.name) for service in SERVICES.values() for role in service.roles]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Image]:
    """image("signing"), built once for all its roles."""
    built: dict[str, Image] = {}

    def build(service: str) -> Image:
        if service not in built:
            folders = ("shared", f"services/{service}")
            lock = ROOT / "requirements" / f"{service}.lock"
            built[service] = alone.build(tmp_path_factory.mktemp(service), lock, folders)
        return built[service]

    return build


@pytest.fixture(scope="module")
def platform_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return alone.build(tmp_path_factory.mktemp("platform"), ROOT / "requirements" / "images.lock", ("shared", "deploy"))


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_role_becomes_ready_with_its_services_own_lock(
    platform: Platform, database: Callable[[str], Database], image: Callable[[str], Image], service: str, role: str
):
    port = free_port()
    environment = platform.environment(service, role, database(service)) | {"PORT": str(port), "HEALTH_PORT": str(port)}
    if "PROMETHEUS_MULTIPROC_DIR" in environment:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(image(service).place / "metrics" / role)

    with image(service).running(f"services.{service}", role, environment=environment) as started:
        assert started.ready(port)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_migrates_an_empty_database(
    platform: Platform, empty_database: Callable[[str], Database], image: Callable[[str], Image], service: str
):
    environment = platform.environment(service, "migrate", empty_database(service))

    migrated = image(service).run(f"services.{service}", "migrate", environment=environment)

    assert migrated.returncode == 0, migrated.stdout + migrated.stderr


@pytest.mark.parametrize("name", ["issuer", "messages", "admin", "watch"])
def test_a_process_of_the_platforms_image_becomes_ready(platform: Platform, platform_image: Image, name: str):
    declared = next(process for process in processes.declared(platform.place) if process.name == name)
    port, home = free_port(), platform_image.place
    moved = {
        "PORT": str(port), "SMTP_PORT": str(free_port()), "BIND": HOST,
        "LOCAL_DIR": str(home / "files"), "KEPT_IN": str(home / "messages"),
    }  # fmt: skip

    with platform_image.running(declared.command[2], environment={**declared.environment, **moved}) as started:
        assert started.ready(port, declared.ready.removeprefix(platform.place.url(name)))


def test_the_platforms_image_makes_users_topics_and_databases(platform: Platform, platform_image: Image):
    """The step needs a PostgreSQL host named postgres; in this test it runs until it looks for that host."""
    district = platform.district()

    secrets = {name.upper(): value for name, value in keys.load(platform.place.local_dir).items()}
    bus = {
        **secrets,
        "KAFKA_INTERNAL": platform.place.kafka_internal,
        **declaration.bus_user(processes.local_site(platform.place), BUS_ADMIN),
    }
    users = platform_image.run("deploy.images.users", "--only-in-use", environment=bus)
    topics = platform_image.run("deploy.images.topics", district, environment=bus)
    passwords = {
        f"{service}_{role}_PASSWORD".upper(): "x" for service in SERVICES for role in ("owner", "app", "mechanism")
    }
    databases = platform_image.run("deploy.images.databases", environment={**passwords, "POSTGRES_PASSWORD": "x"})

    assert users.returncode == 0, users.stderr
    assert topics.returncode == 0, topics.stderr
    assert f"clearwater.{district}.signing-case" in topics.stdout
    assert "postgres" in databases.stderr
    assert "psycopg.OperationalError" in databases.stderr


@pytest.mark.parametrize("command", ["archive", "districts"])
def test_the_platforms_image_has_what_backups_need(platform_image: Image, command: str):
    """The same host; it runs until it looks for that host. PostgreSQL's own programs come from the lock too."""
    moved = {"POSTGRES_PASSWORD": "x", "BIND": HOST, "PORT": str(free_port())}

    looked = platform_image.run("deploy.backups.inside", command, environment=moved)

    assert "psycopg.OperationalError" in looked.stderr


def test_a_lock_that_lacks_something_is_found(tmp_path: Path):
    """Installs only the first line of the lock: the process exits and names the missing package."""
    lock = (ROOT / "requirements" / "reporting.lock").read_text(encoding="utf-8")
    first = lock.split("    # via", 1)[0]
    (tmp_path / "first.lock").write_text(first.rstrip().removesuffix("\\"), encoding="utf-8")
    image = alone.build(tmp_path / "image", tmp_path / "first.lock", ("shared", "services/reporting"))

    with image.running("services.reporting", "api", environment={}) as started, pytest.raises(RuntimeError) as ended:
        started.ready(free_port())

    assert "ModuleNotFoundError" in str(ended.value)
