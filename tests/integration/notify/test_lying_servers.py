"""Mail servers hang up, refuse, ask for a login or answer nonsense at any step: is every definite outcome correct?"""

import email
import socketserver
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email import policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notify.domain.outcome import Accepted, NotAccepted, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways.sms import Sms
from services.notify.gateways.smtp import Mail
from tests.integration.notify.liar import HANG_UP, Liar
from tests.integration.notify.receivers import TextGateway
from tests.support.eventually import eventually
from tests.support.ports import free_port

TEXT = Text("【澄水湾片区】协议已签", "范**您好：\n\n.顺序号：产权调换1424\n..\n")
LOST = NotAccepted("mail-server-lost-before-end", permanent=False, answered=False)


def mail(port, **more):
    return Mail("127.0.0.1", port, sender="notice@clearwater.example", timeout_seconds=5, **more)


def sent(port, to="owner@example.org", **more):
    return mail(port, **more).send(to, TEXT, message_key="k-1")


@pytest.mark.parametrize("reply", ["250 ok", "251 will forward", "252 cannot vrfy", "250-two\r\n250 lines"])
def test_every_positive_answer_to_a_recipient_is_accepted(reply):
    with Liar({"RCPT": reply}) as server:
        assert sent(server.port) == Accepted("F00D")


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"MAIL": HANG_UP}, LOST),
        ({"RCPT": HANG_UP}, LOST),
        ({"DATA": HANG_UP}, LOST),
        ({"dot": HANG_UP}, Unclear("mail-server-silent-after-data")),
        ({"dot": "what"}, Unclear("mail-server-unreadable-after-data")),
        ({"dot": "354 go on"}, Unclear("mail-server-unreadable-after-data")),
        ({"dot": "251-one\r\n251 queued as \x07\x00B\xff"}, Accepted("B")),
        ({"dot": "250"}, Accepted("250")),
        ({"dot": "451 later"}, NotAccepted("smtp-451", permanent=False)),
        ({"dot": "554 no"}, NotAccepted("smtp-554", permanent=True)),
        ({"dot": "421 closing"}, Unwell("smtp-421")),
        (
            {"DATA": "354 go on\r\n250 OK as F00D"},
            NotAccepted("smtp-250", permanent=False),
        ),  # before the dot: it has nothing yet
        ({"DATA": "354 go on\r\n552 too large"}, NotAccepted("smtp-552", permanent=True)),
        ({"RCPT": "250 ok\r\n250 ok"}, NotAccepted("smtp-250", permanent=False)),
        ({"DATA": "451 later"}, NotAccepted("smtp-451", permanent=False)),
        ({"DATA": "554 no"}, NotAccepted("smtp-554", permanent=True)),
        ({"RCPT": "452 too many"}, NotAccepted("smtp-452", permanent=False)),
        ({"RCPT": "552 too many"}, NotAccepted("smtp-552", permanent=False)),
        ({"RCPT": "550-5.1.1 no\r\n550 5.1.1 such"}, NotAccepted("smtp-550", permanent=True)),
        ({"RCPT": "530 login first"}, Unwell("smtp-530")),
        ({"MAIL": "535 expired"}, Unwell("smtp-535")),
        ({"RCPT": "452 4.3.1 system full"}, Unwell("smtp-452")),
        ({"RCPT": "452 4.2.2 mailbox full"}, NotAccepted("smtp-452", permanent=False)),
        ({"RCPT": "550 5.4.5 daily quota used up"}, Unwell("smtp-550")),
        ({"RCPT": "554 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org"}, Unwell("smtp-554")),
        ({"dot": "550 5.7.26 no DKIM and no SPF passes"}, Unwell("smtp-550")),
        ({"dot": "554 5.7.1 your sender is on our block list"}, Unwell("smtp-554")),
        ({"dot": "550 5.7.1 this mailbox does not take such mail"}, NotAccepted("smtp-550", permanent=True)),
        ({"greeting": "220-x\r\n" * 2_000 + "220 hi"}, Unwell("mail-server-unreachable")),
        ({"EHLO": "250-x\r\n" * 2_000 + "250 ok"}, Unwell("mail-server-unreachable")),
        ({"RCPT": "250-x\r\n" * 2_000 + "250 ok"}, LOST),
        ({"greeting": "554 not here"}, Unwell("smtp-554")),
        ({"greeting": "421 too busy"}, Unwell("smtp-421")),
        ({"greeting": HANG_UP}, Unwell("mail-server-unreachable")),
        ({"EHLO": "550 no", "HELO": "550 no"}, Unwell("smtp-550")),
    ],
)
def test_an_outcome_claims_only_what_is_certain(says, outcome):
    with Liar(says) as server:
        assert sent(server.port) == outcome


def test_a_server_that_hangs_up_in_the_middle_of_the_text_has_not_taken_it():
    with Liar(body_lines=2) as server:
        assert sent(server.port) == LOST


def test_a_text_with_dots_and_line_separators_arrives_as_it_was_written():
    text = Text("【清溪\u2028片区\u2029】\r\nBcc: x", TEXT.body)
    with Liar() as server:
        assert mail(server.port).send("owner@example.org", text, message_key="k-1") == Accepted("F00D")
    arrived = email.message_from_bytes(server.mails[0], policy=policy.default)

    assert arrived["Subject"] == "【清溪 片区 】 Bcc: x" and arrived["Bcc"] is None
    assert arrived.get_content().replace("\r\n", "\n") == TEXT.body


@pytest.mark.parametrize(
    "to", ["no address", "a@b\r\nRCPT TO:<c@d>", "x y@example.org", "a@" + "b" * 300 + ".org", "a\ud800@b.org", "@"]
)
def test_an_address_that_cannot_be_written_fails_its_own_message_only(to):
    with Liar() as server:
        assert sent(server.port, to) == NotAccepted("mail-not-writable", permanent=True)
    assert server.verbs == []


def test_an_international_domain_becomes_ascii_and_an_international_local_part_needs_smtputf8():
    with Liar() as server:
        assert sent(server.port, "o'neil@例子.测试") == Accepted("F00D")
        assert sent(server.port, "用户@例子.测试") == NotAccepted("mail-address-not-possible", permanent=True)
        assert b"xn--fsqu00a.xn--0zwm56d" in server.mails[0]
        server.says["EHLO"] = "250-liar\r\n250-8BITMIME\r\n250 SMTPUTF8"
        assert sent(server.port, "用户@例子.测试") == Accepted("F00D")


def test_a_session_serves_many_mails_and_a_dead_one_is_replaced():
    with Liar() as server:
        kept = mail(server.port, kept=2)
        for _ in range(5):
            assert kept.send("owner@example.org", TEXT, message_key="k") == Accepted("F00D")
        assert server.sessions == 1

        server.says["RSET"] = HANG_UP  # as after its idle time
        assert kept.send("owner@example.org", TEXT, message_key="k") == Accepted("F00D")
        assert (server.sessions, len(server.mails)) == (2, 6)


def test_a_session_that_ends_with_the_next_mail_does_not_hold_the_channel():
    with Liar() as server:
        kept = mail(server.port, kept=2)
        kept.send("owner@example.org", TEXT, message_key="k")
        server.pause = lambda verb: (
            server.says.update({"MAIL": "421 enough"} if verb == "RSET" else {})
            or (server.says.pop("MAIL", None) if verb == "greeting" else None)
        )
        assert kept.send("owner@example.org", TEXT, message_key="k") == Accepted("F00D")


def test_a_refused_recipient_leaves_the_session_usable():
    with Liar({"RCPT": "550 no"}) as server:
        kept = mail(server.port, kept=2)
        assert kept.send("gone@example.org", TEXT, message_key="k").permanent
        server.says.clear()
        assert kept.send("owner@example.org", TEXT, message_key="k") == Accepted("F00D")
        assert server.sessions == 1


def test_a_session_in_which_the_text_was_refused_before_its_end_takes_no_other_mail():
    """The server still waits for the dot: the next command would be text to it, and its answer would not come."""
    with Liar({"DATA": "354 go on\r\n452 not now"}) as server:
        kept = mail(server.port, kept=2)
        assert kept.send("owner@example.org", TEXT, message_key="k") == NotAccepted("smtp-452", permanent=False)
        server.says.clear()
        assert kept.send("owner@example.org", TEXT, message_key="k") == Accepted("F00D")
        assert (server.sessions, server.verbs.count("RSET"), len(server.mails)) == (2, 0, 1)
        assert b"RSET" not in server.mails[0]


def test_a_mail_server_that_answers_too_slowly_is_cut_off():
    with Liar(pause=lambda verb: time.sleep(1.5 if verb == "RCPT" else 0)) as server:
        outcome = mail(server.port, whole_seconds=1).send("owner@example.org", TEXT, message_key="k")
    with Liar(pause=lambda verb: time.sleep(1.5 if verb == "greeting" else 0)) as server:
        greeted_late = mail(server.port, whole_seconds=1).send("owner@example.org", TEXT, message_key="k")

    assert (outcome, greeted_late) == (LOST, Unwell("mail-server-unreachable"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine. A client trusts it when it has it as its authority."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


class Keeper:
    """A real mail server that offers STARTTLS and takes one password."""

    def __init__(self) -> None:
        self.arrived = 0

    async def handle_DATA(self, server, session, envelope):
        self.arrived += 1
        return "250 OK as A1"

    def authenticate(self, server, session, envelope, mechanism, login):
        return AuthResult(success=bool(login.password == b"right"), handled=False)


@pytest.fixture
def secured(certificate):
    context, keeper = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), Keeper()
    context.load_cert_chain(certificate)
    controller = Controller(
        keeper, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True, auth_required=True,
        authenticator=keeper.authenticate,
    )  # fmt: skip
    controller.start()
    yield controller.port, keeper
    controller.stop()


def over_tls(port, certificate, password):
    return Mail(
        "localhost", port, sender="notice@clearwater.example", timeout_seconds=5, security="starttls",
        user="clearwater", password=password, ca_file=str(certificate),
    )  # fmt: skip


def test_a_mail_goes_over_starttls_with_a_login_and_a_wrong_password_is_our_fault(secured, certificate):
    port, keeper = secured

    assert over_tls(port, certificate, "right").send("owner@example.org", TEXT, message_key="k") == Accepted("A1")
    assert over_tls(port, certificate, "expired").send("owner@example.org", TEXT, message_key="k") == Unwell("smtp-535")
    assert sent(port) == Unwell("smtp-530")  # without STARTTLS
    assert keeper.arrived == 1


def test_an_untrusted_certificate_is_our_fault_and_nothing_is_sent_in_clear_text(secured):
    port, keeper = secured
    unknown = Mail("localhost", port, sender="n@clearwater.example", timeout_seconds=5, security="starttls")
    with Liar() as plain:
        offered = Mail("127.0.0.1", plain.port, sender="n@clearwater.example", timeout_seconds=5, security="starttls")
        assert offered.send("owner@example.org", TEXT, message_key="k") == Unwell("mail-server-tls")
        assert "MAIL" not in plain.verbs

    assert unknown.send("owner@example.org", TEXT, message_key="k") == Unwell("mail-server-tls")
    assert keeper.arrived == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "sms-gateway-unreachable"),
        ("http://", "sms-gateway-unreachable"),
        ("http://nowhere.invalid/sms", "sms-gateway-unreachable"),
    ],
)
def test_a_missing_text_gateway_is_our_fault(url, code):
    assert Sms(url).send("+8613800000000", TEXT, message_key="k") == Unwell(code)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("17", 17), ("0", 0), (" 120 ", 120), ("soon", None), ("-5", None), ("9" * 5000, 10**9), ("", None)],
)
def test_the_retry_after_of_a_text_gateway_is_read(given, seconds):
    with TextGateway() as gateway:
        gateway.answer, gateway.retry_after = 429, given
        outcome = Sms(gateway.url).send("+8613800000000", TEXT, message_key="k")

    assert outcome == Unwell("sms-429", retry_after=None if seconds is None else timedelta(seconds=seconds))


def test_a_retry_after_may_be_an_instant():
    with TextGateway() as gateway:
        gateway.answer, gateway.retry_after = (
            503,
            (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        )
        outcome = Sms(gateway.url).send("+8613800000000", TEXT, message_key="k")

    assert timedelta(minutes=58) < outcome.retry_after <= timedelta(hours=1)


@pytest.mark.parametrize("receipt", ["r\x00\ud800\u2028-1", 5, None, ["x"], "r" * 5000])
def test_any_receipt_id_of_a_text_gateway_becomes_a_short_printable_receipt(receipt):
    with TextGateway() as gateway:
        gateway.receipt = receipt
        outcome = Sms(gateway.url).send("+8613800000000", TEXT, message_key="k-1")

    assert isinstance(outcome, Accepted) and 0 < len(outcome.receipt) <= 80 and outcome.receipt.isascii()
    assert outcome.receipt.isprintable()


def test_eight_threads_share_the_sessions_and_mix_nothing_up():
    with Liar() as server:
        kept, outcomes = mail(server.port, kept=4), []
        threads = [
            threading.Thread(
                target=lambda n=n: outcomes.append(kept.send(f"o{n}@example.org", TEXT, message_key=f"k{n}"))
            )
            for n in range(24)
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: len(outcomes) == 24)

    assert outcomes == [Accepted("F00D")] * 24
    assert sorted(email.message_from_bytes(raw)["Message-Key"] for raw in server.mails) == sorted(
        f"k{n}" for n in range(24)
    )


@pytest.fixture
def dripping():
    """A text gateway that sends its answer a byte at a time, for ever."""
    ended = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.05):
                try:
                    self.request.sendall(b"x")
                except OSError:
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/sms"
        ended.set()
        server.shutdown()


def test_a_text_gateway_that_answers_too_slowly_is_cut_off(dripping):
    sms = Sms(dripping, whole_seconds=0.5)

    assert sms.send("+8613800000000", TEXT, message_key="k") == Unclear("sms-gateway-silent")
    assert sms.ask("k") is None
