"""Routes and page of messages, over a real database and with tokens of a real issuer."""

from typing import Any
from uuid import uuid4

import pytest

from deploy.local.issuer import mint
from services.notify.api.messages import api
from services.notify.config import Settings
from services.notify.web.pages import pages
from services.notify.wiring import MIGRATIONS
from shared.service import factory
from tests.support.owners import Owner

STATES = ("waiting", "held", "trying", "sent", "unknown", "failed", "superseded", "withheld")


class Reader:
    """`roles` in the test's own district, over the application's own client."""

    def __init__(self, app: Any, local_dir: Any, district: str) -> None:
        self.app, self._client, self._local_dir, self.district = app, app.test_client(), local_dir, district

    def headers(self, role: str, district: str | None = None) -> dict[str, str]:
        token = mint(self._local_dir, role=role, districts=[district or self.district])
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str, role: str = "command", *, district: str | None = None, **headers: str) -> Any:
        return self._client.get(path, headers={**self.headers(role, district), **headers})

    def post(self, path: str, body: dict[str, Any], role: str = "command", *, key: str) -> Any:
        return self._client.post(path, json=body, headers={**self.headers(role), "Idempotency-Key": key})


@pytest.fixture
def reader(notify, notify_database, issuer) -> Reader:
    url, local_dir = issuer
    settings = Settings(
        database_url=notify_database.app, issuer_url=url, public_url="http://localhost", session_secret="s"
    )
    problems = MIGRATIONS.folder.with_name("problems.toml")
    app = factory.create(
        "notify",
        engine=notify.engine,
        clock=notify.clock,
        settings=settings,
        blueprints=(api, pages),
        problem_files=(problems,),
        migrations=MIGRATIONS,
    )
    return Reader(app, local_dir, notify.district)


def failed_message(notify) -> str:
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.mail.recipients_refused = "550 no such mailbox"
    notify.hears(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.dispatches()
    [row] = notify.rows("select message_key from messages")
    return str(row.message_key)


def test_a_list_a_lineage_and_the_balance(notify, reader):
    key = failed_message(notify)

    [line] = reader.get("/api/v1/messages?state=failed").json["items"]
    lineage = reader.get(f"/api/v1/messages/{key}").json
    [balance] = reader.get("/api/v1/conservation").json["districts"]

    assert (line["message_key"], line["recipient"], line["code"]) == (key, "欧**", "smtp-550")
    assert lineage["rule"].startswith("clearwater.signing.agreement.signed.v1 → signed-exchange")
    assert [each["outcome"] for each in lineage["tries"]] == ["failed"] and "欧**您好" in lineage["text"]
    assert (balance["planned"], balance["failed"], balance["missing"]) == (1, 1, 0)


def test_pages_of_a_list_meet_without_a_gap(notify, reader):
    unit_id, owners, story = uuid4(), [Owner() for _ in range(5)], notify.story
    known = [each for owner in owners for each in (story.contact(owner), story.key(owner))]
    notify.hears(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))

    first = reader.get(f"/api/v1/messages?unit_id={unit_id}&limit=3").json
    second = reader.get(f"/api/v1/messages?unit_id={unit_id}&limit=3&cursor={first['next']}").json

    assert len({each["message_key"] for each in first["items"] + second["items"]}) == 5
    assert second["next"] is None


def test_one_more_try_is_ordered_once_by_command_only(notify, reader):
    path = f"/api/v1/messages/{failed_message(notify)}/retries"
    notify.mail.recipients_refused = ""

    assert reader.post(path, {}, "desk", key="k").status_code == 403
    first, again = (reader.post(path, {}, key="k") for _ in range(2))
    another = reader.post(path, {}, key="another")

    assert (first.status_code, first.data, again.headers["Replayed"]) == (201, again.data, "true")
    assert (another.status_code, another.json["code"]) == (409, "message-not-failed")
    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)]


def test_what_is_known_is_not_resolved_and_a_foreign_message_is_not_there(notify, reader):
    key = failed_message(notify)
    answer = reader.post(f"/api/v1/messages/{key}/outcomes", {"outcome": "arrived"}, key="k")

    assert (answer.status_code, answer.json["code"]) == (409, "message-not-unknown")
    assert reader.get(f"/api/v1/messages/{key}", district="999999").status_code == 404


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_page_shows_every_state_with_its_word_and_its_chain(notify, reader, language):
    key = failed_message(notify)
    page = reader.get(f"/messages?m={key}&language={language}", Accept="text/html")

    assert page.status_code == 200
    for state in STATES:
        assert f'data-receipt="{state}"' in page.text
    assert "欧**" in page.text and "retries" in page.text


def test_a_page_without_messages_says_so(reader):
    assert "还没有消息" in reader.get("/messages", Accept="text/html").text
