"""The text of a message: templates by name, version and language.

Invariant: a version that was sent never changes (tests/unit/notify/test_wording.py checks the digests); a better
sentence is a new version. A text holds a masked name, never an address or an identity number, so staff may see it and it can be
rendered again years later from the stored values. Left to others: who gets which (rules.py), and when
(hours.py).
Held by tests/unit/notify/test_wording.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from shared.events.day import SHANGHAI
from shared.events.terms import Language

Channel = Literal["mail", "sms"]

LANGUAGES: tuple[Language, ...] = ("zh-Hans", "zh-Hant", "en")


@dataclass(frozen=True)
class Wording:
    """`title` heads a list and is a mail's subject; `short` is the text message; `body` the mail."""

    title: str
    short: str
    body: str


@dataclass(frozen=True)
class Template:
    name: str
    version: int
    approved_on: date
    wordings: Mapping[Language, Wording]

    @property
    def label(self) -> str:
        return f"{self.name} v{self.version}"


@dataclass(frozen=True)
class Particulars:
    """What a text may mention. `number` is None where the fact has none."""

    project: str
    unit: str
    name: str
    number: int | None
    at: datetime

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Particulars":
        """From the form in which a message stores them."""
        return cls(
            stored["project"], stored["unit"], stored["name"], stored["number"], datetime.fromisoformat(stored["at"])
        )

    def stored(self) -> dict[str, Any]:
        return {**vars(self), "at": self.at.isoformat()}


@dataclass(frozen=True)
class Text:
    title: str
    body: str


def render(template: Template, *, language: Language, channel: Channel, particulars: Particulars) -> Text:
    wording = template.wordings[language]
    values = {
        "project": particulars.project,
        "unit": particulars.unit,
        "name": particulars.name,
        "number": "" if particulars.number is None else str(particulars.number),  # without thousands separator
        "at": instant(particulars.at, language),
    }
    body = wording.short if channel == "sms" else wording.body
    return Text(wording.title.format(**values), body.format(**values))


def instant(at: datetime, language: Language) -> str:
    """To the minute, always in the time zone of the project."""
    local = at.astimezone(SHANGHAI)
    if language == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M} (Beijing time)"
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
