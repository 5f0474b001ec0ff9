"""Is each promise of the path true? One unit from a workbook to the wall, the owner's mailbox and the bus, over real processes.

Times are printed, not asserted.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import openpyxl
import pytest

from deploy.declaration import SERVICES
from deploy.demo import workbooks
from deploy.demo.opening import District
from deploy.demo.watching import Wall, mail_arrivals
from deploy.local import districts
from deploy.local.place import ROOT
from tests.support import foreign_reader, scanning, serving
from tests.support.eventually import eventually
from tests.support.sample_districts import UNITS, open_sample

pytestmark = pytest.mark.timeout(400)
_PERSONAL = ("证件号码", "监护人证件号码", "手机", "电子邮箱")
_TWINS = 50


def test_a_signing_is_on_the_wall_in_the_mailbox_and_on_the_bus(system, samples, person):
    sample_district = samples[0]
    with Wall(system.place, sample_district.code) as wall:
        signed = sample_district.desk.sign(sample_district.next_ready())
        shown = eventually(lambda: wall.shows(signed))
    mailed = mail_arrivals(system.place, [signed], person("city", "*"))[signed.agreement_id]
    times = f"number {signed.answered_seconds:.2f} s, wall {_after(signed, shown)}, mailbox {_after(signed, mailed)}"
    print(f"\n{times}")  # noqa: T201 - times are printed, not asserted

    rates = person("command", sample_district.code).get(
        "reporting", f"/projects/{sample_district.opened.project_id}/rates"
    )
    assert {basis["basis"]: basis["denominator"] for basis in rates["bases"]}["units"] == UNITS
    assert next(basis["numerator"] for basis in rates["bases"] if basis["basis"] == "units") >= 1
    mails = [item for item in _mailbox(system) if str(signed.number) in item["subject"] + item["text"]]
    assert any(sample_district.opened.name in mail["text"] for mail in mails)
    on_the_bus = _read_the_bus(system)
    assert on_the_bus.problems == []
    for event in ("signing.agreement.signed", "notify.message.planned", "notify.message.sent"):
        assert on_the_bus.types[f"clearwater.{event}.v1"] >= 1


def test_nobody_is_readable_on_the_bus_in_a_log_or_in_a_table(system, samples, person):
    sample_district = samples[1]
    mail_arrivals(system.place, [sample_district.desk.sign(sample_district.next_ready())], person("city", "*"))
    planted = [value for sample in samples for value in _planted(system, sample.code)]
    assert len(planted) > 4 * UNITS

    assert _read_the_bus(system, planted).problems == []
    assert scanning.files(_logs(system), planted) == []
    for service in SERVICES:
        assert scanning.tables(system.superuser_url(service), planted) == [], service


@pytest.mark.parametrize("service", ["registry", "signing", "reporting"])
def test_a_foreign_project_looks_like_one_that_does_not_exist(system, samples, service, person):
    ours, theirs = samples
    path = "/projects/{}/rates" if service == "reporting" else "/projects/{}"

    assert _status(system, person("command", ours.code), service, path.format(ours.opened.project_id)) == 200
    assert _status(system, person("command", ours.code), service, path.format(theirs.opened.project_id)) == 404
    assert _status(system, person("city", "*"), service, path.format(theirs.opened.project_id)) == 200


def test_messages_of_another_district_are_not_found_and_the_city_sees_both(system, samples, person):
    signed = [sample_district.desk.sign(sample_district.next_ready()) for sample_district in samples]
    city = person("city", "*")
    mail_arrivals(system.place, signed, city)

    for sample_district, own in zip(samples, signed, strict=True):
        listed = list(person("command", sample_district.code).every("notify", "/messages"))
        assert {line["district"] for line in listed} == {sample_district.code}
        assert own.unit_id in {line["unit_id"] for line in listed}
    foreign = next(item for item in city.every("notify", "/messages") if item["district"] == samples[1].code)
    assert _status(system, person("command", samples[0].code), "notify", f"/messages/{foreign['message_key']}") == 404
    assert {item["district"] for item in city.get("reporting", "/city")["districts"]} >= {
        sample_district.code for sample_district in samples
    }
    assert all(district["missing"] == 0 for district in city.get("notify", "/conservation")["districts"])


def test_a_district_joins_the_running_system(system, samples, person):
    districts.add(system.place, "440304", name="示例三区")
    sample_district = open_sample(system.place, District("440304", "示例三区", "汀兰片区", seed=3))
    try:
        signed = sample_district.desk.sign(sample_district.next_ready())
    finally:
        sample_district.desk.close()

    assert signed.number == 1
    assert mail_arrivals(system.place, [signed], person("city", "*"))
    city = person("city", "*")
    eventually(lambda: "440304" in {district["district"] for district in city.get("reporting", "/city")["districts"]})


def test_one_signing_sent_fifty_times_at_once_is_one_number_and_one_answer(system, samples, person):
    sample_district = samples[0]
    agreement_id = sample_district.next_ready()
    before = sample_district.desk.hands(agreement_id)
    for body in before[:-1]:
        _sign(system, sample_district, agreement_id, body, key=f"first-{body['right_holder']}")

    def send(_: int) -> httpx.Response:
        return _sign(system, sample_district, agreement_id, before[-1], key="the-same")

    path, headers = _signature(sample_district, agreement_id, key="the-same")
    same = httpx.Request("POST", "http://signing", json=before[-1]).content
    serving.dropped(system.place.url("signing-api"), path, headers, same)
    with ThreadPoolExecutor(_TWINS) as windows:
        answers = list(windows.map(send, range(_TWINS)))
    answers.append(send(_TWINS))
    another_window = _sign(system, sample_district, agreement_id, before[-1], key="another")

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    # One of these requests, or the one that hung up, has signed.
    assert sum(answer.headers.get("Replayed") == "true" for answer in answers) >= _TWINS
    number = answers[0].json()["sequence_number"]
    assert another_window.json()["sequence_number"] == number
    numbers = list(
        person("desk", sample_district.code).every("signing", f"/projects/{sample_district.opened.project_id}/numbers")
    )
    assert [row["agreement_id"] for row in numbers].count(agreement_id) == 1
    for series in ("exchange", "cash"):
        given = sorted(row["number"] for row in numbers if row["series"] == series)
        assert given == list(range(1, len(given) + 1))


def _after(signed, at: datetime) -> str:
    return f"{(at - signed.asked_at).total_seconds():.2f} s"


def _mailbox(system):
    answer = httpx.get(f"{system.place.url('messages')}/messages.json", timeout=10, trust_env=False)
    return answer.raise_for_status().json()


def _read_the_bus(system, planted=()):
    schemas = ROOT / "shared" / "events" / "schemas"
    return foreign_reader.read_all(system.connection, r"^clearwater\.", schemas, planted=planted)


def _planted(system, district) -> list[str]:
    """The personal values of the workbook that must stay unreadable: names, papers, numbers, addresses."""
    book = openpyxl.load_workbook(workbooks.sample(system.place, district, units=UNITS, seed=1).file)
    head, *rows = book["房屋与权利人"].iter_rows(values_only=True)
    columns = [str(item).rstrip("*") for item in head]
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    values = {str(row[name]) for row in records for name in _PERSONAL if row[name]}
    return sorted(values | {str(row["权利人"]) for row in records})


def _logs(system) -> list[Path]:
    return sorted(system.place.path("logs").glob("*.log"))


def _status(system, who, service, path) -> int:
    address = f"{system.place.url(f'{service}-api')}/api/v1{path}"
    headers = {"Authorization": f"Bearer {who.token}"}
    return httpx.get(address, headers=headers, timeout=20, trust_env=False).status_code


def _sign(system, sample_district, agreement_id, body, *, key) -> httpx.Response:
    path, headers = _signature(sample_district, agreement_id, key=key)
    return httpx.post(system.place.url("signing-api") + path, json=body, headers=headers, timeout=60, trust_env=False)


def _signature(sample_district, agreement_id, *, key) -> tuple[str, dict[str, str]]:
    headers = {"Authorization": f"Bearer {sample_district.desk.token}", "Idempotency-Key": f"{agreement_id}-{key}"}
    return f"/api/v1/agreements/{agreement_id}/signatures", headers
