"""Every act of a member of staff on a message is kept with who did it and when, and the page and the API of the message show it."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.service import database
from tests.integration.notify.test_http import failed_message, reader  # noqa: F401 - a fixture
from tests.support.owners import Owner


def unknown_message(notify) -> str:
    unit_id, owner, story = uuid4(), Owner(), notify.story
    notify.mail.answers = ["silence"]
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    notify.dispatches()
    [row] = notify.rows("select message_key from messages where state = 'unknown'")
    return str(row.message_key)


def trace(reader, key: str) -> list[tuple[Any, ...]]:  # noqa: F811 - the fixture
    acts = reader.get(f"/api/v1/messages/{key}").json["acts"]
    return [(act["kind"], act["reason"], act["done_by"]) for act in acts]


def shown(reader, key: str) -> str:  # noqa: F811 - the fixture
    page: str = reader.get(f"/messages?m={key}", Accept="text/html").text
    return page.split('id="done-by-head"')[1].split("</ol>", maxsplit=1)[0] if "done-by-head" in page else ""


def test_a_message_shows_who_ordered_one_more_try_and_who_resent_its_group(notify, reader):  # noqa: F811
    key, command = failed_message(notify), f"command-{notify.district}"
    assert (trace(reader, key), shown(reader, key)) == ([], "")

    body = {"code": "smtp-550", "reason": "邮箱已恢复", "dry_run": False}
    assert reader.post("/api/v1/resends", body, key="all").status_code == 201
    notify.dispatches()
    reader.post(f"/api/v1/messages/{key}/retries", {}, key="one")

    assert trace(reader, key) == [("resend", "邮箱已恢复", command), ("retry", None, command)]
    assert shown(reader, key).count(command) == 2 and "邮箱已恢复" in shown(reader, key)


@pytest.mark.parametrize(("outcome", "words"), [("arrived", "问过：已收到"), ("not_arrived", "问过：没有收到")])
@pytest.mark.parametrize("by_form", [False, True])
def test_a_message_shows_who_found_out_whether_it_arrived(notify, reader, outcome, words, by_form):  # noqa: F811
    key, command = unknown_message(notify), f"command-{notify.district}"

    if by_form:
        assert reader.form("/messages/acts", {"m": key, "act": outcome}).status_code == 303
    else:
        assert reader.post(f"/api/v1/messages/{key}/outcomes", {"outcome": outcome}, key="x").status_code == 201

    assert trace(reader, key) == [(outcome, None, command)]
    assert words in shown(reader, key) and command in shown(reader, key)


def test_an_act_that_is_refused_leaves_no_trace(notify, reader):  # noqa: F811
    key = failed_message(notify)

    assert reader.post(f"/api/v1/messages/{key}/outcomes", {"outcome": "arrived"}, key="x").status_code == 409

    assert trace(reader, key) == []


def test_a_kept_act_is_never_changed_by_the_service(notify, reader):  # noqa: F811
    reader.post(f"/api/v1/messages/{failed_message(notify)}/retries", {}, key="x")

    for statement in ("update acts set done_by = 'nobody'", "delete from acts"):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            database.begin(notify.engine, district=notify.district) as tx,
        ):
            tx.connection.execute(text(statement))
