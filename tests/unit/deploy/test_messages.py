"""Does the mailbox keep what arrives?"""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

from deploy.local.messages import KEPT, Mailbox, MailHandler, create_app

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
    assert [each["message_key"] for each in client.get("/messages.json").json] == ["k2", "k1"]
    assert "签约通知" in client.get("/").text


def test_only_the_newest_are_kept(tmp_path: Path):
    client = create_app(Mailbox(tmp_path)).test_client()
    for number in range(KEPT + 1):
        client.post("/sms", json=SMS | {"message_key": str(number)})

    kept = client.get("/messages.json").json
    assert len(kept) == KEPT
    assert kept[0]["message_key"] == str(KEPT)
