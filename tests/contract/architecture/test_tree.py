"""Is every folder in the plan of the tree? An unplanned folder is often a second way to do something."""

from deploy.declaration import SERVICES
from deploy.local.place import ROOT
from tests.support.tree import tracked

TOP = {".ci", ".github", "deploy", "docs", "examples", "requirements", "services", "shared", "tests"}
SHARED = {"events", "messaging", "service", "telemetry", "web"}
TESTS = {"unit", "contract", "integration", "e2e", "browser", "load", "chaos", "support"}
DEPLOY = {
    "backups",
    "debezium",
    "doctor",
    "front_door",
    "local",
    "demo",
    "images",
    "kubernetes",
    "prometheus",
    "grafana",
    "sandbox",
}
IN_A_SERVICE = {
    "api",
    "commands",
    "consumers",
    "domain",
    "gateways",
    "migrations",
    "projections",
    "queries",
    "store",
    "web",
    "workers",
}
ALLOWED = {"": TOP, "shared": SHARED, "tests": TESTS, "deploy": DEPLOY, "services": set(SERVICES)} | {
    f"services/{service}": IN_A_SERVICE | ({"templates"} if service == "notify" else set()) for service in SERVICES
}


def test_every_folder_is_planned():
    found = {file.relative_to(ROOT).parent for file in tracked()}
    every = {parent for folder in found for parent in (folder, *folder.parents)}

    unplanned = [
        str(folder)
        for folder in every
        if folder.name and (planned := ALLOWED.get("" if str(folder.parent) == "." else str(folder.parent))) is not None
        if folder.name not in planned
    ]
    assert sorted(unplanned) == []


def test_services_is_a_namespace_package():
    assert not (ROOT / "services" / "__init__.py").exists()


def test_every_service_that_is_declared_has_its_folder_and_no_other_has_one():
    assert {file.relative_to(ROOT).parts[1] for file in tracked() if file.is_relative_to(ROOT / "services")} == set(
        SERVICES
    )
