"""Do the worked subscribers of the bus read every event of their topics once and in order, and go on where they ended?"""

import shutil
from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.local import admin, agencies
from shared.events import topics
from shared.messaging import kafka
from shared.messaging.ports import Message
from tests.support import bus_readers
from tests.support.bus_readers import READERS, Built
from tests.support.launch import Launch, Numbering
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module", params=READERS)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    language = str(request.param)
    if shutil.which(needs := READERS[language].needs) is None:
        pytest.skip(f"this machine has no {needs}: the subscriber in {language} is not built")
    return bus_readers.built(language, tmp_path_factory.mktemp(language))


@pytest.fixture
def agency(platform: Platform) -> Iterator[str]:
    name = f"agency-{uuid4().hex[:8]}"
    yield name
    agencies.withdraw(admin.as_admin(platform.place), name)


def publish(platform: Platform, messages: list[Message]) -> None:
    relay = kafka.Producer(platform.connection_of("registry-relay"))
    assert relay.publish(messages) == []
    relay.close()


def lines(messages: list[Message]) -> list[str]:
    return sorted(
        f"event {it.sequence:020} {it.type} {it.key} {it.event_id} {len(it.payload or b'')}" for it in messages
    )


def test_it_reads_every_event_and_goes_on_where_it_ended(platform: Platform, reader: Built, agency: str) -> None:
    district = platform.topics()
    launch, numbering = Launch(district, units=12), Numbering()
    corrected = [unit.model_copy(update={"revision": 2}) for unit in launch.register()[:3]]
    first = numbering.messages(district, [*launch.register(), *corrected])
    values = bus_readers.admitted(platform, agency, topics.name(district, "registry-unit"))
    publish(platform, first)

    begun = reader.read(values)
    later = numbering.messages(district, [launch.register()[0].model_copy(update={"revision": 3})])
    publish(platform, later)
    went_on = reader.read(values)

    assert (begun.returncode, sorted(begun.stdout.splitlines())) == (0, lines(first)), begun.stderr
    assert (went_on.returncode, went_on.stdout.splitlines()) == (0, lines(later)), went_on.stderr
    for unit in corrected:  # order holds within a key
        of_unit = [line.split()[1] for line in begun.stdout.splitlines() if str(unit.unit_id) in line]
        assert of_unit == [f"{1:020}", f"{2:020}"]


def test_a_reader_reports_a_revoked_topic_and_ends_without_a_granted_one(
    platform: Platform, reader: Built, agency: str
) -> None:
    one, other = (topics.name(platform.topics(), "registry-unit") for _ in range(2))
    values = bus_readers.admitted(platform, agency, one)

    revoked = reader.read({**values, "KAFKA_TOPICS": f"{one},{other}"})
    none = reader.read({**values, "KAFKA_TOPICS": ""})

    assert (revoked.returncode, f"not granted any more: [{other}]" in revoked.stderr) == (1, True), revoked.stderr
    assert (none.returncode, "KAFKA_TOPICS is not set" in none.stderr) == (1, True), none.stderr
