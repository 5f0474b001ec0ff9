"""Is every definite outcome correct? Real sockets, and each way in which the gateway can fail."""

import email
from email import policy

import pytest

from services.notify.domain.outcome import Accepted, NotAccepted, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways.sms import Sms
from services.notify.gateways.smtp import Mail
from tests.integration.notify.receivers import MailServer, TextGateway
from tests.support.ports import refusing_port

TEXT = Text("【澄水湾片区】协议已签", "范**您好：\n\n顺序号：产权调换1424\n")


def mail(port):
    return Mail("127.0.0.1", port, sender="notice@clearwater.example", timeout_seconds=2)


def test_a_mail_arrives_as_it_was_written():
    with MailServer() as server:
        outcome = mail(server.port).send("owner@example.org", TEXT, message_key="k-1")
    [(to, raw)] = server.arrived
    arrived = email.message_from_string(raw, policy=policy.default)

    assert outcome == Accepted("4F2A")
    assert (to, arrived["Subject"], arrived["Message-Key"]) == ("owner@example.org", TEXT.title, "k-1")
    assert arrived.get_content().replace("\r\n", "\n") == TEXT.body


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 try later", NotAccepted("smtp-451", permanent=False)),
        ("554 no", NotAccepted("smtp-554", permanent=True)),
        ("silence", Unclear("mail-server-silent-after-data")),
    ],
)
def test_the_reply_to_the_whole_mail_decides_its_outcome(answer, outcome):
    with MailServer() as server:
        server.answers = [answer]
        assert mail(server.port).send("owner@example.org", TEXT, message_key="k-1") == outcome


def test_a_recipient_is_refused_before_anything_was_handed_over():
    with MailServer() as server:
        server.recipients_refused = "550 no such mailbox"
        outcome = mail(server.port).send("gone@example.org", TEXT, message_key="k-1")

    assert (outcome, server.arrived) == (NotAccepted("smtp-550", permanent=True), [])


def test_no_mail_server_means_certainly_not_taken():
    with refusing_port() as port:
        outcome = mail(port).send("owner@example.org", TEXT, message_key="k-1")

    assert outcome == Unwell("mail-server-unreachable")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Accepted("r-k-1")),
        (400, NotAccepted("sms-400", permanent=True)),
        (422, NotAccepted("sms-422", permanent=True)),
        *((status, Unwell(f"sms-{status}")) for status in (301, 401, 402, 403, 404, 405, 407, 408, 410, 429, 503)),
        *((status, Unwell(f"sms-{status}", perhaps_taken=True)) for status in (500, 502, 504)),
        (0, Unclear("sms-gateway-silent")),
    ],
)
def test_the_status_of_a_text_gateway_decides_the_outcome(status, outcome):
    with TextGateway() as gateway:
        gateway.answer = status
        assert Sms(gateway.url).send("+8613800000000", TEXT, message_key="k-1") == outcome


def test_only_a_text_gateway_with_a_status_query_resolves_a_message():
    with TextGateway() as gateway:
        sms = Sms(gateway.url)
        sms.send("+8613800000000", TEXT, message_key="k-1")

        assert sms.ask("k-1") == Accepted("r-k-1")
        assert sms.ask("k-2") == NotAccepted("sms-never-arrived", permanent=False)
        gateway.can_tell = False
        assert sms.ask("k-2") is None
    with refusing_port() as port:
        assert Sms(f"http://127.0.0.1:{port}/sms").ask("k-1") is None


@pytest.mark.parametrize("character", ["\ud800"])  # a line break is folded: test_lying_servers.py
def test_a_subject_that_cannot_be_written_fails_before_anything_is_sent(character):
    nowhere = Mail("127.0.0.1", 1, sender="notice@clearwater.example")

    outcome = nowhere.send("owner@owners.invalid", Text(f"【清溪{character}片区】协议已签", "正文"), message_key="k")

    assert outcome == NotAccepted("mail-not-writable", permanent=True)
