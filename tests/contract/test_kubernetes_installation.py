"""Does an installation find every setting and secret, does nobody reach whom they need not, and do the steps of the page work?"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from deploy.declaration import AGENCIES, MESSAGES, SERVICES, WATCH
from deploy.images import secrets as of_containers
from deploy.kubernetes import secrets
from deploy.local.place import ROOT
from tests.support import kustomize
from tests.support.cluster import (
    FOLDER,
    OVERLAYS,
    ROLES,
    SERVING,
    Document,
    container,
    of,
    overlay,
    pods,
    read_secrets,
)
from tests.support.policies import leaves, reaches


@pytest.fixture(params=OVERLAYS)
def built(request: pytest.FixtureRequest) -> list[Document]:
    return overlay(request.param)


@pytest.fixture
def city() -> list[Document]:
    return overlay("city")


def test_every_setting_and_every_secret_is_there_when_a_pod_asks_for_it(built: list[Document], tmp_path: Path):
    held = {
        item["metadata"]["name"]: item
        for item in [*built, *secrets.documents(tmp_path)]
        if item["kind"] in ("ConfigMap", "Secret")
    }
    for name, pod in pods(built).items():
        for variable in container(pod)["env"]:
            if source := variable.get("valueFrom", {}).get("configMapKeyRef"):
                assert source["key"] in held[source["name"]]["data"], (name, variable)
        assert set(read_secrets(pod).values()) <= set(held["clearwater"]["stringData"]), name


def test_no_secret_and_no_address_of_a_server_stands_in_the_files(built: list[Document], tmp_path: Path):
    printed = secrets.documents(tmp_path)[0]["stringData"]
    text = json.dumps(built, ensure_ascii=False)

    assert of(built, "Secret") == {}
    assert [name for name, value in printed.items() if value in text] == []
    literal = [str(variable.get("value", "")) for pod in pods(built).values() for variable in container(pod)["env"]]
    assert {value for value in literal if ".example" in value or "://" in value} == {"https://$(FRONT_HOST)"}


def test_the_secrets_are_those_of_the_containers(tmp_path: Path):
    """One installation may move from containers to a cluster: what was sealed with its keys can be opened there."""
    secret, public = secrets.documents(tmp_path)
    files = of_containers.files(tmp_path)

    assert secret["stringData"].items() <= files.items()
    lines = dict(line.split("=", 1) for line in of_containers.lines(tmp_path))
    assert {name.upper(): f"'{value}'" for name, value in public["data"].items()}.items() <= lines.items()


def test_only_the_front_door_reaches_what_serves(built: list[Document]):
    policies = list(of(built, "NetworkPolicy").values())
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(built).items()}
    ports = {
        name: port["containerPort"] for name, pod in pods(built).items() for port in container(pod).get("ports", ())
    }

    reached = {
        (source, target)
        for source in labels
        for target, port in ports.items()
        if source != target and reaches(policies, labels[source], labels[target], port)
    }

    watched = {(WATCH, "front-door")} & {(name, "front-door") for name in labels}
    assert reached == {("front-door", name) for name in SERVING} | watched
    assert reaches([], labels["signing-api"], labels["notify-api"], ports["notify-api"]), (
        "without policies everybody does"
    )
    assert {name for name in ports if reaches(policies, labels[name], labels[name], ports[name])} == set()


def test_every_policy_budget_and_service_selects_a_pod(built: list[Document]):
    """A selector of nobody is a right that no pod gets, or a Service without an answer."""
    labels = [pod["metadata"]["labels"].items() for pod in pods(built).values()]
    named = {port["name"] for pod in pods(built).values() for port in container(pod).get("ports", ())}
    selectors = {
        (kind, name): item["spec"][key]["matchLabels"]
        for kind, key in (
            ("NetworkPolicy", "podSelector"),
            ("PodDisruptionBudget", "selector"),
            ("Deployment", "selector"),
        )
        for name, item in of(built, kind).items()
        if item["spec"][key]
    }
    selectors |= {
        ("Service", name): item["spec"]["selector"]
        for name, item in of(built, "Service").items()
        if "selector" in item["spec"]
    }

    assert [which for which, selector in selectors.items() if not any(selector.items() <= own for own in labels)] == []
    targets = {port["targetPort"] for item in of(built, "Service").values() for port in item["spec"].get("ports", ())}
    assert targets <= named
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in built if "scaleTargetRef" in item.get("spec", {})}
    assert scaled <= of(built, "Deployment").keys()


def test_the_watch_runs_beside_prometheus_and_asks_the_front_door_by_its_public_name(
    city: list[Document],
):
    read = {variable["name"]: variable.get("value", "") for variable in container(pods(city)[WATCH])["env"]}
    (port,) = (
        entry["port"] for entry in of(city, "Service")["front-door"]["spec"]["ports"] if entry["name"] == "https"
    )

    assert read["FRONT_DOOR"] == f"front-door:{port}"
    assert read["PUBLIC_URL"] == "https://$(FRONT_HOST)"
    assert read["PROCESSES"] == ""
    assert WATCH not in pods(overlay("small"))


def test_a_process_leaves_the_cluster_only_to_what_its_role_needs(built: list[Document]):
    policies = list(of(built, "NetworkPolicy").values())

    def goes(labels: Mapping[str, str]) -> set[str]:
        places = {"postgres": 5432, "kafka": 9092, "https": 443, "smtp": 587, "spans": 4318, "any": 8443}
        return {place for place, port in places.items() if leaves(policies, labels, None, port)}

    every = pods(built)
    for name, (_, role) in ROLES.items():
        wanted = {"postgres", "spans"} | ({"kafka"} if role.bus else set())
        wanted |= {"https"} if role.serves or role.calls else set()
        wanted |= {"smtp"} if MESSAGES in role.calls else set()
        assert goes(every[name]["metadata"]["labels"]) == wanted, name
    assert goes(every["front-door"]["metadata"]["labels"]) == set()
    assert {goes_to for service in SERVICES for goes_to in goes(every[f"{service}-migrate"]["metadata"]["labels"])} == {
        "postgres"
    }
    assert [name for name, (_, role) in ROLES.items() if AGENCIES in role.calls] == ["reporting-webhooks"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_who_asks_an_issuer_in_the_same_cluster_reaches_its_pods_with_the_component_and_nobody_else_does(
    tmp_path: Path, name: str
):
    """A Service's port 443 that leads to the pods' 8443 is the usual one, and a policy is compared with the pods'."""
    for folder in ("base", "components", "overlays"):
        shutil.copytree(FOLDER / folder, tmp_path / folder)
    wanted = {"resources": [f"overlays/{name}"], "components": ["components/issuer-inside"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(wanted), encoding="utf-8")
    login, elsewhere = ({"kubernetes.io/metadata.name": namespace} for namespace in ("login", "elsewhere"))

    def going(documents: list[Document], target: Mapping[str, str], port: int) -> set[str]:
        policies = list(of(documents, "NetworkPolicy").values())
        every = pods(documents)
        return {pod for pod in every if leaves(policies, every[pod]["metadata"]["labels"], target, port)}

    documents = kustomize.build(tmp_path)

    asking = {*SERVING} | ({WATCH} & pods(documents).keys())
    assert going(documents, login, 8443) == going(documents, login, 8080) == asking
    assert going(overlay(name), login, 8443) == going(documents, elsewhere, 8443) == set()


@pytest.mark.parametrize("name", [f"{service}-consumer" for service in SERVICES])
def test_a_service_accepts_the_settings_of_its_pod(city: list[Document], tmp_path: Path, name: str):
    """As the kubelet makes them: values of config maps, variables in variables, secrets as files."""
    secret, public = secrets.documents(tmp_path)
    held = {item["metadata"]["name"]: item["data"] for item in [*city, public] if item["kind"] == "ConfigMap"}
    variables: dict[str, str] = {}
    for variable in container(pods(city)[name])["env"]:
        source = variable.get("valueFrom", {}).get("configMapKeyRef")
        value = held[source["name"]][source["key"]] if source else variable.get("value", "")
        variables[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], value)
    folder = tmp_path / "secrets"
    folder.mkdir()
    for file, key in read_secrets(pods(city)[name]).items():
        (folder / file).write_text(secret["stringData"][key], encoding="utf-8")
    service = ROLES[name][0].name
    script = f"from services.{service}.config import Settings; print(Settings().model_dump_json())"

    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**variables, "SECRETS_DIR": str(folder), "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    read = json.loads(ended.stdout)
    assert read["database_url"].startswith(f"postgresql://{service}_app:")
    assert read["database_url"].endswith(f"@postgres:5432/{service}")
    assert read["kafka_security"] == "SASL_SSL"
    assert read["kafka_user"] in (f"{name}-a", f"{name}-b")
    assert read["public_url"] == "https://clearwater.example"
    assert read["session_secret"] and "$(" not in ended.stdout


def test_the_kustomization_of_the_page_names_every_image_and_every_server(tmp_path: Path):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    ((indent, written),) = re.findall(r"^( *)```yaml\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "kustomization.yaml").write_text(
        re.sub(rf"^{indent}", "", written, flags=re.MULTILINE), encoding="utf-8"
    )
    for folder in ("base", "components", "overlays"):
        shutil.copytree(FOLDER / folder, tmp_path / "clearwater/deploy/kubernetes" / folder)

    documents = kustomize.build(tmp_path)

    images = {name: container(pod)["image"] for name, pod in pods(documents).items()}
    assert {name for name, image in images.items() if not image.startswith("images.city.example/")} == {"front-door"}
    ((name, installation),) = [
        item for item in of(documents, "ConfigMap").items() if item[0].startswith("installation-")
    ]
    ours = {
        key
        for key, value in installation["data"].items()
        if re.search(r"\b(clearwater|issuer|kafka|messages)\.example", value)
    }
    assert ours == set()
    assert of(documents, "Service")["postgres"]["spec"]["externalName"] == "clearwater-rw.databases.svc.cluster.local"
    sources = {
        variable["valueFrom"]["configMapKeyRef"]["name"]
        for pod in pods(documents).values()
        for variable in container(pod)["env"]
        if "valueFrom" in variable
    }
    assert sources == {name, "public"}
    assert container(pods(documents)["topics"])["args"][0] == "deploy.images.topics"


def test_the_page_makes_the_namespace_from_its_file():
    """What is made by another command is no object of `kubectl apply`, which warns of it, and has no label that keeps pods restricted."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"kubectl apply -f (\S+)", page)

    assert "kubectl create namespace" not in page
    made = [document for file in files for document in yaml.safe_load_all((ROOT / file).read_text(encoding="utf-8"))]
    assert [document["kind"] for document in made] == ["Namespace"]
    assert made[0]["metadata"]["name"] in {document["metadata"]["name"] for document in overlay("small")}


def test_the_steps_of_the_page_select_what_they_name(built: list[Document]):
    """First everything but what is labelled `after`; what is waited for and deleted is labelled `before`."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    (steps,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = steps.splitlines()

    assert [line.split()[1] for line in lines] == ["delete", "apply", "wait", "apply", "rollout"]
    assert "clearwater/order=before" in lines[0]
    assert "'clearwater/order!=after'" in lines[1]
    assert "clearwater/order=before" in lines[2]
    first = [
        document for document in built if document["metadata"].get("labels", {}).get("clearwater/order") != "after"
    ]
    assert {document["kind"] for document in first}.isdisjoint(
        {"Deployment", "HorizontalPodAutoscaler", "ScaledObject"}
    )
    assert {name for pod in pods(first).values() for name in policies_of(first, pod)} >= {
        "signing-migrate",
        "nobody-reaches-anybody",
    }


def policies_of(documents: list[Document], pod: Document) -> set[str]:
    labels = pod["metadata"]["labels"]
    return {
        name
        for name, policy in of(documents, "NetworkPolicy").items()
        if policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
    }
