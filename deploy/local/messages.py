"""The mailbox: where the local platform's mails and SMS arrive instead of at a person.

    python -m deploy.local.messages      BIND, PORT (page, JSON, SMS gateway), SMTP_PORT, KEPT_IN

Invariant: mails come by real SMTP and SMS by a real POST, as they would leave the house; all are kept (mailbox.py), over restarts too.
Left to others: sending (services/notify/gateways). The same SMS key gets the same receipt, as a gateway's customer expects.
"""

import email
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from aiosmtpd.controller import Controller
from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.serving import make_server

from deploy.local.mailbox import Arrived, Mailbox

PAGE_SIZE = 50
_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
{% if not words and number == 1 %}<meta http-equiv="refresh" content="5">{% endif %}<title>收件箱 · {{ page.total }}</title>
<style>
  body { margin: 0 auto; max-width: 46rem; padding: 1rem; color-scheme: light dark;
         font: 1rem/1.6 "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif }
  article { border-top: 1px solid; padding: .75rem 0 } h2 { font-size: 1rem; margin: 0 } input, button { font: inherit }
  small { opacity: .75; overflow-wrap: anywhere } pre { font: inherit; white-space: pre-wrap; margin: .5rem 0 }
</style>
<h1>收件箱</h1><p>本地平台发出的邮件与短信，最新在前，全部保留。<a href="messages.json{{ query({"q": words}) }}">JSON</a></p>
<form role="search"><label>查找 <input type="search" name="q" value="{{ words }}"></label> <button>查找</button></form>
<p>共 {{ page.total }} 条{% if words %}（含“{{ words }}”）{% endif %}</p>
{% for item in page.messages %}
<article>
<h2>{{ "短信" if item.channel == "sms" else "邮件" }} → {{ item.to|join(", ") }}{% if item.subject %} · {{ item.subject }}{% endif %}</h2>
<small>{{ item.arrived_at }} · Message-Key {{ item.message_key or "—" }}</small><pre>{{ item.text }}</pre></article>
{% else %}<p>没有消息。</p>{% endfor %}
<nav aria-label="分页">
{% if number > 1 %}<a rel="prev" href="{{ query({"q": words, "page": number - 1}) }}">较新的</a>{% endif %}
{% if number < pages %}<a rel="next" href="{{ query({"q": words, "page": number + 1}) }}">较早的</a>{% endif %}
第 {{ number }} / {{ pages }} 页</nav>
"""


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
        message: Mapping[str, Any] = request.get_json()
        wanted = ("to", "text", "message_key")
        missing = [name for name in wanted if not isinstance(message.get(name), str) or not message[name]]
        if missing:
            return jsonify(error=f"missing: {', '.join(missing)}"), 400
        key = message["message_key"]
        receipt = _receipt(f"sms:{key}")
        mailbox.put(Arrived("sms", [message["to"]], "", "", message["text"], key, receipt, _now()))
        return jsonify(receipt_id=receipt), 202

    @app.get("/messages.json")
    def as_json() -> Response:
        """All of them, or `limit` after `skip`; `q` finds words."""
        skip, limit = request.args.get("skip", 0, type=int), request.args.get("limit", type=int)
        page = mailbox.find(
            request.args.get("q", ""), skip=max(0, skip), limit=None if limit is None else max(0, limit)
        )
        return jsonify([asdict(message) for message in page.messages])

    @app.get("/ready")
    def ready() -> Response:
        return jsonify(status="ready")

    @app.get("/")
    def page() -> str:
        words, number = request.args.get("q", "").strip(), max(1, request.args.get("page", 1, type=int))
        found = mailbox.find(words, skip=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        pages = max(1, -(-found.total // PAGE_SIZE))
        return render_template_string(_PAGE, page=found, words=words, number=number, pages=pages, query=_query)

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


def _query(values: Mapping[str, str | int]) -> str:
    return "?" + urlencode({name: value for name, value in values.items() if value})


def _receipt(of: str) -> str:
    return str(uuid5(NAMESPACE_URL, of))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


if __name__ == "__main__":
    main()
