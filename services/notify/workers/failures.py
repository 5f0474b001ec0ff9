"""Counts the messages that failed for good, by channel and code. What a person finds out about one is not counted.

Every known code exists from the start, at 0, so that the first failure is an increase. Another one counts as `other`.
"""

from typing import Final

from services.notify.domain.message import Message
from services.notify.domain.wording import Channel
from shared.events.notify import MessageFailed
from shared.telemetry import metrics

_OTHER: Final = "other"
_OURS: Final = ("person-forgotten", "no-address", "contact-unreadable", "not-writable", "sender-too-late", _OTHER)
_SMTP: Final = (421, 432, 450, 451, 452, 454, 455, *range(500, 505), 521, 530, 534, 535, 538, *range(550, 560))
_HTTP: Final = (400, 401, 402, 403, 404, 405, 409, 413, 414, 422, 429, 451, *range(500, 505))
CODES: Final[dict[Channel, frozenset[str]]] = {
    "mail": frozenset(
        (
            *_OURS,
            "mail-not-writable",
            "mail-address-not-possible",
            "mail-server-lost-before-end",
            "mail-server-unreachable",
            "mail-server-tls",
            "mail-server-no-login",
            "smtp-unreadable",
            *(f"smtp-{code}" for code in _SMTP),
        )
    ),
    "sms": frozenset(
        (
            *_OURS,
            "sms-not-writable",
            "sms-never-arrived",
            "sms-gateway-unreachable",
            "sms-not-a-gateway",
            *(f"sms-{code}" for code in _HTTP),
        )
    ),
}


def show() -> None:
    """Every series, at 0."""
    for channel, codes in CODES.items():
        for code in codes:
            metrics.MESSAGES_FAILED.labels(channel, code)


def count(message: Message) -> None:
    """Call it when the outcome is committed."""
    for event in message.recorded:
        if isinstance(event, MessageFailed):
            code = event.code if event.code in CODES[message.channel] else _OTHER
            metrics.MESSAGES_FAILED.labels(message.channel, code).inc()
