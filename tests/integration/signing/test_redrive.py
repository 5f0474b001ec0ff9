"""`python -m services.<service> redrive`: one command for every service; it applies every key that can continue."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.declaration import SERVICES
from services.signing.consumers import CONSUMER, reactions
from shared.events import topics
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from tests.support import kit
from tests.support.platform import Database
from tests.support.signing import District

ROOT = Path(__file__).parents[3]
_WEB = {"ISSUER_URL": "http://127.0.0.1:1", "PUBLIC_URL": "http://127.0.0.1:1", "SESSION_SECRET": "s"}


def redrive(service: str, urls: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    addresses = {"DATABASE_URL": urls.app, "DATABASE_URL_MECHANISM": urls.mechanism, "DATABASE_URL_OWNER": urls.owner}
    secrets = {"VAULT_KEY": "A" * 43 + "=", "READER_PRIVATE_KEY": "A" * 43 + "="}
    command = [sys.executable, "-m", f"services.{service}", "redrive", "--consumer", service, *arguments]
    environment = os.environ | addresses | secrets | _WEB
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def parked(district: District) -> int:
    return int(district.rows("select count(*) from parked where released_at is null")[0][0])


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_command(service: str, database: Callable[[str], Database]) -> None:
    ended = redrive(service, database(service), "--dry-run")

    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


def test_redrive_applies_every_key_that_can_continue(district: District, urls: Database) -> None:
    registered = [district.units[district.register()] for _ in range(2)]
    news = [item.model_copy(update={"unit_id": uuid4(), "unit_code": f"HF-09-{item.door}"}) for item in registered]
    topic, broker = topics.name(district.district, "registry-unit"), memory.Broker()
    broker.create(topic)
    consumer = Consumer(
        CONSUMER, district.engine, memory.Subscription(broker, group="g", topics=topics.pattern("registry-unit")),
        reactions(district.clock),
    )  # fmt: skip
    for sequence, revision in ((2, 2), (1, 1)):
        for item in news:
            event = item.model_copy(update={"revision": revision})
            memory.Producer(broker).publish([kit.message(event.key, sequence, topic=topic, event=event)])
        consumer.run_once()
    assert parked(district) == 4  # the first event of each key came after the second

    tried = redrive("signing", urls, "--dry-run")
    assert (tried.returncode, tried.stdout.count(" applied"), parked(district)) == (0, 4, 4), tried.stderr
    ended = redrive("signing", urls, "--district", district.district)

    assert (ended.returncode, ended.stdout.count(" applied"), parked(district)) == (0, 4, 0), ended.stderr
    assert {row.revision for row in district.rows("select revision from cases where unit_code like 'HF-09-%'")} == {2}
