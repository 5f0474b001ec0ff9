"""A real Alertmanager with one of our configurations, a mail server and a WeCom of the test's own, and questions to it."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import yaml
from aiosmtpd.controller import Controller

from deploy.local.mailbox import Arrived, Mailbox
from deploy.local.messages import MailHandler
from tests.support.eventually import eventually
from tests.support.ports import free_port

# Debian's does not start without its templates: a package that was only unpacked has them elsewhere.
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")
PROGRAM = shutil.which("alertmanager") or (shutil.which("prometheus-alertmanager") if _TEMPLATES.exists() else None)
Labels = dict[str, str]


class WeCom(ThreadingHTTPServer):
    """As WeCom answers: a token for a corporation and its secret, then messages with that token. It waits for a heartbeat too."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.tokens: list[dict[str, list[str]]] = []
        self.messages: list[dict[str, Any]] = []
        self.heartbeats: list[str] = []  # the names of the alerts in each

    @property
    def heartbeat_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/heartbeat"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/cgi-bin/"


class _Asked(BaseHTTPRequestHandler):
    server: WeCom

    def do_GET(self) -> None:
        self.server.tokens.append(parse_qs(urlsplit(self.path).query))
        self._answer({"errcode": 0, "errmsg": "ok", "access_token": "a-token", "expires_in": 7200})

    def do_POST(self) -> None:
        given = parse_qs(urlsplit(self.path).query).get("access_token")
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/heartbeat":
            self.server.heartbeats += [alert["labels"]["alertname"] for alert in message["alerts"]]
            self._answer({})
            return
        if given != ["a-token"] or not urlsplit(self.path).path.endswith("/message/send"):
            self._answer({"errcode": 40014, "errmsg": "invalid access_token"})
            return
        self.server.messages.append(message)
        self._answer({"errcode": 0, "errmsg": "ok"})

    def _answer(self, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Alertmanager:
    address: str
    mailbox: Mailbox
    wecom: WeCom
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def post(self, alerts: Sequence[Labels], *, over: bool = False) -> None:
        """As Prometheus does. `over`: they have ended."""
        now = datetime.now(UTC)
        ends = now if over else now + timedelta(minutes=5)
        body = [
            {
                "labels": labels,
                "annotations": {"summary": f"summary of {labels['alertname']}"},
                "startsAt": (self._began - timedelta(minutes=1)).isoformat(),
                "endsAt": ends.isoformat(),
            }
            for labels in alerts
        ]
        answer = httpx.post(f"{self.address}/api/v2/alerts", json=body, timeout=20, trust_env=False)
        assert answer.status_code == 200, answer.text

    def muted(self, how: str) -> list[Labels]:
        """Labels of the alerts that are `inhibitedBy` another one or `silencedBy` a silence."""
        answer = httpx.get(f"{self.address}/api/v2/alerts", timeout=20, trust_env=False)
        return [alert["labels"] for alert in answer.json() if alert["status"][how]]

    def mails(self, to: str) -> list[Arrived]:
        return [mail for mail in self.mailbox.find("").messages if to in mail.to]


@contextmanager
def started(configuration: str, folder: Path) -> Iterator[Alertmanager]:
    """`configuration` is ours; only the addresses of others and the times to wait are the test's."""
    assert PROGRAM
    mailbox, wecom, smtp_port, port = Mailbox(folder / "messages"), WeCom(), free_port(), free_port()
    file = folder / "alertmanager.yml"
    file.write_text(_addressed(configuration, smtp=f"127.0.0.1:{smtp_port}", chats=wecom), encoding="utf-8")
    command = [
        PROGRAM, f"--config.file={file}", f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with ExitStack() as opened:
        smtp = Controller(MailHandler(mailbox), hostname="127.0.0.1", port=smtp_port)
        smtp.start()
        opened.callback(smtp.stop)
        opened.callback(wecom.server_close)
        threading.Thread(target=wecom.serve_forever, daemon=True).start()
        opened.callback(wecom.shutdown)
        log = opened.enter_context((folder / "alertmanager.log").open("w"))
        process = subprocess.Popen(command, stdout=log, stderr=log)
        opened.callback(process.wait, 20)
        opened.callback(process.terminate)
        eventually(lambda: _answers(f"http://127.0.0.1:{port}"))
        yield Alertmanager(f"http://127.0.0.1:{port}", mailbox, wecom)


def _addressed(configuration: str, *, smtp: str, chats: WeCom) -> str:
    whole = yaml.safe_load(configuration)
    for receiver in whole["receivers"]:
        for mail in receiver.get("email_configs", ()):
            mail |= {"smarthost": smtp, "require_tls": False}
        for chat in receiver.get("wechat_configs", ()):
            chat["api_url"] = chats.url
        for hook in receiver.get("webhook_configs", ()):
            hook["url"] = chats.heartbeat_url
    for route in (whole["route"], *whole["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
        if route["receiver"] == "heartbeat":
            route["repeat_interval"] = "1s"
    return yaml.safe_dump(whole, sort_keys=False)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/-/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
