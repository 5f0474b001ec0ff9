"""Does a fifth service need only its folder and one line? The test follows the how-to in a copy of the tree and starts it there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.declaration import SERVICES
from deploy.local.place import ROOT, Place
from tests.support import platform as platforms
from tests.support.tree import copied, tracked

pytestmark = pytest.mark.timeout(900)  # it starts a platform of its own
SAMPLE = ROOT / "tests" / "support" / "payments"
ROLES = ("api", "relay", "consumer")
# The kit's versions of signing, each with what becomes of the numbers in it: signing's own tables stand between them.
KIT = {
    "kit": {"0001": "0001"},
    "served_code": {"0003": "0002", "0002": "0001"},
    "diverged": {"0004": "0003", "0003": "0002"},
    "lags": {"0007": "0004", "0006": "0003"},
    "outbox": {"0011": "0005", "0010": "0004"},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with the service in it, for each test its own: some of them write into it."""
    copy = copied(tmp_path / "tree")
    (copy / ".cache").symlink_to((ROOT / ".cache").resolve())
    shutil.copytree(SAMPLE / "service", copy / "services" / "payments")
    shutil.copy(SAMPLE / "events.py", copy / "shared" / "events" / "payments.py")
    kit = copy / "services" / "payments" / "migrations" / "versions"
    for name, numbers in KIT.items():
        for version in (ROOT / "services" / "signing" / "migrations" / "versions").glob(f"*_{name}.*"):
            text = version.read_text(encoding="utf-8").replace("signing", "payments")
            text = re.sub(r"(?<=[\"'])0\d{3}(?=[\"'])", lambda found, new=numbers: new.get(found[0], found[0]), text)
            (kit / f"{numbers[version.name[:4]]}_{name}{version.suffix}").write_text(text, encoding="utf-8")
    service, topic = re.findall(r"```text\n(.*?\n)```", how_to(), re.DOTALL)
    add_to_services(copy / "deploy" / "declaration.py", service)
    add_line(copy / "shared" / "events" / "topics.py", topic, after='Kind("notify-key"')
    return copy


@pytest.fixture(scope="module")
def somewhere() -> Iterator[Place]:
    place = platforms.somewhere()
    yield place
    platforms.stop(place)


def test_a_fifth_service_is_one_line_its_folder_and_its_events(tree: Path):
    changed = {
        str(file.relative_to(ROOT))
        for file in tracked()
        if file.read_bytes() != (tree / file.relative_to(ROOT)).read_bytes()
    }

    assert changed == {"deploy/declaration.py", "shared/events/topics.py"}
    assert how_to().count("```text") == 2


def test_a_fifth_service_becomes_ready_and_its_event_goes_over_the_bus(tree: Path, somewhere: Place):
    moved = {"PORT_BASE": str(somewhere.port_base), "LOCAL_DIR": str(somewhere.local_dir)}

    answers = json.loads(run(tree, "tests.support.payments", **moved).splitlines()[-1])

    assert answers["services"] == [*SERVICES, "payments"]
    assert answers["ready"] == {f"payments-{role}": True for role in ROLES}
    assert answers["created"]["published"] is False
    assert answers["published"] == {**answers["created"], "published": True}


def test_the_compose_file_has_the_containers_of_a_fifth_service(tree: Path):
    run(tree, "deploy.images.compose")

    containers: dict[str, Any] = yaml.safe_load((tree / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    ours = {name: entry for name, entry in containers.items() if name.startswith("payments-")}
    assert set(ours) == {"payments-migrate", "payments-api-2", *(f"payments-{role}" for role in ROLES)}
    assert {entry["image"] for entry in ours.values()} == {"clearwater/payments:local"}
    assert ours["payments-migrate"]["build"]["args"] == {"SERVICE": "payments"}
    assert ours["payments-api"]["ports"] == ["127.0.0.1:18050:18050"]
    assert "PAYMENTS_OWNER_PASSWORD" in {secret["target"] for secret in containers["databases"]["secrets"]}


def test_kubernetes_has_the_workloads_of_a_fifth_service(tree: Path):
    run(tree, "deploy.kubernetes")

    folder = tree / "deploy" / "kubernetes"
    base = yaml.safe_load((folder / "base" / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    ours = {name.removesuffix(".yaml") for name in base if name.startswith("payments-")}
    assert ours == {"payments-migrate", "payments-operator", *(f"payments-{role}" for role in ROLES)}
    for name in ours:
        documents = list(yaml.safe_load_all((folder / "base" / f"{name}.yaml").read_text(encoding="utf-8")))
        pod = documents[0]["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == "clearwater/payments:local"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert documents[-1]["kind"] == "NetworkPolicy"
    (configuration,) = (folder / "base" / "front-door").glob("Caddyfile")
    assert "payments-api:18050" in configuration.read_text(encoding="utf-8")
    scalers = yaml.safe_load_all((folder / "components/autoscaling/scalers.yaml").read_text(encoding="utf-8"))
    assert "payments-api" in {scaler["metadata"]["name"] for scaler in scalers}


def test_the_import_contracts_cover_a_fifth_service(tree: Path):
    assert lint(tree).returncode == 0

    (tree / "services" / "payments" / "store" / "planted.py").write_text("import services.signing.domain\n")
    broken = lint(tree)
    (tree / "services" / "payments" / "store" / "planted.py").unlink()

    assert broken.returncode == 1
    assert "services.payments.store.planted -> services.signing.domain" in broken.stdout


def how_to() -> str:
    return (ROOT / "docs" / "how-to" / "add-a-service.md").read_text(encoding="utf-8")


def add_to_services(file: Path, line: str) -> None:
    """At the end of SERVICES, as the how-to says."""
    before, found, after = file.read_text(encoding="utf-8").partition("    )\n}\n")
    assert found, "SERVICES does not end as it did"
    file.write_text(f"{before}{line}{found}{after}", encoding="utf-8")


def add_line(file: Path, line: str, *, after: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, item in enumerate(lines) if item.strip().startswith(after))
    file.write_text("".join([*lines[: place + 1], line, *lines[place + 1 :]]), encoding="utf-8")


def run(tree: Path, module: str, **changed: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(tree)} | changed
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lint(tree: Path) -> "subprocess.CompletedProcess[str]":
    command = [Path(sys.executable).with_name("lint-imports"), "--contract", "independent-services", "--no-cache"]
    return subprocess.run(
        command, cwd=tree, env={"PATH": "", "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
