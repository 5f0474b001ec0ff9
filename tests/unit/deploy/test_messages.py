"""Does the mailbox keep what arrives?"""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

from flask.testing import FlaskClient

from deploy.local.mailbox import Arrived, Mailbox
from deploy.local.messages import PAGE_SIZE, MailHandler, create_app

SMS = {"to": "13800000000", "text": "您好", "message_key": "k1"}


def test_an_sms_gets_the_same_receipt_each_time(tmp_path: Path):
    client = create_app(Mailbox(tmp_path)).test_client()

    first, second = client.post("/sms", json=SMS), client.post("/sms", json=SMS)

    assert first.status_code == second.status_code == 202
    assert first.json == second.json


def test_an_sms_without_its_key_is_refused(tmp_path: Path):
    assert create_app(Mailbox(tmp_path)).test_client().post("/sms", json=SMS | {"message_key": ""}).status_code == 400


def test_a_mail_is_shown_with_its_key_newest_first_and_after_a_restart(tmp_path: Path):
    mail = EmailMessage()
    mail["Subject"], mail["Message-Key"] = "签约通知", "k2"
    mail.set_content("您的协议已签署。")
    create_app(Mailbox(tmp_path)).test_client().post("/sms", json=SMS)
    handler = MailHandler(Mailbox(tmp_path))
    envelope = SimpleNamespace(content=mail.as_bytes(), rcpt_tos=["owner@example.com"], mail_from="notice@example.com")

    answer = asyncio.run(handler.handle_DATA(None, None, envelope))

    client = create_app(Mailbox(tmp_path)).test_client()
    assert answer.startswith("250 ")
    assert [item["message_key"] for item in client.get("/messages.json").json] == ["k2", "k1"]
    assert "签约通知" in client.get("/").text


def test_all_messages_of_a_launch_are_kept_and_shown_page_by_page(tmp_path: Path):
    """A launch of 1,708 units sends some four thousand."""
    count = 4_000
    filled(tmp_path, count)

    client = create_app(Mailbox(tmp_path)).test_client()

    assert keys(client, "") == [f"key-{number}" for number in reversed(range(count))]
    assert keys(client, "?skip=3990&limit=100") == [f"key-{number}" for number in reversed(range(10))]
    first, last = client.get("/").text, client.get(f"/?page={count // PAGE_SIZE}").text
    assert first.count("<article>") == last.count("<article>") == PAGE_SIZE
    assert 'rel="next" href="?page=2"' in first and 'rel="prev"' not in first
    assert "Message-Key key-0<" in last and 'rel="next"' not in last
    assert client.get(f"/?page={count}").text.count("<article>") == 0


def test_a_message_is_found_by_its_words_in_any_case(tmp_path: Path):
    filled(tmp_path, 120)
    client = create_app(Mailbox(tmp_path)).test_client()
    client.post("/sms", json=SMS | {"text": '编号 "A-17"\n<b>Ende\u2028</b>', "message_key": "wanted"})

    assert keys(client, "?q=ENDE 138") == keys(client, '?q="a-17"') == ["wanted"]
    assert keys(client, "?q=key-11") == [f"key-{number}" for number in (*range(119, 109, -1), 11)]
    assert keys(client, "?q=nobody") == []
    assert client.get("/?q=ende").text.count("<article>") == 1
    assert "&lt;b&gt;" in client.get("/?q=ende").text
    assert 'href="?q=key&amp;page=2"' in client.get("/?q=key").text


def test_a_half_written_line_spoils_no_message(tmp_path: Path):
    filled(tmp_path, 2)
    with (tmp_path / "messages.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"channel": "sms", "to": ["138')

    client = create_app(Mailbox(tmp_path)).test_client()
    client.post("/sms", json=SMS | {"message_key": "after"})

    assert keys(client, "") == ["after", "key-1", "key-0"]
    assert keys(create_app(Mailbox(tmp_path)).test_client(), "") == ["after", "key-1", "key-0"]


def filled(directory: Path, count: int) -> None:
    mailbox = Mailbox(directory)
    for number in range(count):
        mailbox.put(
            Arrived("sms", [SMS["to"]], "", "", SMS["text"], f"key-{number}", f"receipt-{number}", "2026-11-28")
        )


def keys(client: FlaskClient, query: str) -> list[str]:
    return [message["message_key"] for message in client.get(f"/messages.json{query}").json]
