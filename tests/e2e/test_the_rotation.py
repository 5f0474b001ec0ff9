"""Do credentials on the broker change while desks sign, without a stop and without a loss?"""

from threading import Thread

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError

from deploy.demo.opening import District
from deploy.demo.watching import mail_arrivals
from deploy.local import admin, processes, rotation, starting
from deploy.local.place import ROOT, CannotStart
from tests.support import foreign_reader
from tests.support.eventually import eventually
from tests.support.sample_districts import open_sample

pytestmark = pytest.mark.timeout(400)
_UNITS = 80
_PAUSE_SECONDS = 0.2  # between two signings, so that they last as long as the rotation, however fast the machine is
_ROTATED = ("signing-relay", "notify-consumer", "reporting-consumer", "admin")
_SIGNED = "clearwater.signing.agreement.signed.v1"


def test_credentials_change_under_traffic_and_nothing_is_lost(system, person):
    former = {role: system.connection_of(role) for role in _ROTATED}
    bystander = system.supervisor.pid("registry-relay")
    sample_district = open_sample(system.place, District("440308", "示例八区", "泉源片区", seed=8), units=_UNITS)
    report_lines: list[str] = []
    rotating = Thread(target=rotation.rotate, args=(system.place, _ROTATED, report_lines.append))

    signed = [sample_district.desk.sign(sample_district.next_ready())]
    rotating.start()
    while rotating.is_alive() and len(signed) < _UNITS - 1:  # one is left for afterwards
        signed.append(sample_district.desk.sign(sample_district.next_ready()))
        rotating.join(_PAUSE_SECONDS)
    rotating.join()
    signed.append(sample_district.desk.sign(sample_district.next_ready()))
    sample_district.desk.close()

    assert [line.split()[0] for line in report_lines] == [successor(former[role]) for role in _ROTATED]
    for role in _ROTATED:
        assert system.connection_of(role)["sasl_plain_username"] == successor(former[role])
        KafkaAdminClient(**system.connection_of(role)).close()
        with pytest.raises(KafkaTimeoutError):
            KafkaAdminClient(**former[role], bootstrap_timeout_ms=700)
    assert system.supervisor.pid("registry-relay") == bystander
    rates = f"/projects/{sample_district.opened.project_id}/rates"
    reader = person("command", sample_district.code)
    assert eventually(lambda: numerator(reader.get("reporting", rates)) == len(signed))
    assert len(mail_arrivals(system.place, signed, person("city", "*"))) == len(signed)
    found = foreign_reader.read_all(
        system.connection, rf"^clearwater\.{sample_district.code}\.", ROOT / "shared" / "events" / "schemas"
    )
    assert found.problems == []
    assert found.types[_SIGNED] - found.repeats <= len(signed) <= found.types[_SIGNED]


def test_an_admin_whose_password_the_broker_refuses_gets_a_new_one(system):
    """Step 3 of GrantsNotKept: nobody but the founder can store it then."""
    refused = system.connection_of("admin")
    admin.keep_users(admin.as_founder(system.place), {refused["sasl_plain_username"]: "somebody else's"})
    with pytest.raises(CannotStart):
        admin.client(system.connection_of("admin"))
    report_lines: list[str] = []

    rotation.rotate(system.place, ["admin"], report_lines.append)

    assert report_lines == [f"{successor(refused)} has taken over from {refused['sasl_plain_username']}"]
    admin.client(system.connection_of("admin")).close()
    (process,) = [item for item in processes.declared(system.place) if item.name == "admin"]
    eventually(lambda: starting.is_ready(process))


def successor(connection) -> str:
    role, _, sample_district = connection["sasl_plain_username"].rpartition("-")
    return f"{role}-{'b' if sample_district == 'a' else 'a'}"


def numerator(rates) -> int:
    return next(basis["numerator"] for basis in rates["bases"] if basis["basis"] == "units")
