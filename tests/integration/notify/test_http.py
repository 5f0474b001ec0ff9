"""Routes and page of messages, over a real database and with tokens of a real issuer."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from deploy.local.issuer import mint
from services.notify.api.messages import api
from services.notify.application import FRESHNESS, PARKED
from services.notify.config import Settings
from services.notify.store.contacts import Opener
from services.notify.web.pages import pages
from services.notify.wiring import MIGRATIONS
from services.notify.workers import resending
from shared.service import database, factory
from tests.support.owners import PRIVATE, Owner

WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
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

    def form(self, path: str, form: dict[str, str], *, role: str = "command") -> Any:
        return self._client.post(path, data=form, headers={**self.headers(role), "Accept": "text/html"})


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
        blueprints=(api, pages, FRESHNESS, PARKED),
        problem_files=(problems,),
        migrations=MIGRATIONS,
        resources=Opener(PRIVATE),
    )
    return Reader(app, local_dir, notify.district)


def failed_message(notify) -> str:
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.mail.recipients_refused = "550 no such mailbox"
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
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
    assert [attempt["outcome"] for attempt in lineage["tries"]] == ["failed"] and "欧**您好" in lineage["text"]
    assert (balance["planned"], balance["failed"], balance["missing"]) == (1, 1, 0)


def test_pages_of_a_list_meet_without_a_gap(notify, reader):
    unit_id, owners, story = uuid4(), [Owner() for _ in range(5)], notify.story
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))

    first = reader.get(f"/api/v1/messages?unit_id={unit_id}&limit=3").json
    second = reader.get(f"/api/v1/messages?unit_id={unit_id}&limit=3&cursor={first['next']}").json

    assert len({item["message_key"] for item in first["items"] + second["items"]}) == 5
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


def test_only_an_unknown_message_is_resolved_and_a_foreign_message_is_not_found(notify, reader):
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


def three_failed(notify) -> list[str]:
    notify.mail.recipients_refused = "550 no such mailbox"
    unit_id, owners, story = uuid4(), [Owner() for _ in range(3)], notify.story
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))
    notify.dispatches()
    notify.mail.recipients_refused = ""
    return [row.message_key for row in notify.rows("select message_key from messages where state = 'failed'")]


def test_one_act_resends_all_messages_that_failed_with_one_code_after_a_dry_run(notify, reader):
    keys = three_failed(notify)
    [failure] = reader.get("/api/v1/failures", "auditor").json["failures"]
    assert (failure["code"], failure["channel"], failure["messages"]) == ("smtp-550", "mail", 3)

    def post(key, role="command", **body):
        return reader.post("/api/v1/resends", {"code": "smtp-550", **body}, role, key=key)

    dry = post("dry", dry_run=True)
    assert (dry.status_code, dry.json["messages"], dry.json["resend_id"]) == (201, 3, None)
    assert post("no", reason="x", role="desk").status_code == 403
    assert [post("no").status_code, post("no", reason=" ").status_code] == [422, 422]
    assert post("sms", channel="sms", reason="x").json["messages"] == 0
    assert len(notify.rows("select from messages where state = 'failed'")) == 3

    first, again = (post("act", reason="邮件服务器已修复") for _ in range(2))
    assert (first.status_code, first.json["messages"], first.data) == (201, 3, again.data)
    assert post("another", reason="x").json["messages"] == 0
    notify.dispatches()
    assert notify.balance().sent == 3 and len(notify.mail.arrived) == 3
    [act] = notify.rows("select code, reason, ordered_by, message_keys from resends")
    assert (act.code, act.reason, sorted(act.message_keys)) == ("smtp-550", "邮件服务器已修复", sorted(keys))
    assert act.ordered_by.startswith("command")


def test_a_terminal_command_resends_all_messages_that_failed_with_one_code(notify):
    three_failed(notify)
    output: list[str] = []
    order = ["--code", "smtp-550", "--district", notify.district]

    assert resending.command(order, notify.engine, show_line=output.append) == 0
    assert output == [f"{notify.district}  {'smtp-550':30} 3", "dry run: nothing was sent"]
    with pytest.raises(SystemExit):
        resending.command([*order, "--reason", "x"], notify.engine, show_line=output.append)
    resending.command([*order, "--reason", "mended", "--by", "on call"], notify.engine, show_line=output.append)
    notify.dispatches()

    assert output[-1].endswith(" 3") and notify.balance().sent == 3
    assert [row.ordered_by for row in notify.rows("select ordered_by from resends")] == ["terminal: on call"]


def test_the_freshness_of_a_district_counts_its_due_messages_over_both_channels(notify, reader):
    assert reader.get("/api/v1/freshness").json["districts"][0]["messages"] == {"number": 0, "seconds": 0}
    unit_id, owners, story = uuid4(), (Owner(), Owner(channels=("sms",)), Owner(channels=("sms",))), notify.story
    known = [item for owner in owners for item in (story.contact(owner), story.key(owner))]
    notify.receive(story.unit(unit_id, *owners), *known, story.signed(unit_id, *owners))
    with notify.as_owner() as connection:
        connection.exec_driver_sql(
            "update messages set hold_until = hold_until - interval '1 hour' where channel = 'mail'"
        )
        connection.exec_driver_sql(
            "update messages set hold_until = hold_until - interval '1 minute' where channel = 'sms'"
        )

    [district] = reader.get("/api/v1/freshness").json["districts"]

    assert (district["district"], district["messages"]) == (notify.district, {"number": 3, "seconds": 3600})


@pytest.mark.logs_error("channel held")
def test_a_held_channel_is_shown_and_probed_at_once_on_request(notify, reader):
    unit_id, owner, story = uuid4(), Owner(channels=("sms",)), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.sms.answer, notify.sms.retry_after = 402, "3600"
    notify.dispatches()

    mail, sms = reader.get("/api/v1/channels").json["channels"]
    assert (mail["held"], mail["code"], sms["held"], sms["code"], sms["waiting"]) == (False, None, True, "sms-402", 1)
    page = reader.get("/messages", Accept="text/html").text
    assert 'data-held="sms"' in page and "余额" in page and 'data-held="mail"' not in page

    notify.sms.answer = 202
    assert reader.post("/api/v1/channels/mail/probes", {}, key="a").json["code"] == "channel-not-held"
    assert reader.post("/api/v1/channels/fax/probes", {}, key="b").status_code == 404
    assert reader.post("/api/v1/channels/sms/probes", {}, "desk", key="c").status_code == 403
    assert reader.post("/api/v1/channels/sms/probes", {}, key="d").status_code == 201
    with database.begin(notify.engine, district=notify.district) as tx:
        tx.connection.exec_driver_sql("update messages set next_try_at = now() where next_try_at is not null")
    notify.dispatches()

    assert notify.states() == [("sent", "sms", None)]
    assert [channel["held"] for channel in reader.get("/api/v1/channels").json["channels"]] == [False, False]


def test_without_a_script_the_page_confirms_acts_on_its_message_and_shows_the_result(notify, reader):
    shown, *others = three_failed(notify)

    question = reader.get(f"/messages?state=failed&m={shown}&ask=retry", Accept="text/html").text
    assert 'action="/messages/acts"' in question and f'name="m" value="{shown}"' in question
    form = {"m": shown, "act": "retry", "state": "failed"}
    answer = reader.form("/messages/acts", form)
    assert answer.status_code == 303 and f"m={shown}" in answer.location and "state=failed" in answer.location
    after = reader.get(answer.location, Accept="text/html").text
    assert "已交办再发一次" in after and 'data-state="waiting"' in after

    assert "did=too-late" in reader.form("/messages/acts", form).location
    assert reader.form("/messages/acts", {**form, "m": others[0]}, role="desk").status_code == 403
    for nobody in ("nobody", "x\0y", "", "\ufffd", "9" * 5000):
        assert reader.form("/messages/acts", {**form, "m": nobody}).status_code == 404
    assert reader.form("/messages/acts", {**form, "m": others[0], "act": "burn"}).status_code == 404
    notify.dispatches()
    assert notify.balance().sent == 1 and notify.balance().failed == 2


def test_without_a_script_all_messages_of_a_code_are_resent_with_a_reason(notify, reader):
    three_failed(notify)
    group = {"code": "smtp-550", "channel": "mail", "district": notify.district}
    question = reader.get(f"/messages?resend=smtp-550&channel=mail&district={notify.district}", Accept="text/html").text
    assert "再发 3 条" in question

    assert "did=no-reason" in reader.form("/messages/resends", {**group, "reason": " "}).location
    assert reader.form("/messages/resends", {**group, "reason": "x", "district": "999999"}).status_code == 404
    answer = reader.form("/messages/resends", {**group, "reason": "已修复"})
    assert "3" in reader.get(answer.location, Accept="text/html").text.split('id="done"')[1].split("</p>")[0]
    notify.dispatches()
    assert notify.balance().sent == 3


@pytest.mark.parametrize(
    "place", ["did=now", "did=../x", "did=resent&count=٣", "ask=burn", "resend=x", "did=resent", "m=&did=retry"]
)
def test_invalid_query_parameters_still_show_the_page(notify, reader, place):
    failed_message(notify)

    assert reader.get(f"/messages?{place}", Accept="text/html").status_code == 200


def test_the_page_shows_no_lag_where_there_is_none(reader):
    assert "status-lag" not in reader.get("/messages", Accept="text/html").text


@pytest.mark.parametrize(
    ("written", "finds"),
    [
        ("{short}", True), ("{full}", True), ("{wide}", True), ("欧", True), ("7", True), ("{other}", False),
        ("欧阳", False), ("%", False), ("' or 1=1 --", False),
    ],
)  # fmt: skip
def test_a_message_is_found_by_its_place_its_number_and_the_masked_name(notify, reader, written, finds):
    """The full name is sealed, so it finds nothing."""
    key = failed_message(notify)
    [row] = notify.rows("select particulars ->> 'unit' as unit, particulars ->> 'number' as number from messages")
    building, door = re.findall(r"(\d+)栋.*?(\d+)$", row.unit)[0]
    short = f"{building}-{door}"
    places = {"short": short, "full": row.unit, "wide": short.translate(WIDE), "other": f"{building}1-{door}"}
    place = row.number if written == "7" else written.format(**places)

    found = reader.get(f"/api/v1/messages?{urlencode({'place': place})}").json["items"]
    assert [line["message_key"] for line in found] == ([key] if finds else [])
    page = reader.get(f"/messages?{urlencode({'place': place})}", Accept="text/html").text
    assert ('class="list-of"' in page) == finds
