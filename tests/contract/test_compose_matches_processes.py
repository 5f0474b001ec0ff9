"""Does docker-compose.yml run the declared processes, and can `docker compose up --wait` finish?

The test parses the file as Docker does. It does not use the code that generates it.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.declaration import SERVICES
from deploy.images import secrets
from deploy.local import broker, jars, keys, processes
from deploy.local.place import ROOT, Place

DOCUMENT = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
COMPOSE = DOCUMENT["services"]
# What containers need in the place of deploy/local/system.py's own steps.
STEPS = {"databases", "users", "topics", *(f"{service}-migrate" for service in SERVICES)}
# The profile `ops`: programs of others, with pages of their own; `doctor`, which a person runs; `archive`, from the first backup on.
WATCHING = {name for name, entry in COMPOSE.items() if "profiles" in entry}
ROLES = [(service.name, role.name) for service in SERVICES.values() for role in service.roles]
COMPLETED, HEALTHY = "service_completed_successfully", "service_healthy"


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, processes.Process]:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setattr(jars, "fetch", lambda: tmp_path)  # the names of the processes need no jars
    return {process.name: process for process in processes.supervised(Place(tmp_path, 18_000))}


def test_the_file_is_as_it_would_be_written_now():
    checked = subprocess.run([sys.executable, "-m", "deploy.images.compose", "--check"], cwd=ROOT, check=False)

    assert checked.returncode == 0


def test_the_file_declares_the_same_processes(declared):
    assert set(COMPOSE) - STEPS - WATCHING == set(declared)


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_process_gets_the_same_environment(declared, service, role):
    name = f"{service}-{role}"
    container = COMPOSE[name]

    assert container["command"] == [role]
    assert container["image"] == f"clearwater/{service}:local"
    wanted = {key for key in declared[name].environment if not key.startswith("PYTHON")}
    secret = {item["target"] for item in container["secrets"]}
    assert secret | set(container["environment"]) == wanted | {"SECRETS_DIR"}
    assert secret & set(container["environment"]) == set()
    assert container["environment"]["SECRETS_DIR"] == "/run/secrets"
    for port in ("PORT", "HEALTH_PORT"):
        assert container["environment"][port] == declared[name].environment[port]


def test_the_file_runs_the_same_kafka_with_the_same_settings():
    coordinates = tomllib.loads((jars.DECLARED / "jgo.toml").read_text(encoding="utf-8"))["dependencies"]["coordinates"]
    version = COMPOSE["kafka"]["image"].removeprefix("apache/kafka:")
    variables = {name: name.upper().replace("-", "___").replace(".", "_") for name in broker.SETTINGS}
    settings = {f"KAFKA_{variables[name]}": value for name, value in broker.SETTINGS.items()}
    settings["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"] += ",AGENCIES:SASL_PLAINTEXT"

    assert f"org.apache.kafka:kafka_2.13:{version}!" in coordinates
    assert settings.items() <= COMPOSE["kafka"]["environment"].items()


def test_programs_outside_reach_the_broker_by_a_listener_that_asks_for_a_user():
    environment, [published] = COMPOSE["kafka"]["environment"], COMPOSE["kafka"]["ports"]
    listening = dict(item.split("://:") for item in environment["KAFKA_LISTENERS"].split(","))
    advertised = dict(item.split("://") for item in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))

    assert published == f"{advertised['AGENCIES']}:{listening['AGENCIES']}"
    assert environment["KAFKA_LISTENER_NAME_AGENCIES_SASL_ENABLED_MECHANISMS"] == "SCRAM-SHA-512"


def test_every_image_of_ours_is_built_once_and_never_looked_for_in_a_registry():
    ours = {name: entry for name, entry in COMPOSE.items() if entry["image"].startswith("clearwater/")}
    built = {name: entry for name, entry in ours.items() if "build" in entry}

    assert sorted(entry["image"] for entry in built.values()) == sorted(
        f"clearwater/{image}:local" for image in ("platform", *SERVICES)
    )
    assert {entry["image"] for entry in ours.values()} == {entry["image"] for entry in built.values()}
    assert {entry["pull_policy"] for entry in ours.values()} == {"never"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_one_service_and_its_own_lock(service):
    build = COMPOSE[f"{service}-migrate"]["build"]
    text = (ROOT / build["dockerfile"]).read_text(encoding="utf-8").replace("${SERVICE}", build["args"]["SERVICE"])
    lines = text.splitlines()

    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    for_agencies = ["docs/how-to/subscribe.md", "examples"]  # reporting serves them below /events
    assert copied == [f"requirements/{service}.lock", *for_agencies, "shared", f"services/{service}"]
    assert any("--require-hashes" in line for line in lines)
    assert "USER clearwater" in lines


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - STEPS - WATCHING))
def test_a_process_has_a_health_check_that_asks_its_own_port(name, declared):
    check = COMPOSE[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert set(check) == {"test", "interval", "timeout", "retries", "start_period"}, "older engines refuse others"
    if name == "postgres":  # while its image makes the cluster, a server for its own use answers on the socket
        assert check["test"][1:4] == ["pg_isready", "-h", "127.0.0.1"]
        return
    port = 9092 if name == "kafka" else declared[name].port
    assert re.search(rf"\b{port}\b", check["test"][-1])
    assert urlsplit(declared[name].ready).path in check["test"][-1]


def test_monitoring_starts_only_by_its_profile_and_reads_files_that_exist():
    ours = {"doctor", "archive"}
    assert {name: COMPOSE[name]["profiles"] for name in ours} == {name: [name] for name in ours}
    assert {"prometheus", "alertmanager", "grafana", "jaeger"} == WATCHING - ours
    for name in WATCHING - ours:
        entry = COMPOSE[name]
        assert entry["profiles"] == ["traces" if name == "jaeger" else "ops"]
        assert re.fullmatch(r"[\w-]+/[\w-]+:v?\d+\.\d+\.\d+", entry["image"])
        assert all(port.startswith("127.0.0.1:") for port in entry["ports"])
        assert entry["ports"][0].rpartition(":")[2] in entry["healthcheck"]["test"][-1]
        mounted = [volume.partition(":")[0] for volume in entry.get("volumes", ()) if volume.startswith("./")]
        assert [path for path in mounted if not (ROOT / path).exists()] == []
        assert name == "jaeger" or entry["volumes"][0].partition(":")[0] in DOCUMENT["volumes"]
    needed = {need for name in set(COMPOSE) - WATCHING for need in COMPOSE[name].get("depends_on", {})}
    assert needed & WATCHING == set()


def test_grafana_keeps_to_this_machine_and_to_the_folders_of_its_image():
    """A folder over all of its provisioning takes away its empty ones, which it then reports as errors; so is each look-up outside."""
    grafana = COMPOSE["grafana"]
    mounted = {target for _, target, *_ in (volume.split(":") for volume in grafana["volumes"])}
    settings = {key.removeprefix("GF_"): value for key, value in grafana["environment"].items()}

    assert "/etc/grafana/provisioning" not in mounted
    assert {f"/etc/grafana/provisioning/{name}" for name in ("dashboards", "datasources")} <= mounted
    outside = ("ANALYTICS_", "NEWS_", "SNAPSHOTS_EXTERNAL_", "PUBLIC_DASHBOARDS_", "PLUGINS_PLUGIN_ADMIN_")
    inside = ("PLUGINS_PREINSTALL_DISABLED", "PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", "SECURITY_DISABLE_GRAVATAR")
    for begin in outside:
        assert {value for key, value in settings.items() if key.startswith(begin)} == {"false"}, begin
    assert {settings[key] for key in inside} == {"true"}


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_container_sends_traces_where_whoever_starts_it_says_and_nowhere_else(service, role, declared):
    assert (
        COMPOSE[f"{service}-{role}"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "${OTEL_EXPORTER_OTLP_ENDPOINT:-}"
    )
    assert declared[f"{service}-{role}"].environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == ""


def test_the_containers_prometheus_scrapes_every_process_by_its_name_and_port():
    scraped = yaml.safe_load((ROOT / "deploy/images/prometheus.yml").read_text("utf-8"))
    targets = [
        target
        for job in scraped["scrape_configs"]
        for group in job.get("static_configs", ())
        for target in group["targets"]
    ]

    processes = [
        process
        for service, role in ROLES
        for process in (f"{service}-{role}", f"{service}-{role}-2")
        if process in COMPOSE
    ]
    assert {f"{service}-api-2" for service, role in ROLES if role == "api"} <= set(processes)
    assert targets == [
        *(f"{process}:{COMPOSE[process]['environment']['HEALTH_PORT']}" for process in processes),
        *(f"{name}:{COMPOSE[name]['environment']['PORT']}" for name in ("admin", "watch")),
    ]
    [by_name] = [found for job in scraped["scrape_configs"] for found in job.get("dns_sd_configs", ())]
    assert (by_name["names"], str(by_name["port"])) == (["archive"], COMPOSE["archive"]["environment"]["PORT"])
    rules = {volume.split(":")[1] for volume in COMPOSE["prometheus"]["volumes"]}
    assert set(scraped["rule_files"]) <= rules


def test_compose_wait_can_end():
    """Compose waits for the end of a step only when another service depends on its completion; otherwise it waits for ever."""
    needed = {
        (name, item["condition"]) for entry in COMPOSE.values() for name, item in entry.get("depends_on", {}).items()
    }

    assert {name for name, condition in needed if condition == COMPLETED} == STEPS
    assert {condition for _, condition in needed} == {COMPLETED, HEALTHY}
    assert {name for name, condition in needed if condition == HEALTHY} <= set(COMPOSE) - STEPS
    assert all(COMPOSE[name]["restart"] == "no" for name in STEPS)


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_process_starts_when_what_it_needs_is_ready(declared, service, role):
    waits = {name: item["condition"] for name, item in COMPOSE[f"{service}-{role}"]["depends_on"].items()}

    assert waits == {
        **dict.fromkeys(declared[f"{service}-{role}"].depends, HEALTHY),
        f"{service}-migrate": COMPLETED,
        "topics": COMPLETED,
    }


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - {"postgres", "kafka"}))
def test_an_address_leads_to_a_container_or_to_a_port_that_is_published(name):
    """Another container uses a container's name; a browser on this machine uses a published port."""
    published = {port.split(":")[1] for entry in COMPOSE.values() for port in entry.get("ports", ())}
    addresses = {
        key: urlsplit(value if "://" in value else f"tcp://{value}")
        for key, value in COMPOSE[name].get("environment", {}).items()
        if "URL" in key or key == "KAFKA_BOOTSTRAP"
    }

    wrong = {
        key: address.netloc
        for key, address in addresses.items()
        if address.hostname not in COMPOSE and (address.hostname != "127.0.0.1" or str(address.port) not in published)
    }
    assert wrong == {}


@pytest.mark.parametrize("name", sorted(COMPOSE))
def test_a_container_has_no_rights_that_it_does_not_need(name):
    entry = COMPOSE[name]
    user, _, group = entry["user"].partition(":")

    assert int(user) > 0
    assert int(group) > 0
    assert entry["read_only"] is True
    assert entry["cap_drop"] == ["ALL"]
    assert entry.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "front-door" else [])
    assert entry["security_opt"] == ["no-new-privileges:true"]
    assert entry["mem_limit"]
    assert entry["pids_limit"]
    # A folder in memory belongs to root unless it says whose it is: the process could not write to it.
    assert {folder.partition(":")[2] for folder in entry["tmpfs"]} == {f"uid={user}"}


def test_files_that_a_process_writes_beside_its_volumes_are_in_memory():
    for name, entry in COMPOSE.items():
        folders = [folder.partition(":")[0] for folder in entry["tmpfs"]]
        volumes = [volume.split(":")[1] for volume in entry.get("volumes", ()) if not volume.endswith(":ro")]
        if written := entry.get("environment", {}).get("PROMETHEUS_MULTIPROC_DIR"):
            assert any(written.startswith(f"{folder}/") for folder in (*folders, *volumes)), name


def test_no_container_leaves_a_nameless_volume_behind():
    """Each path that an image of others declares as a volume is one of ours, or in memory."""
    declared = {
        "postgres": {"/var/lib/postgresql"},
        "kafka": {"/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"},
    }
    for name, paths in declared.items():
        entry = COMPOSE[name]
        volumes = {volume.split(":")[1] for volume in entry["volumes"]}
        assert paths <= volumes | {folder.partition(":")[0] for folder in entry["tmpfs"]}


def test_our_images_have_the_user_that_the_file_names():
    for dockerfile in ("service", "platform"):
        text = (ROOT / "deploy" / "images" / f"{dockerfile}.Dockerfile").read_text(encoding="utf-8")
        assert re.search(r"useradd .*--uid 10001 .*clearwater", text)
    ours = {name: entry["user"] for name, entry in COMPOSE.items() if entry["image"].startswith("clearwater/")}
    # The archive reads and writes a cluster's files, in a restore.
    assert ours.pop("archive") == COMPOSE["postgres"]["user"]
    assert set(ours.values()) == {"10001:10001"}


def test_docker_is_sent_what_the_images_copy_and_no_more():
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    dockerfiles = [ROOT / "deploy" / "images" / f"{name}.Dockerfile" for name in ("service", "platform")]
    copied = {
        line.split()[1].partition("/")[0]
        for file in dockerfiles
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY")
    }

    assert [pattern for pattern in patterns if not pattern.startswith(("#", "!"))] == ["*", "**/__pycache__"]
    assert {pattern[1:].partition("/")[0] for pattern in patterns if pattern.startswith("!")} == copied


def test_every_secret_is_a_file_and_none_is_in_the_file_or_an_environment(tmp_path):
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    written = secrets.files(tmp_path)
    variables = set(re.findall(r"\$\{(\w+)\}", text))
    mounted = {item["source"] for entry in COMPOSE.values() for item in entry.get("secrets", ())}

    assert variables == {line.partition("=")[0] for line in secrets.lines(tmp_path)}
    assert all(name.endswith(("_SIDE", "_PUBLIC_KEY")) for name in variables)
    assert mounted == set(written) == set(DOCUMENT["secrets"])
    assert {name: secret["file"] for name, secret in DOCUMENT["secrets"].items()} == {
        name: f"./.local-containers/secrets/{name}" for name in written
    }
    assert {"vault_key", "postgres_password", "reader_private_key", "session_secret", "front_door_secret"} <= mounted
    assert [line for line in text.splitlines() if re.search(r"_(PASSWORD|SECRET|PRIVATE_KEY): ", line)] == []
    assert re.findall(r"://[^$@\s]+:[^$@\s]+@", text) == []
    known = set(keys.load(tmp_path).values()) - {"a", "b"}
    assert [value for value in known if value in text] == []
    assert [name for name, content in written.items() if "${" in content or not content] == []
