"""Does an agency get its events by the documents alone: the lines of the page, and a worked subscriber in four languages?"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg
import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaTimeoutError

from deploy.demo.people import Person
from deploy.local import admission, agencies, assets, processes
from deploy.local.place import ROOT, CannotStart, Place
from shared.events import catalogue
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(400)
AGENCY, CLIENT = "real-estate", "agency-real-estate"
PAGE = ROOT / "docs" / "how-to" / "subscribe.md"
EXAMPLES = ROOT / "examples"
NODE = str(assets.node())


class Example(NamedTuple):
    """What the machine needs for it, and how it is built and started in a copy of its folder."""

    needs: str
    build: Sequence[str]
    start: Sequence[str]


LANGUAGES = {
    "python": Example(sys.executable, (), (sys.executable, "subscriber.py")),
    "javascript": Example(NODE, (), (NODE, "subscriber.mjs")),
    "go": Example("go", ("go", "build", "-o", "subscriber", "."), ("./subscriber",)),
    "java": Example(
        "mvn",
        ("mvn", "-q", "-B", "compile", "dependency:copy-dependencies"),
        ("java", "-cp", "target/classes:target/dependency/*", "Subscriber"),
    ),
}


@pytest.fixture(scope="session")
def letter(system, samples):
    """What the data office gives to an agency: its client, its grant and its user on the bus, as variables of a shell."""
    granted(system.place, samples[0].code, AGENCY, CLIENT)
    values = admission.admit(system.place, AGENCY)
    eventually(lambda: feed(values, limit="1").status_code == 200)
    yield values
    agencies.withdraw(system.connection, AGENCY)


def granted(place: Place, district: str, agency: str, client: str) -> str:
    """The id of a grant of everything that may be given."""
    types = [event.declared.type for event in catalogue.events() if event.declared.audience != "restricted"]
    now = datetime.now(UTC)
    terms = {
        "purpose": "注销原房产证",
        "legal_basis": "样例条例第十二条",
        "audiences": ["public", "internal"],
        "event_types": types,
        "starts_at": (now - timedelta(days=400)).isoformat(),
        "ends_at": (now + timedelta(days=400)).isoformat(),
    }
    about = {
        "agency": agency,
        "name": "样例登记中心",
        "office": "信息科",
        "email": "it@registry.example",
        "clients": [client],
    }
    with Person(place, "city", district) as city, Person(place, "command", district) as command:
        city.post("registry", "/agencies", about, key=f"{agency} itself")
        grant = city.post("registry", f"/agencies/{agency}/grants", terms, key=f"{agency} grant")
        command.post("registry", f"/grants/{grant['grant_id']}/approval", {}, key=f"{agency} approval")
    grant_id: str = grant["grant_id"]
    return grant_id


def test_an_agency_whose_grant_is_revoked_is_let_out(system, samples):
    place, district = system.place, samples[0].code
    grant_id = granted(place, district, "tax-bureau", "agency-tax")
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


def test_a_revocation_reaches_the_bus_without_a_person_and_leaves_the_other_district(system, samples):
    place, one, two = system.place, samples[0].code, samples[1].code
    grant_id = granted(place, one, "land-bureau", "agency-land")
    granted(place, two, "land-bureau", "agency-land")
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


def feed(values: Mapping[str, str], **query: str) -> httpx.Response:
    secret = (values["CLEARWATER_CLIENT"], values["CLEARWATER_SECRET"])
    form = {"grant_type": "client_credentials"}
    given = httpx.post(values["CLEARWATER_TOKEN_URL"], data=form, auth=secret, trust_env=False).raise_for_status()
    headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
    door = f"{values['CLEARWATER_URL']}/api/reporting/v1/districts/{values['CLEARWATER_DISTRICT']}/feed"
    return httpx.get(door, params=query, headers=headers, trust_env=False, timeout=40)


def run(command: Sequence[str], values: Mapping[str, str], folder: Path) -> str:
    environment = {**os.environ, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost", **values}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return done.stdout


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


def test_the_lines_of_the_page_lead_to_the_first_event(letter, tmp_path) -> None:
    shown = run(["bash", "-euo", "pipefail", "-c", blocks("sh")], letter, tmp_path)
    by_kafka = run([sys.executable, "-c", blocks("python")], letter, tmp_path)

    assert "clearwater-cursor:" in shown.lower()
    assert '"specversion":"1.0"' in shown
    assert '"count":' in shown
    assert "data: " in (tmp_path / "stream.txt").read_text(encoding="utf-8")
    assert by_kafka.startswith("clearwater.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worked_subscriber_takes_a_snapshot_and_goes_on(letter, samples, tmp_path, language: str) -> None:
    example = LANGUAGES[language]
    if shutil.which(example.needs) is None:
        pytest.skip(f"this machine has no {example.needs}: the subscriber in {language} is not tested here")
    folder = shutil.copytree(EXAMPLES / language, tmp_path / language)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
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
    lines = [f"event {each['lognumber']} {each['type']} {each['subject']} {each['id']}" for each in given]
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
    assert {each["id"] for each in anew.json()} >= {each["id"] for each in before.json()}
    assert int(anew.json()[0].get("skipped", "0-0").split("-")[1]) + 1 == int(anew.json()[0]["lognumber"])
    assert feed(letter, after=before.headers["Clearwater-Cursor"]).json()["code"] == "log-began-anew"
