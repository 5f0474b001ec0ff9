"""Does docker-compose.yml run what the local platform runs?"""

import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.local import broker, jars, processes
from deploy.local.place import ROOT, Place

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
# What containers need in the place of deploy/local/system.py's own steps.
STEPS = {"databases", "topics", *(f"{service}-migrate" for service in processes.ROLES)}
ROLES = [(service, role) for service, roles in processes.ROLES.items() for role in roles]


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, processes.Process]:
    monkeypatch.setattr(jars, "fetch", lambda: tmp_path)  # the names of the processes need no jars
    return {each.name: each for each in processes.declared(Place(tmp_path, 18_000))}


def test_it_declares_the_same_processes(declared):
    assert set(COMPOSE) - STEPS == set(declared)


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_process_is_told_the_same(declared, service, role):
    name = f"{service}-{role}"
    told = COMPOSE[name]

    assert told["command"] == [role]
    assert told["build"]["dockerfile"] == f"services/{service}/Dockerfile"
    wanted = {key for key in declared[name].environment if not key.startswith("PYTHON")}
    assert set(told["environment"]) == wanted
    for port in ("PORT", "HEALTH_PORT"):
        assert told["environment"][port] == declared[name].environment[port]


def test_it_runs_the_same_kafka_with_the_same_settings():
    coordinates = tomllib.loads((jars.DECLARED / "jgo.toml").read_text(encoding="utf-8"))["dependencies"]["coordinates"]
    version = COMPOSE["kafka"]["image"].removeprefix("apache/kafka:")
    settings = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in broker.SETTINGS.items()}

    assert f"org.apache.kafka:kafka_2.13:{version}!" in coordinates
    assert settings.items() <= COMPOSE["kafka"]["environment"].items()


@pytest.mark.parametrize("service", processes.ROLES)
def test_an_image_holds_one_service_and_its_own_lock(service):
    lines = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8").splitlines()

    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert copied == [f"requirements/{service}.lock", "shared", f"services/{service}"]
    assert any("--require-hashes" in line for line in lines)
    assert "USER clearwater" in lines
