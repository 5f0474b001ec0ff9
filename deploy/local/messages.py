"""The mailbox: where the local platform's mails and SMS arrive instead of at a person.

    python -m deploy.local.messages      BIND, PORT (page, JSON, SMS gateway), SMTP_PORT, KEPT_IN

Stays true: mails come by real SMTP and SMS by a real POST, as they would leave the house; the newest 500 are kept, over restarts too.
Left to others: sending (services/notify/gateways). The same SMS key gets the same receipt, as a gateway's customer expects.
"""

import email
import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aiosmtpd.controller import Controller
from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.serving import make_server

KEPT = 500
_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>收件箱 · {{ messages|length }}</title>
<style>
  body { margin: 0 auto; max-width: 46rem; padding: 1rem; color-scheme: light dark;
         font: 1rem/1.6 "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif }
  article { border-top: 1px solid; padding: .75rem 0 } h2 { font-size: 1rem; margin: 0 }
  small { opacity: .75; overflow-wrap: anywhere } pre { font: inherit; white-space: pre-wrap; margin: .5rem 0 }
</style>
<h1>收件箱</h1><p>本地平台发出的邮件与短信，最新在前，保留 {{ kept }} 条。<a href="messages.json">JSON</a></p>
{% for each in messages %}
<article>
<h2>{{ "短信" if each.channel == "sms" else "邮件" }} → {{ each.to|join(", ") }}{% if each.subject %} · {{ each.subject }}{% endif %}</h2>
<small>{{ each.arrived_at }} · Message-Key {{ each.message_key or "—" }}</small><pre>{{ each.text }}</pre></article>
{% else %}<p>还没有任何消息。</p>{% endfor %}
"""


@dataclass(frozen=True)
class Arrived:
    channel: str  # "mail" or "sms"
    to: list[str]
    sender: str
    subject: str
    text: str
    message_key: str
    receipt_id: str
    arrived_at: str


class Mailbox:
    """What arrived, oldest first, in memory and as one line each in a file. Safe for several threads."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file, self._lock = directory / "messages.jsonl", threading.Lock()
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        self._messages = [Arrived(**json.loads(line)) for line in lines if line.endswith("}")][-KEPT:]
        self._rewrite()

    def put(self, message: Arrived) -> None:
        with self._lock:
            self._messages.append(message)
            if len(self._messages) > 2 * KEPT:
                self._messages = self._messages[-KEPT:]
                self._rewrite()
                return
            with self._file.open("a", encoding="utf-8") as file:
                file.write(_line(message))

    def newest_first(self) -> list[Arrived]:
        with self._lock:
            return self._messages[-KEPT:][::-1]

    def _rewrite(self) -> None:
        # A half line, left by a kill, would spoil the next one: so each start writes the file anew.
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text("".join(map(_line, self._messages)), encoding="utf-8")
        unfinished.replace(self._file)


class MailHandler:
    """For aiosmtpd: accepts every mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802, ANN401 - aiosmtpd's name, and its untyped envelope
        mail = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        body = mail.get_body(("plain", "html"))
        key = str(mail.get("Message-Key", ""))
        arrived = Arrived(
            channel="mail",
            to=list(envelope.rcpt_tos),
            sender=str(envelope.mail_from or ""),
            subject=str(mail.get("Subject", "")),
            text=str(body.get_content()) if body else "",
            message_key=key,
            receipt_id=_receipt(f"mail:{key or mail.get('Message-ID', '')}"),
            arrived_at=_now(),
        )
        self._mailbox.put(arrived)
        return f"250 OK {arrived.receipt_id}"


def create_app(mailbox: Mailbox) -> Flask:
    app = Flask("messages")

    @app.post("/sms")
    def sms() -> tuple[Response, int]:
        told: Mapping[str, Any] = request.get_json()
        missing = [
            name for name in ("to", "text", "message_key") if not isinstance(told.get(name), str) or not told[name]
        ]
        if missing:
            return jsonify(error=f"missing: {', '.join(missing)}"), 400
        receipt = _receipt(f"sms:{told['message_key']}")
        mailbox.put(Arrived("sms", [told["to"]], "", "", told["text"], told["message_key"], receipt, _now()))
        return jsonify(receipt_id=receipt), 202

    @app.get("/messages.json")
    def as_json() -> Response:
        return jsonify([asdict(each) for each in mailbox.newest_first()])

    @app.get("/ready")
    def ready() -> Response:
        return jsonify(status="ready")

    @app.get("/")
    def page() -> str:
        return render_template_string(_PAGE, messages=mailbox.newest_first(), kept=KEPT)

    return app


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the page asks every few seconds
    bind, mailbox = os.environ.get("BIND", "127.0.0.1"), Mailbox(Path(os.environ["KEPT_IN"]))
    smtp = Controller(MailHandler(mailbox), hostname=bind, port=int(os.environ["SMTP_PORT"]))
    smtp.start()
    try:
        make_server(bind, int(os.environ["PORT"]), create_app(mailbox), threaded=True).serve_forever()
    finally:
        smtp.stop()


def _line(message: Arrived) -> str:
    return json.dumps(asdict(message), ensure_ascii=False) + "\n"


def _receipt(of: str) -> str:
    return str(uuid5(NAMESPACE_URL, of))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


if __name__ == "__main__":
    main()
