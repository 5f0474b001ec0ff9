"""Does deploy/kubernetes run the declared processes, does Kubernetes take every document, and has no pod more rights than it needs?

The overlays are built by kustomize itself and compared with the declaration and docker-compose.yml, not with the code that writes them.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.declaration import BUS_ADMIN, SERVICES, WATCH
from deploy.local.place import ROOT
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
    sizes,
)

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
# Kinds of operators, whose schemas kubernetes-validate does not carry.
OF_OPERATORS = {"PodMonitor", "PrometheusRule", "ScaledObject"}
LARGEST_BODY = 64  # MB; the front door lets no larger one through
OLDEST, NEWEST = "1.31", kubernetes_validate.latest_version()


@pytest.fixture(params=OVERLAYS)
def built(request: pytest.FixtureRequest) -> list[Document]:
    return overlay(request.param)


@pytest.fixture
def city() -> list[Document]:
    return overlay("city")


def test_the_files_are_as_they_would_be_written_now():
    checked = subprocess.run([sys.executable, "-m", "deploy.kubernetes", "--check"], cwd=ROOT, check=False)

    assert checked.returncode == 0


def test_every_file_is_named_by_a_kustomization_and_every_name_is_a_file():
    named = set()
    for file in FOLDER.glob("*/**/kustomization.yaml"):
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        generated = [path for item in found.get("configMapGenerator", ()) for path in item.get("files", ())]
        named |= {(file.parent / path).resolve() for key in ("resources", "components") for path in found.get(key, ())}
        named |= {(file.parent / path).resolve() for path in generated}
    written = {file for file in FOLDER.glob("*/**/*") if file.is_file() and file.suffix not in (".py", ".pyc")}

    assert {path for path in named if path.is_file()} == {file for file in written if file.name != "kustomization.yaml"}
    assert [path for path in named if not (path.is_file() or (path / "kustomization.yaml").is_file())] == []


# Each overlay once: they share the base, and a schema is read anew for each document.
@pytest.mark.parametrize(("name", "version"), [("small", NEWEST), ("city", OLDEST)])
def test_kubernetes_takes_every_document(name: str, version: str):
    documents = overlay(name)
    known = [item for item in documents if item["kind"] not in OF_OPERATORS]

    for document in known:
        kubernetes_validate.validate(document, version, strict=True)
    assert {item["kind"] for item in known} >= {"Deployment", "Job", "Service", "NetworkPolicy", "PodDisruptionBudget"}


def test_a_document_with_a_fault_is_refused(built: list[Document]):
    broken = of(built, "Deployment")["signing-api"] | {"spec": {"replica": 2}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


def test_a_file_says_it_as_kubernetes_keeps_it(built: list[Document]):
    """An empty list or value is not kept, and an action is filled in: written otherwise, each `kubectl apply` is a change of the object."""
    for document in built:
        empty = [place for place, value in places(document["spec"]) if value in ([], "")] if "spec" in document else []
        assert empty == [], document["metadata"]["name"]
    for monitor in of(built, "PodMonitor").values():
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert {relabeling["action"] for relabeling in endpoint["relabelings"]} == {"replace"}


def places(found: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Everything inside, with the way to it."""
    yield place, found
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in items:
        yield from places(value, f"{place}/{key}")


def test_every_declared_process_has_its_workload_and_nothing_else_runs(built: list[Document]):
    terminals = {f"{service}-operator" for service in SERVICES}
    assert set(of(built, "Deployment")) - {WATCH} == {*ROLES, *terminals, "front-door", BUS_ADMIN}
    assert {of(built, "Deployment")[name]["spec"]["replicas"] for name in terminals} == {0}
    assert set(of(built, "Job")) - {"databases", "topics"} == {f"{service}-migrate" for service in SERVICES}
    assert all(
        document["metadata"].get("namespace") == "clearwater" for document in built if document["kind"] != "Namespace"
    )


@pytest.mark.parametrize("name", ROLES)
def test_a_process_runs_as_in_containers(built: list[Document], name: str):
    """The same image, role, settings and secrets as docker-compose.yml gives it."""
    pod, compose = pods(built)[name], COMPOSE[name]
    own = container(pod)
    variables = [variable["name"] for variable in own["env"]]
    put_into_others = set(re.findall(r"\$\((\w+)\)", " ".join(variable.get("value", "") for variable in own["env"])))

    assert own["image"] == compose["image"]
    assert own["args"] == compose["command"]
    assert set(variables) - put_into_others == set(compose["environment"])
    assert len(variables) == len(set(variables))
    assert read_secrets(pod) == {secret["target"]: secret["source"] for secret in compose["secrets"]}
    ports = {
        variable["name"]: variable["value"] for variable in own["env"] if variable["name"] in ("PORT", "HEALTH_PORT")
    }
    assert ports == {key: compose["environment"][key] for key in ports}
    assert [port["containerPort"] for port in own["ports"]] == [int(compose["environment"]["HEALTH_PORT"])]


def test_an_api_runs_twice_and_a_loop_once(built: list[Document]):
    small = of(overlay("small"), "Deployment")

    assert {name for name in ROLES if small[name]["spec"]["replicas"] == 2} == {
        f"{service}-api" for service in SERVICES
    }
    assert {small[name]["spec"]["replicas"] for name in set(ROLES) - SERVING} == {1}
    for name, deployment in of(built, "Deployment").items():
        strategy = deployment["spec"]["strategy"]
        many = name == "front-door" or (name in ROLES and (ROLES[name][1].serves or ROLES[name][1].waiting))
        assert strategy["type"] == ("RollingUpdate" if many else "Recreate"), name
        if many:
            assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, name


def test_a_pod_has_no_rights_that_it_does_not_need(built: list[Document]):
    for name, pod in pods(built).items():
        spec, own = pod["spec"], container(pod)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert own["securityContext"]["allowPrivilegeEscalation"] is False
        assert own["securityContext"]["readOnlyRootFilesystem"] is True
        assert own["securityContext"]["capabilities"]["drop"] == ["ALL"]
        added = own["securityContext"]["capabilities"].get("add", [])
        assert added == (["NET_BIND_SERVICE"] if name == "front-door" else [])
        assert own["resources"]["limits"]["memory"]
        assert {"cpu", "memory"} <= set(own["resources"]["requests"])
    assert (
        of(built, "Namespace")["clearwater"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    )


def test_a_pod_writes_to_memory_only(built: list[Document]):
    for name, pod in pods(built).items():
        in_memory = {
            volume["name"] for volume in pod["spec"]["volumes"] if volume.get("emptyDir", {}).get("medium") == "Memory"
        }
        mounts = {mount["mountPath"]: mount for mount in container(pod)["volumeMounts"]}
        variables = {variable["name"]: variable.get("value", "") for variable in container(pod)["env"]}
        assert all(mount["name"] in in_memory or mount["readOnly"] for mount in mounts.values()), name
        assert sizes(pod)["tmp"] >= 4 * LARGEST_BODY, "a body lies there twice, and several come at once"
        if written := variables.get("PROMETHEUS_MULTIPROC_DIR"):
            assert str(Path(written).parent) in mounts, name


def test_a_process_is_asked_at_the_paths_that_it_answers(built: list[Document]):
    for name, pod in pods(built).items():
        own = container(pod)
        if "-api" in name or name in ROLES:
            probes = {key: own[key]["httpGet"] for key in ("startupProbe", "readinessProbe", "livenessProbe")}
            assert {probe["port"] for probe in probes.values()} == {"http"}
            assert probes["livenessProbe"]["path"] == "/live"
            # What serves starts when its schema is there; then it answers as long as it lives (decision 42).
            ready = "startupProbe" if name in SERVING else "readinessProbe"
            assert [key for key, probe in probes.items() if probe["path"] == "/ready"] == [ready], name
        elif name == "front-door":
            assert own["readinessProbe"]["tcpSocket"] == own["livenessProbe"]["tcpSocket"] == {"port": "http"}


def test_the_front_door_leads_to_services_and_these_to_the_pods_that_serve(built: list[Document]):
    configuration = next(
        item["data"]["Caddyfile"] for name, item in of(built, "ConfigMap").items() if name.startswith("front-door-")
    )
    upstreams = set(re.findall(r"import (?:service|stream) ([\w-]+):(\d+)$", configuration, re.MULTILINE))
    services = {name: item["spec"] for name, item in of(built, "Service").items() if "selector" in item["spec"]}

    assert {name for name, _ in upstreams} == SERVING == set(services) - {"front-door"}
    for name, port in upstreams:
        assert [item["port"] for item in services[name]["ports"]] == [int(port)]
    assert f"max_size {LARGEST_BODY}MB" in configuration
    assert [item["port"] for item in services["front-door"]["ports"]] == [443, 80]
    for name, service in services.items():
        chosen = [
            other
            for other, pod in pods(built).items()
            if service["selector"].items() <= pod["metadata"]["labels"].items()
        ]
        assert chosen == [name]


def test_one_pod_at_a_time_leaves_of_what_runs_twice(built: list[Document]):
    budgets = of(built, "PodDisruptionBudget")

    assert set(budgets) >= SERVING | {"front-door"}
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"] == of(built, "Deployment")[name]["spec"]["selector"]


def test_pods_of_one_process_are_spread_over_machines_and_zones(built: list[Document]):
    for name, deployment in of(built, "Deployment").items():
        spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [constraint["topologyKey"] for constraint in spread] == [
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        ]
        assert all(constraint["labelSelector"] == deployment["spec"]["selector"] for constraint in spread), name
        assert {constraint["nodeTaintsPolicy"] for constraint in spread} == {"Honor"}, (
            "a control plane's machine is no place for a pod"
        )


def test_jobs_are_applied_before_the_deployments(built: list[Document]):
    order = {(document["kind"], document["metadata"].get("labels", {}).get("clearwater/order")) for document in built}

    assert {kind for kind, label in order if label == "before"} == {"Job"}
    assert {kind for kind, label in order if label == "after"} >= {"Deployment"}
    assert {label for kind, label in order if kind in ("ConfigMap", "NetworkPolicy", "Service", "Namespace")} == {None}


def test_the_rules_are_our_file_and_the_monitor_sees_every_process(city: list[Document]):
    (rules,), (monitor,) = of(city, "PrometheusRule").values(), of(city, "PodMonitor").values()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    probes = {
        expression["key"]: set(expression["values"]) for expression in monitor["spec"]["selector"]["matchExpressions"]
    }
    seen = {
        name
        for name, pod in pods(city).items()
        if all(pod["metadata"]["labels"][key] in values for key, values in probes.items())
    }
    *relabelings, of_platform = endpoint["relabelings"]
    target = {relabeling["targetLabel"]: relabeling for relabeling in relabelings}

    assert rules["spec"] == yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    assert seen == {*ROLES, BUS_ADMIN, WATCH}
    assert {port["name"] for name in seen for port in container(pods(city)[name])["ports"]} == {"http"}
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    assert target["job"]["replacement"] == "clearwater"
    for label, source in (("service", "name"), ("role", "component")):
        assert target[label]["sourceLabels"] == [f"__meta_kubernetes_pod_label_app_kubernetes_io_{source}"]
    for name, (service, role) in ROLES.items():
        labels = pods(city)[name]["metadata"]["labels"]
        assert (labels["app.kubernetes.io/name"], labels["app.kubernetes.io/component"]) == (service.name, role.name)
    # Last, the process of no service gets the label that alerts know it by.
    own = pods(city)[BUS_ADMIN]["metadata"]["labels"]
    assert (of_platform["sourceLabels"], of_platform["targetLabel"]) == (["service"], "service")
    assert re.fullmatch(of_platform["regex"], own["app.kubernetes.io/name"])
    assert (of_platform["replacement"], own["app.kubernetes.io/component"]) == ("platform", "admin")


def test_only_roles_that_may_run_several_times_are_scaled(city: list[Document]):
    by_processor, by_waiting = of(city, "HorizontalPodAutoscaler"), of(city, "ScaledObject")
    deployments = of(city, "Deployment")

    assert set(by_processor) == {f"{service}-api" for service in SERVICES}
    assert set(by_waiting) == {name for name, (_, role) in ROLES.items() if role.waiting}
    for name, scaler in (by_processor | by_waiting).items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in deployments[name]["spec"], "two would decide"
    assert not any(role.waiting for _, role in ROLES.values() if role.bus), (
        "a consumer tells its lag as if it were alone"
    )
    for name, scaler in by_waiting.items():
        questions = [trigger["metadata"] for trigger in scaler["spec"]["triggers"]]
        assert tuple(question["query"] for question in questions) == ROLES[name][1].waiting
        assert all(float(question["threshold"]) > 0 for question in questions)
    assert any("clearwater_consumer_lag_events" in query for _, role in ROLES.values() for query in role.waiting)
    assert all(item["spec"]["minReplicas"] >= 2 for item in by_processor.values())
