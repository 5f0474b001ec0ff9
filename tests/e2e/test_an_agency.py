"""Does an agency get its events by the documents alone: the lines of the page, and a worked subscriber in four languages?"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaTimeoutError

from deploy import declaration
from deploy.demo.people import Person
from deploy.images.admitting import InContainers
from deploy.local import admission, agencies, processes
from deploy.local.place import ROOT, CannotStart
from deploy.sandbox.agency import give
from tests.support.eventually import eventually
from tests.support.languages import LANGUAGES, copied
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(400)
AGENCY, CLIENT = "real-estate", "agency-real-estate"
ENDPOINT = f"http://127.0.0.1:{free_port()}/hook"
PAGE = ROOT / "docs" / "how-to" / "subscribe.md"
# `docker compose exec -T <container> <program> …`; `python` is an image's own, which is this one here.
_DOCKER = """\
#!{python}
import json, os, pathlib, sys
container, program, *arguments = sys.argv[4:]
environment = os.environ | json.loads(pathlib.Path({folder!r}, "environments.json").read_text())[container]
program = sys.executable if program == "python" else program
os.execvpe(program, [program, *arguments], environment)
"""


@pytest.fixture(scope="session")
def letter(system, samples):
    """What the data office gives to an agency: its client, its grant and its user on the bus, as variables of a shell."""
    give(system.place, samples[0].code, AGENCY, CLIENT)
    values = admission.admit(system.place, AGENCY)
    eventually(lambda: feed(values, limit="1").status_code == 200)
    yield values
    agencies.withdraw(system.connection, AGENCY)


def test_an_agency_whose_grant_is_revoked_is_let_out(system, samples):
    place, district = system.place, samples[0].code
    grant_id = give(place, district, "tax-bureau", "agency-tax")
    values = admission.admit(place, "tax-bureau")
    connection = system.connection_of("signing-relay") | {
        "sasl_plain_username": values["KAFKA_USER"], "sasl_plain_password": values["KAFKA_PASSWORD"],
    }  # fmt: skip
    with closing(KafkaConsumer(**connection)) as consumer:
        seen = consumer.topics()

    with Person(place, "command", district) as command:
        command.post("registry", f"/grants/{grant_id}/revocation", {"reason": "协议到期"}, key="tax revocation")

    assert values["KAFKA_TOPICS"].split(",") == sorted(seen) != []
    assert {name.split(".")[1] for name in seen} == {district}
    assert admission.admit(place, "tax-bureau") == {}
    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**connection, bootstrap_timeout_ms=700)
    with pytest.raises(CannotStart, match="No district knows"):
        admission.admit(place, "nobody")


def test_in_containers_an_agency_is_let_in_and_out_by_the_same_acts(system, samples, tmp_path, monkeypatch):
    """The two containers' parts run as in them, with their environments; only `docker compose exec` is a stand-in."""
    place, district = system.place, samples[0].code
    grant_id = give(place, district, "harbour-office", "agency-harbour")
    stand_in_for_docker(place, tmp_path, monkeypatch)

    values = admission.admit(place, "harbour-office", InContainers())
    events = feed(values, limit="1")
    connection = system.connection | {
        "bootstrap_servers": values["KAFKA_BOOTSTRAP"],
        "sasl_plain_username": values["KAFKA_USER"],
        "sasl_plain_password": values["KAFKA_PASSWORD"],
    }
    with closing(KafkaConsumer(**connection)) as consumer:
        seen = consumer.topics()
    with Person(place, "command", district) as command:
        command.post("registry", f"/grants/{grant_id}/revocation", {"reason": "协议到期"}, key="harbour revocation")

    assert events.status_code == 200
    assert values["KAFKA_TOPICS"].split(",") == sorted(seen) != []
    assert admission.admit(place, "harbour-office", InContainers()) == {}
    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**connection, bootstrap_timeout_ms=700)


def stand_in_for_docker(place, folder, monkeypatch):
    site = processes.local_site(place)
    of = {process.name: process.environment(site) for process in declaration.processes()}
    of["kafka"] = {"KAFKA_ADVERTISED_LISTENERS": f"CLIENT://kafka:9092,AGENCIES://{place.kafka_bootstrap}"}
    (folder / "environments.json").write_text(json.dumps(of))
    program = folder / "docker"
    program.write_text(_DOCKER.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_revocation_reaches_the_bus_without_a_person_and_leaves_the_other_district(system, samples):
    place, one, two = system.place, samples[0].code, samples[1].code
    grant_id = give(place, one, "land-bureau", "agency-land")
    give(place, two, "land-bureau", "agency-land")
    values = admission.admit(place, "land-bureau")
    connection = system.connection_of("signing-relay") | {
        "sasl_plain_username": values["KAFKA_USER"], "sasl_plain_password": values["KAFKA_PASSWORD"],
    }  # fmt: skip

    def districts() -> set[str]:
        with closing(KafkaConsumer(**connection)) as consumer:
            return {name.split(".")[1] for name in consumer.topics()}

    eventually(lambda: districts() == {one, two})
    with Person(place, "command", one) as command:
        command.post("registry", f"/grants/{grant_id}/revocation", {"reason": "协议到期"}, key="land revocation")

    eventually(lambda: districts() == {two})
    agencies.withdraw(system.connection, "land-bureau")


def bearer(values: Mapping[str, str]) -> dict[str, str]:
    secret = (values["CLEARWATER_CLIENT"], values["CLEARWATER_SECRET"])
    form = {"grant_type": "client_credentials"}
    given = httpx.post(values["CLEARWATER_TOKEN_URL"], data=form, auth=secret, trust_env=False).raise_for_status()
    return {"Authorization": f"Bearer {given.json()['access_token']}"}


def door(values: Mapping[str, str], service: str, path: str) -> str:
    return f"{values['CLEARWATER_URL']}/api/{service}/v1/districts/{values['CLEARWATER_DISTRICT']}/{path}"


def feed(values: Mapping[str, str], **query: str) -> httpx.Response:
    address = door(values, "reporting", "feed")
    return httpx.get(address, params=query, headers=bearer(values), trust_env=False, timeout=40)


def run(command: Sequence[str], values: Mapping[str, str], folder: Path) -> str:
    environment = {**os.environ, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost", **values}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return done.stdout


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


@contextmanager
def received(folder: Path) -> Iterator[Path]:
    """The worked receiver, with the secret that the page's lines have left in the folder. Yields what it stores."""
    stored, port = folder / "events.db", urlsplit(ENDPOINT).port
    secret = (folder / "secret.txt").read_text(encoding="utf-8").strip()
    command = [sys.executable, str(ROOT / "examples" / "python" / "receiver.py"), str(port), str(stored)]
    receiver = subprocess.Popen(
        command, env={**os.environ, "CLEARWATER_WEBHOOK_SECRET": secret}, stderr=subprocess.DEVNULL
    )
    try:
        yield stored
    finally:
        receiver.terminate()
        receiver.wait(20)


def events_in(stored: Path) -> list[dict[str, Any]]:
    try:
        with closing(sqlite3.connect(f"file:{stored}?mode=ro", uri=True)) as database:
            return [json.loads(row[0]) for row in database.execute("select document from events")]
    except sqlite3.OperationalError:  # the receiver has not made it yet
        return []


def test_the_lines_of_the_page_lead_to_the_first_event(letter, tmp_path) -> None:
    shown = run(["bash", "-euo", "pipefail", "-c", blocks("sh")], {**letter, "CLEARWATER_ENDPOINT": ENDPOINT}, tmp_path)
    with received(tmp_path) as stored:
        by_webhook = eventually(lambda: events_in(stored))
    endpoint_id = json.loads((tmp_path / "endpoint.json").read_text(encoding="utf-8"))["endpoint_id"]
    headers = {**bearer(letter), "Idempotency-Key": "removal"}
    removal = door(letter, "registry", f"endpoints/{endpoint_id}/removal")
    assert httpx.post(removal, json={}, headers=headers, trust_env=False).status_code == 201
    by_kafka = run([sys.executable, "-c", blocks("python")], letter, tmp_path)

    assert "clearwater-cursor:" in shown.lower()
    assert '"specversion":"1.0"' in shown
    assert '"count":' in shown
    assert "data: " in (tmp_path / "stream.txt").read_text(encoding="utf-8")
    assert by_kafka.startswith("clearwater.")
    assert {event["id"] for event in by_webhook} <= {event["id"] for event in feed(letter, limit="1000").json()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worked_subscriber_takes_a_snapshot_and_goes_on(letter, samples, tmp_path, language: str) -> None:
    example = LANGUAGES[language]
    if shutil.which(example.needs) is None:
        pytest.skip(f"this machine has no {example.needs}: the subscriber in {language} is not tested here")
    folder = copied(language, tmp_path)
    district = samples[0]

    if example.build:
        run(example.build, {}, folder)
    begun = run((*example.start, "--once"), letter, folder)
    cursor = feed(letter, limit="1000")
    while cursor.json():
        cursor = feed(letter, limit="1000", after=cursor.headers["Clearwater-Cursor"])
    signed = district.desk.sign(district.next_ready())
    eventually(lambda: signed.unit_id in feed(letter, after=cursor.headers["Clearwater-Cursor"]).text)
    went_on = run((*example.start, "--once"), letter, folder)

    units = [line for line in begun.splitlines() if line.startswith("unit ")]
    assert len(units) == len(set(units)) >= 24
    given = feed(letter, limit="1000", after=cursor.headers["Clearwater-Cursor"]).json()
    lines = [f"event {item['lognumber']} {item['type']} {item['subject']} {item['id']}" for item in given]
    printed = went_on.splitlines()
    assert f"clearwater.signing.agreement.signed.v1 {signed.unit_id}" in went_on
    assert [line for line in printed if line in lines] == lines[: len(set(lines) & set(printed))]


def test_the_log_of_the_running_system_is_filled_under_a_new_epoch(system, samples, letter) -> None:
    before = feed(letter, limit="1000")
    with psycopg.connect(system.superuser_url("reporting"), autocommit=True) as connection:
        connection.execute("update exchange_numbers set whole = false where district = %s", [samples[0].code])
    assert feed(letter).json()["code"] == "log-not-whole"

    environment = processes.environment(system.place, "reporting")
    for command in ("fill-log", "renew-log"):
        shown = run([sys.executable, "-m", "services.reporting", command], environment, ROOT)
        assert "the log of every district began anew under epoch" in shown

    assert "nothing was done" in run([sys.executable, "-m", "services.reporting", "fill-log"], environment, ROOT)
    anew = feed(letter, limit="1000")
    assert {item["id"] for item in anew.json()} >= {item["id"] for item in before.json()}
    assert int(anew.json()[0].get("skipped", "0-0").split("-")[1]) + 1 == int(anew.json()[0]["lognumber"])
    assert feed(letter, after=before.headers["Clearwater-Cursor"]).json()["code"] == "log-began-anew"


def test_the_test_agency_reads_the_demos_district_by_the_line_that_is_printed(system, samples) -> None:
    place = system.place
    environment = {"LOCAL_DIR": str(place.local_dir), "PORT_BASE": str(place.port_base), "PYTHONPATH": str(ROOT)}
    printed = [run([sys.executable, "-m", "deploy.sandbox.agency"], environment, ROOT) for _ in range(2)]
    secrets = place.path("sandbox.env")
    line = printed[1].partition("try it   ")[2].replace(".venv/bin/python", sys.executable)

    assert secrets.stat().st_mode & 0o077 == 0
    assert not any(value in printed[1] for value in re.findall(r"(?:SECRET|PASSWORD)=(\S+)", secrets.read_text()))
    eventually(lambda: "unit " in run(["bash", "-c", line], {"CLEARWATER_STATE": str(place.path("try.json"))}, ROOT))
    agencies.withdraw(system.connection, "sandbox")
